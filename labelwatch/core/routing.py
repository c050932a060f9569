"""Who is notified of an alert, and when: channels by shop and severity, escalation steps, quiet times."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from labelwatch.core.alert import CALM, Alert, Diagnosis, Family, Notification, Reason, Severity, Verdict
from labelwatch.core.deadline import alert_at
from labelwatch.core.policy import AlertPolicy, Destination, Step
from labelwatch.core.quiet_hours import Span, quiet_span

CALM_INTERVALS = 4
"""After this many `calm_interval` a resolution or acknowledgement is sent in a message of its own."""
NOT_URGENT = frozenset({Reason.FIRST, Reason.ESCALATED, Reason.CAUSE_CHANGED, Reason.REMINDER})
WORTH_TELLING_FOR = timedelta(days=2)
"""A notification that could not be delivered for this long expires."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state of an alert, and why to notify about it now (None: only the channels of `steps`, if any)."""

    alert: Alert
    reason: Reason | None
    is_news: bool = True
    """False when only the time of evaluation differs from what is stored."""
    steps: tuple[Step, ...] = ()
    """The escalation steps reached now: their channels are notified even without a reason for all channels."""


def notifications_for(
    decision: Decision,
    destinations: Iterable[Destination],
    *,
    policy: AlertPolicy,
    now: datetime,
    group_wait: timedelta,
) -> tuple[Notification, ...]:
    """One notification per channel to notify of this decision.

    A resolution goes to every channel of the shop and of every step: the outbox drops it where nobody was notified of
    the trouble. A channel of a step that was just reached does not wait; a resolution waits longer, as nobody has to
    act on it, but not into the last hour.
    """
    alert, reason, steps, told = decision.alert, decision.reason, decision.steps, decision.alert.told
    assert told is not None, "notifications are numbered"
    at_once = {step.channel for step in steps}
    hearing = [(to, why_told(to, alert, reason, steps=steps, policy=policy)) for to in destinations]
    begin = {to.name: now if to.name in at_once else gathered(alert, to, now, group_wait) for to, _ in hearing}
    moments = {to.name: due_at(alert, why, to, begin[to.name]) for to, why in hearing if why is not None}
    return tuple(
        Notification(
            alert=alert,
            number=told.count,
            reason=why,
            channel=to.name,
            due_at=moments[to.name],
            # Counted from when it may be sent: a long weekend must not expire it.
            expires_at=moments[to.name] + WORTH_TELLING_FOR,
        )
        for to, why in hearing
        if why is not None
    )


def gathered(alert: Alert, to: Destination, now: datetime, group_wait: timedelta) -> datetime:
    """Until when other notifications may join that of this alert."""
    at, diagnosis = now + group_wait, alert.diagnosis
    if alert.resolved_at is None or not diagnosis.is_posting:
        return at
    return max(at, calm_until(diagnosis, to, now))


def calm_until(diagnosis: Diagnosis, to: Destination, now: datetime) -> datetime:
    """How long a channel may wait for the notification that an alert is acknowledged or resolved."""
    if _is_urgent(diagnosis, now):
        return now
    return _before_the_last_hour(diagnosis, now + CALM_INTERVALS * to.calm_interval, now)


def gathers_until(told: Notification, to: Destination, spoke: datetime, now: datetime) -> datetime:
    """Until when a channel with its last message at `spoke` collects news like this; `now` = it does not.

    Nothing is collected into the quiet time: what is sent before it is sent so that somebody can still act.
    """
    alert = alert_at(told.alert, now)
    diagnosis, was_escalated = alert.diagnosis, alert.told is not None and alert.told.left is not None
    until = spoke + (to.calm_interval / 4 if _needs_somebody(diagnosis, told.reason) else to.calm_interval)
    if _is_urgent(diagnosis, now) or was_escalated or quiet_span(to, until) is not None:
        return now
    if told.reason in CALM:
        until = _before_the_last_hour(diagnosis, until, now)
    elif diagnosis.severity is Severity.NOTICE and told.reason in NOT_URGENT:
        until = min(until, diagnosis.warn_from or until)
    else:
        return now
    return max(now, until)


def _is_urgent(diagnosis: Diagnosis, now: datetime) -> bool:
    is_ahead = diagnosis.deadline is None or now < diagnosis.deadline
    return not diagnosis.is_posting or (diagnosis.severity is Severity.CRITICAL and is_ahead)


def _needs_somebody(diagnosis: Diagnosis, reason: Reason) -> bool:
    """Whether Ozon says outright that it does not go on unless somebody acts: an answer to that may take hours."""
    is_said = diagnosis.family is Family.ANOMALY or diagnosis.cause == "registration_declined"
    return is_said and diagnosis.verdict is Verdict.ACT and reason not in CALM


def _before_the_last_hour(diagnosis: Diagnosis, at: datetime, now: datetime) -> datetime:
    return at if diagnosis.act_by is None or diagnosis.act_by <= now else min(at, diagnosis.act_by)


def why_told(
    to: Destination, alert: Alert, reason: Reason | None, *, steps: Collection[Step], policy: AlertPolicy
) -> Reason | None:
    """Why to notify this channel of the alert now; None = not at all.

    What appears with little time left is a first notification to everybody. Escalation channels get the rest, too.
    """
    if any(step.channel == to.name for step in steps):
        return reason if reason in (Reason.FIRST, Reason.MISSED) else Reason.ESCALATED
    if reason is None:
        return None
    return reason if wants(to, alert, reason) or _was_stepped_to(to, alert, reason, policy) else None


def wants(destination: Destination, alert: Alert, reason: Reason) -> bool:
    """Whether this channel is notified of this shop, and of this severity.

    What falls due in the channel's quiet time is notified before it begins, while it is less severe.
    """
    diagnosis = alert.diagnosis
    if not is_subscribed(destination, diagnosis.shops):
        return False
    if reason is Reason.RESOLVED or diagnosis.severity.rank >= destination.severity.rank:
        return True
    return (
        diagnosis.deadline is not None
        and destination.severity is not Severity.CRITICAL
        and quiet_span(destination, diagnosis.deadline - datetime.resolution) is not None
    )


def is_subscribed(destination: Destination, shops: Iterable[str]) -> bool:
    """Whether this channel is notified of any of these shops."""
    return not destination.shops or not destination.shops.isdisjoint(shops)


def _was_stepped_to(to: Destination, alert: Alert, reason: Reason, policy: AlertPolicy) -> bool:
    left = alert.told.left if alert.told else None
    over = reason is Reason.RESOLVED
    if reason is Reason.MISSED and policy.escalation and policy.escalation[-1].channel == to.name:
        return True
    return any(
        step.channel == to.name and (over or (left is not None and step.left >= left)) for step in policy.escalation
    )


def due_at(alert: Alert, reason: Reason, destination: Destination, at: datetime) -> datetime:
    """`at`, or the end of the channel's quiet time that contains it, unless the notification cannot wait so long."""
    return due_within(quiet_span(destination, at), alert, reason, at)


def due_within(span: Span | None, alert: Alert, reason: Reason, at: datetime) -> datetime:
    """As `due_at`, where the quiet time that contains `at` is known; None = there is none."""
    return at if span is None or _cannot_wait(alert, reason, span, at) else span.end


def quiet_until(destination: Destination, at: datetime) -> datetime:
    """`at`, or the end of the channel's quiet time that contains it, for what can always wait."""
    span = quiet_span(destination, at)
    return at if span is None else span.end


def _cannot_wait(alert: Alert, reason: Reason, span: Span, at: datetime) -> bool:
    """An unreadable shop, and what falls due before quiet time ends: once, again when critical or at an escalation
    step, and when the deadline was missed. Nobody who was notified is woken for a reminder.

    What is critical does not wait either when the quiet time ends too late to act.
    """
    diagnosis, told = alert.diagnosis, alert.told
    critical = diagnosis.severity is Severity.CRITICAL
    if critical and not diagnosis.is_posting:
        return True
    if alert.resolved_at is not None or diagnosis.deadline is None:
        return False
    if reason is Reason.MISSED:
        return span.start <= diagnosis.deadline
    act_by = diagnosis.act_by if critical and diagnosis.act_by is not None else diagnosis.deadline
    if at > diagnosis.deadline or min(act_by, diagnosis.deadline) > span.end:
        return False
    return critical or told is None or told.count == 1 or told.left is not None
