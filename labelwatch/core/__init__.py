"""Decides what is late, why, and whether to notify. Standard library only, no I/O, no clock."""
