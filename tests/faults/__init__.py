"""Faults injected for real, for lines of the matrix that have no test among their relatives."""
