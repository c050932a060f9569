"""Measures speed and memory against the goals; `python -m tests.bench`, no part of the tests."""
