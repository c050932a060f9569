"""Incidents over all shops: found, updated and ended, and what each channel is notified of them.

An incident grows and shrinks shop by shop, and a channel may see only some of the shops. An incident may be over,
new or urgent for one channel, while nothing has changed for another: it is compared with what that channel was last
sent about its shops. An incident is notified once every readable shop was read since it was found, or after one
interval: only then is its size known. Later changes of size are not news.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Notification, Outcome, Reason
from labelwatch.core.decision import Change, hold, renew, says_the_same
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS, ended, incident_diagnosis
from labelwatch.core.incidents import AT_LEAST, count, find, most_alike
from labelwatch.core.lifecycle import close, reconcile, steps_told
from labelwatch.core.outages import is_round_complete, is_shared, outage, unreadable_shops
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.routing import Decision, notifications_for
from labelwatch.core.snapshot import Plan, Snapshot, counted_since
from labelwatch.core.subject import OUTAGE, Incident, is_outage
from labelwatch.core.visibility import narrowed

RECOVERED_FOR = timedelta(minutes=10)
"""Labels come in batches: a shop without a late one for this long has recovered."""
LONGEST_ROUND = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=10)
"""While many shops fail one after another, the alert about all of them is written at most this often."""


@dataclass(frozen=True, slots=True)
class Found:
    """The current incidents, and what changes."""

    incidents: tuple[Incident, ...] = ()
    changes: tuple[Change, ...] = ()
    explained: tuple[tuple[Incident, frozenset[str]], ...] = ()


def incident_changes(snapshot: Snapshot, own: Iterable[Diagnosis]) -> Found:
    """Evaluate all shops for incidents; `own` are the diagnoses of the shop that was just read.

    An incident is over only when all of its shops were evaluated; until then it stays unchanged.
    """
    plan, now = snapshot.plan, snapshot.now
    before = {id_: alert for id_, alert in snapshot.incidents.items() if id_ != OUTAGE}
    late = [*count(own, since=counted_since(before, now)), *snapshot.waiting]
    if not before and most_alike(late) < AT_LEAST:
        return Found()
    read = {shop: at for shop, at in snapshot.read_at.items() if _is_read(plan, shop, at, now)} | {plan.shop: now}
    counted = [one for one in (*late, *snapshot.fine) if one.shop in read]
    unread = {id_: alert for id_, alert in before.items() if not read.keys() >= set(alert.diagnosis.shops)}
    events = find(counted, before.keys(), whole=read.keys() >= plan.shops.keys())
    found = [one for one in events if one.id not in unread]
    over = sorted(before.keys() - unread.keys() - {one.id for one in found}, key=str)
    kept = (alert.diagnosis.incident for alert in unread.values())
    known = {id_: alert.diagnosis.shops for id_, alert in before.items()}
    new = ((one, frozenset(one.shops) - frozenset(known.get(one.id, ())) - {plan.shop}) for one in found)
    return Found(
        (*found, *(incident for incident in kept if incident is not None)),
        (
            *(_renewed(snapshot, before.get(one.id), one, read) for one in found),
            *(_ended(snapshot, before[id_], Outcome.OVER) for id_ in over),
        ),
        tuple((one, shops) for one, shops in new if shops),
    )


def held_changes(snapshot: Snapshot, *, is_round_over: bool) -> tuple[Change, ...]:
    """Notify of the incidents that wait for their size to be known, if all shops were read, or after one interval."""
    due = (
        before
        for id_, before in snapshot.incidents.items()
        if id_ != OUTAGE
        and before.state is AlertState.PENDING
        and (
            is_round_over
            or (snapshot.read_at and all(at >= before.opened_at for at in snapshot.read_at.values()))
            or snapshot.now - before.opened_at >= _round(snapshot.plan)
        )
    )
    return tuple(
        _change(
            snapshot,
            before,
            renew(before, before.diagnosis, policy=snapshot.plan.incidents, now=snapshot.now),
        )
        for before in due
    )


def outage_change(snapshot: Snapshot, *, opens: bool) -> tuple[bool, tuple[Change, ...]]:
    """Whether there is an alert about shops that cannot be read, and its change.

    `opens`: the shop has been unread for too long, so that alert may be opened.
    """
    plan, now, before = snapshot.plan, snapshot.now, snapshot.incidents.get(OUTAGE)
    known = before.diagnosis.incident if before else None
    was_unread = [part.shop for part in known.parts if part.late] if known else []
    unread = unreadable_shops(snapshot.readings, was_unread, now)
    if before is None and not (opens and is_shared(unread)):
        return False, ()
    if before is not None and not unread:
        return True, (_ended(snapshot, before, Outcome.SEEN_AGAIN),)
    is_told = before is not None and before.state is not AlertState.PENDING
    written = before.diagnosis.as_of if before else None
    if is_told and written is not None and timedelta(0) <= now - written < LOOK_AGAIN:
        return True, ()
    about = outage(unread, [one.shop for one in snapshot.readings], known, now)
    is_measured = is_told or is_round_complete(snapshot.readings, unread, now)
    decision = renew(before, about, policy=plan.incidents, now=now) if is_measured else hold(before, about, now=now)
    return True, (_change(snapshot, before, decision),)


def _is_read(plan: Plan, shop: str, read_at: datetime, now: datetime) -> bool:
    every = plan.shops.get(shop)
    return every is not None and now - read_at < BLIND_AFTER_INTERVALS * every


def _renewed(snapshot: Snapshot, before: Alert | None, incident: Incident, read: Mapping[str, datetime]) -> Change:
    plan, now = snapshot.plan, snapshot.now
    known = before.diagnosis.incident if before else None
    about = incident_diagnosis(incident.with_recovered(known, now), now=now)
    is_told = before is not None and before.state is not AlertState.PENDING
    opened_at = before.opened_at if before else now
    is_measured = now - opened_at >= _round(plan) or all(at >= opened_at for at in read.values())
    if is_told or is_measured:
        return _change(snapshot, before, renew(before, about, policy=plan.incidents, now=now))
    return _change(snapshot, before, hold(before, about, now=now))


def _round(plan: Plan) -> timedelta:
    return min(max((plan.every, *plan.shops.values())), LONGEST_ROUND)


def _ended(snapshot: Snapshot, before: Alert, how: Outcome) -> Change:
    whole = replace(before, diagnosis=ended(before.diagnosis, snapshot.now))
    closed = close(whole, how, policy=snapshot.plan.incidents, now=snapshot.now)
    return _change(snapshot, before, Decision(*closed))


def _change(snapshot: Snapshot, before: Alert | None, decision: Decision) -> Change:
    """The alert of an incident and each channel's notification of it."""
    alert, told = decision.alert, before.told if before else None
    rows = _notifications(snapshot, alert, number=1 + (told.count if told else 0))
    if rows:
        told = alert.told or rows[0].alert.told
        told = told and replace(told, at=snapshot.now, count=rows[0].number)
    alert = replace(alert, told=told)
    outdated = _outdated(snapshot.plan, before, alert) if before and alert.resolved_at is None else ()
    return Change(alert, bool(rows) or decision.is_news, rows, outdated)


def _outdated(plan: Plan, before: Alert, after: Alert) -> tuple[str, ...]:
    """The channels whose last message about an incident is out of date."""
    seen = ((to.name, narrowed(before, to.shops), narrowed(after, to.shops)) for to in plan.destinations)
    return tuple(name for name, then, now in seen if then and now and not says_the_same(then, now))


def _notifications(snapshot: Snapshot, alert: Alert, *, number: int) -> tuple[Notification, ...]:
    """The notification number `number` for each channel to notify of this incident."""
    plan, policy, now = snapshot.plan, snapshot.plan.incidents, snapshot.now
    last = snapshot.last_told.get(alert.id, {}) if alert.id is not None else {}
    if alert.state is AlertState.PENDING:
        return ()
    rows: list[Notification] = []
    for to in plan.destinations:
        own = narrowed(alert, to.shops)
        if own is None:
            continue
        before = last.get(to.name)
        told = before.alert.told if before and before.reason is not Reason.RESOLVED else None
        is_over = alert.resolved_at is not None or _has_recovered(own, now)
        after, reason = _for_one(replace(own, told=told), alert, is_over=is_over, policy=policy, now=now)
        steps = [step for step in steps_told(replace(own, told=told), after, policy) if step.channel == to.name]
        if after.told is not None and (reason is not None or steps):
            after = replace(after, told=replace(after.told, at=now, count=number))
            decision = Decision(after, reason, steps=tuple(steps))
            rows += notifications_for(decision, [to], policy=policy, now=now, group_wait=plan.group_wait)
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
