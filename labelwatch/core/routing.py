"""Who is told of an alert, and when: channels by shop and severity, steps of escalation, quiet times."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from labelwatch.core.alert import CALM, Alert, Diagnosis, Notification, Reason, Severity
from labelwatch.core.deadline import alert_at
from labelwatch.core.policy import AlertPolicy, Destination, Step
from labelwatch.core.quiet_hours import Span, quiet_span

CALM_INTERVALS = 4
"""After so many `calm_interval` it is told alone that an order is over or in somebody's hands."""
UNHURRIED = frozenset({Reason.FIRST, Reason.ESCALATED, Reason.CAUSE_CHANGED, Reason.REMINDER})
WORTH_TELLING_FOR = timedelta(days=2)
"""A telling that could not be delivered for so long is expired: it is history, not news."""


def notifications_for(
    alert: Alert,
    reason: Reason | None,
    destinations: Iterable[Destination],
    *,
    steps: Collection[Step],
    policy: AlertPolicy,
    now: datetime,
    group_wait: timedelta,
) -> tuple[Notification, ...]:
    """One notification per channel that is to hear of this alert; `reason` and `steps` as in Decision.

    A resolution goes to every channel of the shop and of every step: the outbox drops it where nobody was told of
    the trouble. A channel of a step that was just reached waits for nothing else; that an order is over waits longer,
    as nobody has to do anything, but not into the last hour.
    """
    told = alert.told
    assert told is not None, "tellings are counted"
    at_once = {step.channel for step in steps}
    hearing = [(to, why_told(to, alert, reason, steps=steps, policy=policy)) for to in destinations]
    begin = {to.name: now if to.name in at_once else gathered(alert, to, now, group_wait) for to, _ in hearing}
    moments = {to.name: due_at(alert, why, to, begin[to.name]) for to, why in hearing if why is not None}
    return tuple(
        Notification(
            alert=alert,
            telling=told.count,
            reason=why,
            channel=to.name,
            due_at=moments[to.name],
            # From when it may be told: a long weekend must not make it worthless.
            expires_at=moments[to.name] + WORTH_TELLING_FOR,
        )
        for to, why in hearing
        if why is not None
    )


def gathered(alert: Alert, to: Destination, now: datetime, group_wait: timedelta) -> datetime:
    """Until when others may join what is told of this alert."""
    at, diagnosis = now + group_wait, alert.diagnosis
    if alert.resolved_at is None or diagnosis.posting_number is None:
        return at
    return max(at, calm_until(diagnosis, to, now))


def calm_until(diagnosis: Diagnosis, to: Destination, now: datetime) -> datetime:
    """How long a channel may go without hearing that somebody takes care of a posting, or that it is over."""
    if _presses(diagnosis, now):
        return now
    return _before_the_last_hour(diagnosis, now + CALM_INTERVALS * to.calm_interval, now)


def gathers_until(told: Notification, to: Destination, spoke: datetime, now: datetime) -> datetime:
    """Until when a channel that was last told something at `spoke` gathers news like this; `now` = it does not.

    Nothing is gathered into the quiet time: what is told before it is told so that somebody can still act.
    """
    alert, until = alert_at(told.alert, now), spoke + to.calm_interval
    diagnosis, was_escalated = alert.diagnosis, alert.told is not None and alert.told.left is not None
    if _presses(diagnosis, now) or was_escalated or quiet_span(to, until) is not None:
        return now
    if told.reason in CALM:
        until = _before_the_last_hour(diagnosis, until, now)
    elif diagnosis.severity is Severity.NOTICE and told.reason in UNHURRIED:
        until = min(until, diagnosis.warn_from or until)
    else:
        return now
    return max(now, until)


def _presses(diagnosis: Diagnosis, now: datetime) -> bool:
    is_ahead = diagnosis.deadline is None or now < diagnosis.deadline
    return diagnosis.posting_number is None or (diagnosis.severity is Severity.CRITICAL and is_ahead)


def _before_the_last_hour(diagnosis: Diagnosis, at: datetime, now: datetime) -> datetime:
    return at if diagnosis.act_by is None or diagnosis.act_by <= now else min(at, diagnosis.act_by)


def why_told(
    to: Destination, alert: Alert, reason: Reason | None, *, steps: Collection[Step], policy: AlertPolicy
) -> Reason | None:
    """Why this channel hears of the alert now; None = it does not.

    What appears with little time left is first news to everybody. Who was escalated to hears the rest of it too.
    """
    if any(step.channel == to.name for step in steps):
        return reason if reason in (Reason.FIRST, Reason.MISSED) else Reason.ESCALATED
    if reason is None:
        return None
    return reason if wants(to, alert, reason) or _was_stepped_to(to, alert, reason, policy) else None


def wants(destination: Destination, alert: Alert, reason: Reason) -> bool:
    """Does this channel hear of this shop, and of trouble this severe.

    What falls due while the channel is not to be disturbed is told before that begins, when it is not severe yet.
    """
    diagnosis = alert.diagnosis
    if not is_subscribed(destination, diagnosis.shops or (diagnosis.shop,)):
        return False
    if reason is Reason.RESOLVED or diagnosis.severity.rank >= destination.severity.rank:
        return True
    return (
        diagnosis.deadline is not None
        and destination.severity is not Severity.CRITICAL
        and quiet_span(destination, diagnosis.deadline - datetime.resolution) is not None
    )


def is_subscribed(destination: Destination, shops: Iterable[str]) -> bool:
    """Does this channel hear of any of these shops."""
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
    """`at`, or the end of the channel's quiet time that holds then, unless the telling cannot wait so long."""
    span = quiet_span(destination, at)
    return at if span is None or _cannot_wait(alert, reason, span, at) else span.end


def quiet_until(destination: Destination, at: datetime) -> datetime:
    """`at`, or the end of the channel's quiet time that holds then, for what can always wait."""
    span = quiet_span(destination, at)
    return at if span is None else span.end


def _cannot_wait(alert: Alert, reason: Reason, span: Span, at: datetime) -> bool:
    """A shop gone dark, and what falls due before the quiet time ends: once, again when it is critical or a step
    of escalation, and when it was missed. Who was told of it and went to bed is not woken to be reminded.

    What is critical cannot wait either when the quiet time ends too late to act.
    """
    diagnosis, told = alert.diagnosis, alert.told
    critical = diagnosis.severity is Severity.CRITICAL
    if diagnosis.posting_number is None and critical:
        return True
    if alert.resolved_at is not None or diagnosis.deadline is None:
        return False
    if reason is Reason.MISSED:
        return span.start <= diagnosis.deadline
    act_by = diagnosis.act_by if critical and diagnosis.act_by is not None else diagnosis.deadline
    if at > diagnosis.deadline or min(act_by, diagnosis.deadline) > span.end:
        return False
    return critical or told is None or told.count == 1 or told.left is not None
