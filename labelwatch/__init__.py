"""Watches Ozon postings and tells people which shipping labels are late, why, what to do and by when."""

__version__ = "0.1.0"
