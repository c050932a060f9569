"""Family `blind`: a shop cannot be read, a channel cannot be told or nothing can be noted, and no order is to be
blamed for it."""

from collections.abc import Mapping

UNREADABLE = "posting_unreadable"
OUT_OF_FILES = "out_of_files"

MEANINGS: Mapping[str, str] = {
    "key_rejected": "Ozon does not accept the Client-Id and Api-Key. Proof: its answer to our last request.",
    "key_expired": "The Api-Key is deactivated or has expired. Proof: Ozon's answer, or the expiry date of the key.",
    "role_missing": "The Api-Key lacks the role for reading postings. Proof: Ozon's answer names the method.",
    "ip_not_allowed": "The Api-Key is bound to other IP addresses. Proof: Ozon's answer to our last request.",
    "account_blocked": "Ozon has blocked the seller account. Proof: its answer says that the client is blocked.",
    "offer_not_signed": "The seller's contract with Ozon is not accepted. Proof: Ozon's answer.",
    "method_retired": "Ozon has switched off a method that this version uses. Proof: a bare 404 or its own words.",
    "rate_limited": "Ozon keeps refusing because of too many requests under this Client-Id. Proof: status 429.",
    "ozon_down": "Ozon cannot be reached or answers with errors. Proof: the error of our last request.",
    "answer_not_understood": "Ozon answers something that is no list of postings. Proof: what it sent.",
    OUT_OF_FILES: "This process may open no more files or connections (ulimit -n). Proof: the system's error.",
    UNREADABLE: "Some postings of a shop make no sense, so they are not watched. Proof: what in which of them.",
    "stale_data": "The shop has not been read for longer than three intervals. Proof: the time of the last reading.",
    "channel_dead": "A channel takes no messages, for good or for 15 minutes. Proof: its service's answer or error.",
    "disk_full": "Nothing can be noted any more: the disk of the database is full. Proof: the database's own words.",
    "database_failing": "The database is damaged, locked for two minutes, or out of reach. Proof: its own words.",
    "falling_behind": "Shops wait for their poll longer than two intervals. Proof: for how long one has been due.",
}
"""Cause id -> its meaning and its evidence. They are found when reading and sending, not by rules."""
