"""The secrets and the buyers of the tests: they go in everywhere, and may come out in no log line and no output."""

import re

from labelwatch.sandbox import CANARIES as BUYERS

SECRETS = (
    # canary-token-4711, canary4711token, canary%2Fpassword, with what some services put before them
    r"(?<![\w.])(?:AA|SECret9|Sign9|secret-)?canary(?=[-%/47])",
    r"sandbox0000\d",  # the ends of the sandbox's keys
    r"AA-invented_for",  # of the tokens of made-up bots
    r"hook-s3cret-token",
    r"soak-4d02-9b3c",
)
OUTSIDE = re.compile("|".join((*SECRETS, *map(re.escape, BUYERS))))


def escaped(text: str) -> str:
    """A secret that is in a text, with a little of what is around it; empty = there is none."""
    found = OUTSIDE.search(text)
    return text[max(found.start() - 100, 0) : found.end() + 20] if found else ""
