"""Alerts about labelwatch itself: a channel that does not work, a database that cannot be written, and a shift
summary."""

from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Certainty, Diagnosis, Family, Proof, Severity, Verdict
from labelwatch.core.posting import Interval
from labelwatch.core.rules import CAUSES

DEAD = "channel_dead"
HANDOVER = "handover"
FULL, FAILING = "disk_full", "database_failing"
DATABASE = "database"
"""The key of its alert; there is at most one."""


def channel_dead(name: str, reason: str, *, since: datetime, waiting: int, now: datetime) -> Diagnosis:
    """A channel that has not worked since `since`, with the reason from its service; `waiting` messages queued."""
    return replace(_trouble(DEAD, f"channel:{name}", reason, since=since, now=now), late=waiting)


def database_trouble(said: str, *, is_full: bool, since: datetime, now: datetime) -> Diagnosis:
    """A database that has not been usable since `since`, with its driver's message; `is_full`: no space left."""
    return _trouble(FULL if is_full else FAILING, DATABASE, said, since=since, now=now)


def _trouble(cause: str, key: str, said: str, *, since: datetime, now: datetime) -> Diagnosis:
    """A part of labelwatch that does not work and that people must fix."""
    return Diagnosis(
        shop="",
        posting_number=None,
        severity=Severity.CRITICAL,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        incident=key,
        evidence=(Proof("answer", said, since),),
        waiting_since=Interval(since, since),
        as_of=now,
    )


def handover_diagnosis(channel: str, *, since: datetime, at: datetime) -> Diagnosis:
    """The list of everything that a channel gets at `at`, after the one at `since`: no problem and no cause, but
    sent through the same outbox."""
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
