"""The documentation is held to the code: commands, keys, defaults, causes, metrics, faults, limits and links."""
