"""What the time left to a deadline means: severity, verdict, and whether the deadline has passed."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.core.alert import Alert, Diagnosis, Severity, Verdict
from labelwatch.core.policy import Delays
from labelwatch.core.posting import Deadline, Posting
from labelwatch.core.quiet_hours import last_pick_up

ANSWER_TAKES = 4
"""How many times `critical_before_cutoff` (1 h) it may take until the answers of others have helped: an hour for that
of a carrier or buyer, then three for that of support."""

SOME_MINUTES = timedelta(minutes=15)


class Phase(StrEnum):
    """How near the deadline of a diagnosis is; it decides which steps make sense."""

    NORMAL = "normal"
    URGENT = "urgent"
    """There is only time left to act: it is critical, or whoever has to answer may answer too late."""
    MISSED = "missed"


def deadline_of(posting: Posting, delays: Delays) -> Deadline | None:
    """The earlier of Ozon's cutoff and the last pick-up before it; None when Ozon names no cutoff.

    A pick-up before the order arrived does not count.
    """
    cutoff = posting.last_cutoff
    if cutoff is None:
        return None
    at = cutoff
    if delays.pick_up is not None:
        at = last_pick_up(delays.pick_up, posting.in_process_at, cutoff) or cutoff
    return Deadline(
        at=at,
        cutoff=cutoff,
        warn_from=at - delays.before_cutoff,
        act_by=at - delays.critical_before_cutoff,
        answer_by=at - min(ANSWER_TAKES * delays.critical_before_cutoff, delays.before_cutoff),
    )


def patience(limit: timedelta, since: datetime, deadline: Deadline | None) -> timedelta:
    """How long to wait for what usually takes `limit`: half of it where an answer would otherwise come too late, but
    some minutes in any case."""
    return limit if deadline is None else min(limit, max(deadline.answer_by - since, limit / 2, SOME_MINUTES))


def severity(deadline: Deadline | None, now: datetime) -> Severity:
    """Depends only on the time left, so sorting by severity and by deadline agree."""
    if deadline is None:
        return Severity.NOTICE
    if now >= deadline.act_by:
        return Severity.CRITICAL
    return Severity.WARNING if now >= deadline.warn_from else Severity.NOTICE


def in_time(
    verdict: Verdict, wait_until: datetime | None, act_by: datetime | None, now: datetime
) -> tuple[Verdict, datetime | None]:
    """The verdict at `now` and how long to wait at most: always leaves enough time to act."""
    if verdict is Verdict.ACT:
        return verdict, None
    ends = min((at for at in (wait_until, act_by) if at is not None), default=None)
    if ends is not None and now >= ends:
        return Verdict.ACT, None
    return Verdict.WAIT, ends


def at(diagnosis: Diagnosis, now: datetime) -> Diagnosis:
    """An earlier diagnosis with the severity and verdict of `now`."""
    severity = diagnosis.severity
    if diagnosis.warn_from is not None and now >= diagnosis.warn_from:
        severity = max(severity, Severity.WARNING, key=_rank)
    if diagnosis.act_by is not None and now >= diagnosis.act_by:
        severity = Severity.CRITICAL
    verdict, wait_until = in_time(diagnosis.verdict, diagnosis.wait_until, diagnosis.act_by, now)
    if (severity, verdict) == (diagnosis.severity, diagnosis.verdict):
        return diagnosis
    return replace(diagnosis, severity=severity, verdict=verdict, wait_until=wait_until)


def phase(diagnosis: Diagnosis, now: datetime) -> Phase:
    """Only a posting misses a deadline: the deadline of an incident is the nearest of many."""
    deadline = diagnosis.deadline
    if deadline is None:
        return Phase.NORMAL
    if now >= deadline and diagnosis.is_posting:
        return Phase.MISSED
    if diagnosis.severity is Severity.CRITICAL:
        return Phase.URGENT
    acts_now = at(diagnosis, now).verdict is Verdict.ACT
    is_too_late = diagnosis.answer_by is not None and now >= diagnosis.answer_by
    return Phase.URGENT if acts_now and is_too_late else Phase.NORMAL


def alert_at(alert: Alert, now: datetime) -> Alert:
    """An open alert with its diagnosis as it is at `now`; a resolved one as it ended."""
    return alert if alert.resolved_at is not None else replace(alert, diagnosis=at(alert.diagnosis, now))


def is_nearer(diagnosis: Diagnosis, now: datetime) -> bool:
    """Whether the passing of time alone made a diagnosis more severe or its deadline pass."""
    return at(diagnosis, now).severity is not diagnosis.severity or phase(diagnosis, now) is Phase.MISSED


def _rank(severity: Severity) -> int:
    return severity.rank
