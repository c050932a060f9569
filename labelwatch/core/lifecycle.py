"""The life of an alert.

    (none) --late--> PENDING --lasted, or critical--> FIRING <--news-- ACKNOWLEDGED / SNOOZED
                        |                               |  '---ack, snooze--->  |
                        '--------- well again ----------+-----------------------'
                                                        v
                                           RESOLVED, never moves again

News is measured against what people were last told, never against the last poll. Every function is pure: the alert
as it was in, the alert as it is and the reason to tell (or None) out.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.model import Alert, AlertPolicy, AlertState, Diagnosis, Outcome, Reason, Severity, Told

CAUSES_OF_AN_OUTAGE_SETTLE = timedelta(minutes=10)


def reconcile(
    alert: Alert | None, diagnosis: Diagnosis, *, policy: AlertPolicy, now: datetime
) -> tuple[Alert, Reason | None]:
    """The alert after this look at its posting, and why people must hear of it now."""
    alert = _seen(alert, diagnosis, now)
    if alert.state is AlertState.PENDING and _is_ripe(alert, policy, now):
        alert = replace(alert, state=AlertState.FIRING)
    reason = reason_to_tell(alert, policy, now)
    if reason is None:
        return alert, None
    count = alert.told.count + 1 if alert.told else 1
    told = Told(at=now, count=count, severity=diagnosis.severity, cause=diagnosis.cause)
    return replace(alert, state=AlertState.FIRING, snoozed_until=None, told=told), reason


def reason_to_tell(alert: Alert, policy: AlertPolicy, now: datetime) -> Reason | None:
    """Should anybody be told of this open alert now, and why."""
    told, diagnosis = alert.told, alert.diagnosis
    if alert.state in (AlertState.PENDING, AlertState.RESOLVED):
        return None
    if diagnosis.incident is not None and diagnosis.posting_number is not None:
        return None  # the incident is told instead, once for all of them
    if told is None:
        return Reason.FIRST if _may_begin(alert, now) else None
    if diagnosis.severity.rank > told.severity.rank:
        return Reason.ESCALATED
    if not diagnosis.is_late or _sleeps(alert, now):
        return None
    if diagnosis.cause != told.cause and now - alert.cause_since >= _settling(diagnosis, policy):
        return Reason.CAUSE_CHANGED
    woken = alert.state is AlertState.SNOOZED
    due = alert.state is AlertState.FIRING and now - told.at >= policy.repeat_every
    return Reason.REMINDER if woken or due else None


def close(alert: Alert, outcome: Outcome, *, policy: AlertPolicy, now: datetime) -> tuple[Alert, Reason | None]:
    """The trouble is over; people hear of it only if they had heard of the trouble."""
    if alert.state is AlertState.RESOLVED:
        return alert, None
    ended = replace(alert, state=AlertState.RESOLVED, resolved_at=now, outcome=outcome)
    if alert.told is None or not policy.resolved:
        return ended, None
    return replace(ended, told=replace(alert.told, at=now, count=alert.told.count + 1)), Reason.RESOLVED


def acknowledge(alert: Alert, *, by: str, note: str, now: datetime) -> Alert | None:
    """Somebody takes care of it: no reminders until it gets worse. None = there is nothing to acknowledge."""
    if alert.state is AlertState.RESOLVED:
        return None
    return replace(alert, state=AlertState.ACKNOWLEDGED, handled_by=by, note=note, handled_at=now, snoozed_until=None)


def snooze(alert: Alert, *, until: datetime, by: str, note: str, now: datetime) -> Alert | None:
    """Silence until a time, unless it gets worse. None = there is nothing to snooze."""
    if alert.state is AlertState.RESOLVED:
        return None
    return replace(alert, state=AlertState.SNOOZED, handled_by=by, note=note, handled_at=now, snoozed_until=until)


def _seen(alert: Alert | None, diagnosis: Diagnosis, now: datetime) -> Alert:
    if alert is None:
        return Alert(id=None, state=AlertState.PENDING, opened_at=now, diagnosis=diagnosis, cause_since=now)
    cause_since = alert.cause_since if alert.diagnosis.cause == diagnosis.cause else now
    return replace(alert, diagnosis=diagnosis, cause_since=cause_since)


def _may_begin(alert: Alert, now: datetime) -> bool:
    """Whoever took care of it before anybody was told is left in peace until it is critical."""
    quiet = alert.state is AlertState.ACKNOWLEDGED or _sleeps(alert, now)
    return not quiet or alert.diagnosis.severity is Severity.CRITICAL


def _settling(diagnosis: Diagnosis, policy: AlertPolicy) -> timedelta:
    """How long another cause must have lasted to be news; an outage answers now this way and now that."""
    dark = diagnosis.posting_number is None
    return max(policy.pending_for, CAUSES_OF_AN_OUTAGE_SETTLE) if dark else policy.pending_for


def _sleeps(alert: Alert, now: datetime) -> bool:
    until = alert.snoozed_until
    return alert.state is AlertState.SNOOZED and (until is None or now < until)


def _is_ripe(alert: Alert, policy: AlertPolicy, now: datetime) -> bool:
    lasted = max(now - alert.opened_at, timedelta(0))  # a clock that was set back makes no negative ages
    return lasted >= policy.pending_for or alert.diagnosis.severity is Severity.CRITICAL
