"""What one poll did, as a value."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one poll; `error` None = the shop was read completely."""

    shop: str
    complete: bool
    postings: int = 0
    changed: int = 0
    quarantined: int = 0
    late: int = 0
    told: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str | None = None
    cause: str | None = None
    next_due_in: timedelta | None = None
    """How long after the poll something falls due that the next poll has to see in time: a deadline or an escalation
    step of an open alert, the first check of a label task. None = there is nothing."""
