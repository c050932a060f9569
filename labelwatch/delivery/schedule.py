"""What scheduled messages have in common: when one is due, and what is too late to be read."""

from collections.abc import Sequence
from datetime import datetime, timedelta


def has_begun(last: datetime | None, now: datetime) -> bool:
    """Whether the schedule has a last time to count from. A time far ahead is from a clock that was wrong; a clock
    set back by less repeats nothing."""
    return last is not None and last - now <= timedelta(days=1)


def latest(times: Sequence[datetime], now: datetime, worth_reading_for: timedelta) -> datetime | None:
    """The latest of the times that have passed, if its message is still worth reading; the others are skipped."""
    return times[-1] if times and now - times[-1] <= worth_reading_for else None
