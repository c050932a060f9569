"""Tells people: takes what is due from the outbox, puts it into words, sends it and marks it."""
