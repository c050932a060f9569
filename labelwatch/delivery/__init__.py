"""Delivery of notifications: take what is due from the outbox, render it, send it and record the result."""
