"""The only part with opinions: what is late, why, and whether to tell. Standard library only, no I/O, no clock."""
