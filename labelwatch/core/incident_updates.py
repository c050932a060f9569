"""What each channel is notified of an incident: compared with what that channel was last sent about its shops.

An incident grows and shrinks shop by shop, and a channel may see only some of the shops. An incident may be over,
new or urgent for one channel, while nothing has changed for another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Notification, Reason
from labelwatch.core.lifecycle import reconcile, steps_told
from labelwatch.core.policy import AlertPolicy, Destination
from labelwatch.core.routing import notifications_for
from labelwatch.core.subject import is_outage
from labelwatch.core.visibility import narrowed

RECOVERED_FOR = timedelta(minutes=10)
"""Labels come in batches: a shop without a late one for this long has recovered."""


def incident_notifications(
    alert: Alert,
    last: Mapping[str, Notification],
    destinations: Iterable[Destination],
    *,
    telling: int,
    policy: AlertPolicy,
    now: datetime,
    group_wait: timedelta,
) -> tuple[Notification, ...]:
    """The notification number `telling` for each channel to notify of this incident; `last` is what each was sent
    last."""
    if alert.state is AlertState.PENDING:
        return ()
    rows: list[Notification] = []
    for to in destinations:
        own = narrowed(alert, to.shops)
        if own is None:
            continue
        before = last.get(to.name)
        told = before.alert.told if before and before.reason is not Reason.RESOLVED else None
        is_over = alert.resolved_at is not None or _has_recovered(own, now)
        after, reason = _for_one(replace(own, told=told), alert, is_over=is_over, policy=policy, now=now)
        steps = [step for step in steps_told(replace(own, told=told), after, policy) if step.channel == to.name]
        if after.told is not None and (reason is not None or steps):
            after = replace(after, told=replace(after.told, at=now, count=telling))
            rows += notifications_for(after, reason, [to], steps=steps, policy=policy, now=now, group_wait=group_wait)
    return tuple(rows)


def _for_one(
    own: Alert, alert: Alert, *, is_over: bool, policy: AlertPolicy, now: datetime
) -> tuple[Alert, Reason | None]:
    """The alert as one channel sees it after this evaluation, and why to notify the channel."""
    if own.resolved_at is not None:
        is_news = is_over and own.told is not None and policy.resolved
        return own, Reason.RESOLVED if is_news else None
    if own.told is None and alert.told is not None:
        own = replace(own, state=AlertState.FIRING)  # an acknowledgement covers only what that person was told
    return reconcile(own, own.diagnosis, policy=policy, now=now)


def _has_recovered(own: Alert, now: datetime) -> bool:
    if own.resolved_at is None:
        return False
    return is_outage(own.diagnosis.subject) or now - own.resolved_at >= RECOVERED_FOR
