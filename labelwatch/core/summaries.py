"""Summaries: lists for one channel, which are no trouble by themselves but sent through the same outbox."""

from datetime import datetime

from labelwatch.core.alert import (
    Alert,
    AlertState,
    Certainty,
    Diagnosis,
    Family,
    LastNotified,
    Outcome,
    Severity,
    Verdict,
)
from labelwatch.core.posting import Interval
from labelwatch.core.subject import Summary


def summary(
    subject: Summary,
    *,
    since: datetime,
    at: datetime,
    severity: Severity = Severity.NOTICE,
) -> Alert:
    """The summary of what happened after `since`, up to `at`: a resolved alert, so that it does not count as open."""
    diagnosis = Diagnosis(
        subject,
        severity=severity,
        family=Family.UNKNOWN,
        cause=str(subject.kind),
        certainty=Certainty.CERTAIN,
        verdict=Verdict.WAIT,
        waiting_since=Interval(since, at),
        as_of=at,
    )
    told = LastNotified(at=at, count=1, severity=severity, cause=diagnosis.cause)
    return Alert(
        None,
        AlertState.RESOLVED,
        at,
        diagnosis,
        cause_since=at,
        told=told,
        resolved_at=at,
        outcome=Outcome.OVER,
    )
