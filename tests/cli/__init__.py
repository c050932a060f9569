"""The commands as their users call them: the console script in a process of its own."""
