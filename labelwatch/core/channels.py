"""What concerns our own telling is an alert too: a channel that does not work, a database that takes nothing, and a
hand-over."""

from datetime import datetime

from labelwatch.core.causes import CAUSES
from labelwatch.core.model import Certainty, Diagnosis, Family, Interval, Proof, Severity, Verdict

DEAD = "channel_dead"
HANDOVER = "handover"
FULL, FAILING = "disk_full", "database_failing"
DATABASE = "database"
"""The key of the alert about it, of which there is one at most."""


def channel_dead(name: str, reason: str, *, since: datetime, waiting: int, now: datetime) -> Diagnosis:
    """A channel that has not worked since `since`, for a reason in its service's own words; so many messages wait."""
    return Diagnosis(
        shop="",
        posting_number=None,
        severity=Severity.CRITICAL,
        family=CAUSES[DEAD],
        cause=DEAD,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        incident=f"channel:{name}",
        evidence=(Proof("answer", reason, since),),
        waiting_since=Interval(since, since),
        late=waiting,
        as_of=now,
    )


def database_trouble(said: str, *, is_full: bool, since: datetime, now: datetime) -> Diagnosis:
    """A database that has not been usable since `since`, in the words of its driver; `is_full`: for want of room."""
    cause = FULL if is_full else FAILING
    return Diagnosis(
        shop="",
        posting_number=None,
        severity=Severity.CRITICAL,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        incident=DATABASE,
        evidence=(Proof("answer", said, since),),
        waiting_since=Interval(since, since),
        as_of=now,
    )


def handover_diagnosis(channel: str, *, since: datetime, at: datetime) -> Diagnosis:
    """The list of everything that a channel gets at `at`, after the one at `since`: no trouble and no cause, but
    told through the same outbox."""
    return Diagnosis(
        shop="",
        posting_number=None,
        severity=Severity.NOTICE,
        family=Family.UNKNOWN,
        cause=HANDOVER,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.WAIT,
        incident=f"handover:{channel}",
        waiting_since=Interval(since, at),
        as_of=at,
    )
