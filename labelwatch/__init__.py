"""Watches Ozon postings and tells people which shipping labels are late, why, what to do and by when."""
