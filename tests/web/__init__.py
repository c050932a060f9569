"""Tests of the board, over a real database and, where it matters, a real browser."""
