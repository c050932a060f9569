"""Set-up of labelwatch: first requests to a shop and a channel, and the files that are written.

Nothing here prints or asks; the wizard in cli/ does.
"""
