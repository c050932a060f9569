"""What concerns our own telling travels as an alert too: a channel that does not work, and a hand-over."""

from datetime import datetime

from labelwatch.core.causes import CAUSES
from labelwatch.core.model import Certainty, Diagnosis, Family, Interval, Proof, Severity, Verdict

DEAD = "channel_dead"
HANDOVER = "handover"


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
