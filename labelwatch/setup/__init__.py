"""Setting labelwatch up: what a shop and a channel say when they are met first, and the files that come of it.

Nothing here prints or asks; the wizard in cli/ does.
"""
