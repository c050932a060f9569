"""Who is told of an alert, and when: channels by shop and severity, steps of escalation, quiet times."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from labelwatch.core.calendar import Span, quiet_span
from labelwatch.core.model import Alert, AlertPolicy, Destination, Notification, Reason, Severity, Step

WORTH_TELLING_FOR = timedelta(days=2)
"""A telling that could not be delivered for so long is expired: it is history, not news."""


def tellings(
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
    the trouble. A channel of a step that was just reached waits for nothing else.
    """
    told = alert.told
    assert told is not None, "tellings are counted"
    at_once = {step.channel for step in steps}
    hearing = [(to, why_told(to, alert, reason, steps=steps, policy=policy)) for to in destinations]
    waits = {to.name: timedelta(0) if to.name in at_once else group_wait for to, _ in hearing}
    moments = {to.name: due_at(alert, why, to, now + waits[to.name]) for to, why in hearing if why is not None}
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
    if not hears_of(destination, diagnosis.shops or (diagnosis.shop,)):
        return False
    if reason is Reason.RESOLVED or diagnosis.severity.rank >= destination.severity.rank:
        return True
    return (
        diagnosis.deadline is not None
        and destination.severity is not Severity.CRITICAL
        and quiet_span(destination, diagnosis.deadline - datetime.resolution) is not None
    )


def hears_of(destination: Destination, shops: Iterable[str]) -> bool:
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
