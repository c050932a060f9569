"""The life of an alert.

    (none) --late--> PENDING --lasted, or critical--> FIRING <--news-- ACKNOWLEDGED / SNOOZED
                        |                               |  '---ack, snooze--->  |
                        '--------- no longer late ------+-----------------------'
                                                        v
                                           RESOLVED, final

A change is measured against the last notification, not against the last poll. A missed deadline is notified once,
acknowledged or not. Every function is pure: it takes the previous alert and returns the new one and the reason to
notify (or None).

Escalation depends on the time left and is separate: a reached step notifies its own channel only, so it counts as a
notification but does not change what the others were sent, nor when.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Diagnosis, LastNotified, Outcome, Reason, Severity, Verdict
from labelwatch.core.deadline import Phase, in_time, phase
from labelwatch.core.policy import AlertPolicy, Step
from labelwatch.core.rules.blind import UNREADABLE

LONGER_SNOOZE = timedelta(minutes=5)
"""A silence is news again after it grew by this much."""
CAUSES_OF_AN_OUTAGE_SETTLE = timedelta(minutes=10)
LONGEST_WAIT = timedelta(minutes=30)
"""How long to wait for Ozon where no usual time is known."""


def reconcile(
    alert: Alert | None, diagnosis: Diagnosis, *, policy: AlertPolicy, now: datetime
) -> tuple[Alert, Reason | None]:
    """The alert after this evaluation of its posting, and the reason to notify now; `steps_told` covers escalation
    alone."""
    steps = reached(diagnosis, policy, now)
    alert = _seen(alert, diagnosis, steps, now)
    diagnosis = alert.diagnosis
    if alert.state is AlertState.PENDING and _is_confirmed(alert, policy, now):
        alert = replace(alert, state=AlertState.FIRING)
    reason = reason_to_tell(alert, policy, now)
    before = alert.told
    left = _least(step.left for step in steps if before is None or before.left is None or step.left < before.left)
    if reason is not None:
        left = left or (before.left if before else None)
        count = before.count + 1 if before else 1
        told = LastNotified(
            at=now,
            count=count,
            severity=diagnosis.severity,
            cause=diagnosis.cause,
            left=left,
            verdict=diagnosis.verdict,
            missed=phase(diagnosis, now) is Phase.MISSED,
        )
        return replace(alert, state=AlertState.FIRING, snoozed_until=_ended_snooze(alert, now), told=told), reason
    if before is not None and left is not None and _escalates(alert):
        return replace(alert, snoozed_until=None, told=replace(before, count=before.count + 1, left=left)), None
    return alert, None


def reached(diagnosis: Diagnosis, policy: AlertPolicy, now: datetime) -> tuple[Step, ...]:
    """The escalation steps reached with this much time left."""
    deadline = diagnosis.deadline
    if deadline is None:
        return ()
    return tuple(step for step in policy.escalation if deadline - now <= step.left)


def steps_told(before: Alert | None, after: Alert, policy: AlertPolicy) -> tuple[Step, ...]:
    """The escalation steps whose channels are notified of the alert for the first time now."""
    known = before.told.left if before and before.told else None
    left = after.told.left if after.told else None
    if left is None:
        return ()
    return tuple(step for step in policy.escalation if step.left >= left and (known is None or step.left < known))


def reason_to_tell(alert: Alert, policy: AlertPolicy, now: datetime) -> Reason | None:
    """Whether to notify of this open alert now, and why."""
    told, diagnosis = alert.told, alert.diagnosis
    if alert.state in (AlertState.PENDING, AlertState.RESOLVED):
        return None
    if phase(diagnosis, now) is Phase.MISSED and (told is None or not told.missed):
        return Reason.FIRST if told is None and not _is_explained(diagnosis) else Reason.MISSED
    if _is_explained(diagnosis):
        return None  # the incident is notified instead, once for all of them
    if told is None:
        return Reason.FIRST if _may_notify(alert, now) else None
    if diagnosis.severity.rank > told.severity.rank:
        return Reason.ESCALATED
    if not diagnosis.is_late or _is_snoozed(alert, now):
        return None
    if told.verdict is Verdict.WAIT and diagnosis.verdict is Verdict.ACT and diagnosis.cause == told.cause:
        return Reason.ESCALATED  # people were told to wait, and the wait is over
    settled = now - alert.cause_since >= _settling(diagnosis, told, policy)
    if diagnosis.cause != told.cause and settled and not _has_eased(diagnosis, told):
        return Reason.CAUSE_CHANGED
    woken = alert.state is AlertState.SNOOZED
    due = alert.state is AlertState.FIRING and now - told.at >= policy.repeat_every
    return Reason.REMINDER if woken or due else None


def close(alert: Alert, outcome: Outcome, *, policy: AlertPolicy, now: datetime) -> tuple[Alert, Reason | None]:
    """The trouble is over; people are notified only if they were notified of it."""
    if alert.state is AlertState.RESOLVED:
        return alert, None
    ended = replace(alert, state=AlertState.RESOLVED, resolved_at=now, outcome=outcome)
    if alert.told is None or not policy.resolved:
        return ended, None
    return replace(ended, told=replace(alert.told, at=now, count=alert.told.count + 1)), Reason.RESOLVED


def acknowledge(alert: Alert, *, by: str, note: str, now: datetime) -> Alert | None:
    """Somebody acknowledged it: no reminders until it gets worse. None = there is nothing to acknowledge.

    An empty note keeps the earlier one.
    """
    if alert.state is AlertState.RESOLVED:
        return None
    said = note or alert.note
    return replace(alert, state=AlertState.ACKNOWLEDGED, handled_by=by, note=said, handled_at=now, snoozed_until=None)


def snooze(alert: Alert, *, until: datetime, by: str, note: str, now: datetime) -> Alert | None:
    """No notifications until a time, unless it gets worse. None = there is nothing to snooze."""
    if alert.state is AlertState.RESOLVED:
        return None
    said = note or alert.note
    return replace(alert, state=AlertState.SNOOZED, handled_by=by, note=said, handled_at=now, snoozed_until=until)


def is_handled_otherwise(before: Alert, after: Alert) -> bool:
    """Whether people who know how an alert was handled need an update: by whom, or for how long."""
    if (before.state, before.handled_by) != (after.state, after.handled_by):
        return True
    until, known = after.snoozed_until, before.snoozed_until
    return until is not None and (known is None or until - known >= LONGER_SNOOZE)


def _seen(alert: Alert | None, diagnosis: Diagnosis, steps: tuple[Step, ...], now: datetime) -> Alert:
    if alert is None:
        first = _not_for_ever(diagnosis, now, now)
        return Alert(id=None, state=AlertState.PENDING, opened_at=now, diagnosis=first, cause_since=now)
    cause_since = alert.cause_since if alert.diagnosis.cause == diagnosis.cause else now
    diagnosis = _not_for_ever(diagnosis, cause_since, now)
    told = alert.told
    if told is not None and alert.diagnosis.deadline != diagnosis.deadline:
        told = _told_of_another_deadline(told, diagnosis, steps, now)
    return replace(alert, diagnosis=diagnosis, cause_since=cause_since, told=told)


def _not_for_ever(diagnosis: Diagnosis, cause_since: datetime, now: datetime) -> Diagnosis:
    """The diagnosis with an end of its wait; one that lasts until its posting is critical has none of its own."""
    has_end = diagnosis.wait_until is not None and diagnosis.wait_until != diagnosis.act_by
    if diagnosis.verdict is Verdict.ACT or not diagnosis.is_posting or _is_explained(diagnosis) or has_end:
        return diagnosis
    ends = cause_since + LONGEST_WAIT
    verdict, wait_until = in_time(diagnosis.verdict, ends, diagnosis.act_by, now)
    too_late = min(ends, diagnosis.answer_by or ends)
    return replace(diagnosis, verdict=verdict, wait_until=wait_until, answer_by=too_late)


def _told_of_another_deadline(
    told: LastNotified, diagnosis: Diagnosis, steps: tuple[Step, ...], now: datetime
) -> LastNotified:
    """With a new deadline there may be more time left: then severity, escalation and missing it start over."""
    left = told.left and _least(step.left for step in steps if step.left >= told.left)
    severity = min(told.severity, diagnosis.severity, key=lambda severity: severity.rank)
    return replace(told, left=left, severity=severity, missed=told.missed and phase(diagnosis, now) is Phase.MISSED)


def _least(lefts: Iterable[timedelta]) -> timedelta | None:
    return min(lefts, default=None)


def _escalates(alert: Alert) -> bool:
    """Whether to notify of little time left: not when acknowledged, or when an incident is notified instead."""
    return alert.state is AlertState.FIRING and alert.diagnosis.is_late and not _is_explained(alert.diagnosis)


def _is_explained(diagnosis: Diagnosis) -> bool:
    return diagnosis.explained_by is not None


def _ended_snooze(alert: Alert, now: datetime) -> datetime | None:
    """The snooze that ends with this notification, so that the message can say why the alert is back."""
    return alert.snoozed_until if alert.state is AlertState.SNOOZED and not _is_snoozed(alert, now) else None


def _may_notify(alert: Alert, now: datetime) -> bool:
    """An alert acknowledged before its first notification stays quiet until critical; so does one whose posting moved
    on in time before its first notification."""
    quiet = alert.state is AlertState.ACKNOWLEDGED or _is_snoozed(alert, now)
    is_news = alert.diagnosis.is_late or not alert.diagnosis.is_posting
    return alert.diagnosis.severity is Severity.CRITICAL or (is_news and not quiet)


def _has_eased(diagnosis: Diagnosis, told: LastNotified) -> bool:
    """People were asked to act, and now it only waits: most likely they have acted. They are notified when it is
    over, or when there is something to do again."""
    return diagnosis.is_posting and told.verdict is Verdict.ACT and diagnosis.verdict is Verdict.WAIT


def _settling(diagnosis: Diagnosis, told: LastNotified, policy: AlertPolicy) -> timedelta:
    """How long a new cause must last to be news; during an outage answers alternate."""
    unreadable = not diagnosis.is_posting and told.cause != UNREADABLE
    return max(policy.pending_for, CAUSES_OF_AN_OUTAGE_SETTLE) if unreadable else policy.pending_for


def _is_snoozed(alert: Alert, now: datetime) -> bool:
    until = alert.snoozed_until
    return alert.state is AlertState.SNOOZED and (until is None or now < until)


def _is_confirmed(alert: Alert, policy: AlertPolicy, now: datetime) -> bool:
    lasted = max(now - alert.opened_at, timedelta(0))  # the clock may have been set back
    return lasted >= policy.pending_for or alert.diagnosis.severity is Severity.CRITICAL
