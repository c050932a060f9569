"""Faults of the matrix that have no better place: injected for real, each test named by its line."""
