"""Faults injected for real, one line of the fault matrix after the other: `pytest -k D3`."""
