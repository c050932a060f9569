"""Plays polls again through the decisions of the core, in memory and on their own times."""
