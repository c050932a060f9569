"""Alerts about labelwatch itself: a channel that does not work, a database that cannot be written, late polls."""

from datetime import datetime, timedelta

from labelwatch.core.alert import Certainty, Diagnosis, Proof, Severity, Verdict
from labelwatch.core.posting import Interval
from labelwatch.core.rules import CAUSES
from labelwatch.core.subject import Channel, Database, Polls
from labelwatch.core.text import Text

DEAD = "channel_dead"
FULL, FAILING = "disk_full", "database_failing"
BEHIND = "falling_behind"


def channel_dead(name: str, reason: Text | str, *, since: datetime, waiting: int, now: datetime) -> Diagnosis:
    """A channel that has not worked since `since`, with the reason from its service; `waiting` messages queued."""
    return _trouble(Channel(name, waiting), DEAD, reason, since=since, now=now)


def database_trouble(said: str, *, cause: str = FAILING, since: datetime, now: datetime) -> Diagnosis:
    """A database that has not been usable since `since`, with its driver's message."""
    return _trouble(Database(), cause, said, since=since, now=now)


def falling_behind(lag: timedelta, *, now: datetime) -> Diagnosis:
    """More to read than can be done: the shop that waits longest has been due for `lag`."""
    return _trouble(Polls(lag), BEHIND, f"due for {lag.total_seconds():.0f} s", since=now - lag, now=now)


def _trouble(
    subject: Channel | Database | Polls, cause: str, said: Text | str, *, since: datetime, now: datetime
) -> Diagnosis:
    """A part of labelwatch that does not work and that people must fix."""
    return Diagnosis(
        subject,
        severity=Severity.CRITICAL,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        evidence=(Proof("answer", said, since),),
        waiting_since=Interval(since, since),
        as_of=now,
    )
