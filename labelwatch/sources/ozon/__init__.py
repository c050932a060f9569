"""Ozon as a source of postings."""
