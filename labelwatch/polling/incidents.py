"""Incidents over all shops: found, updated and closed while one of them is polled.

An incident is notified once every readable shop was read since it was found, or after one interval: only then is its
size known. Later changes of size are not news, and each channel is notified when it is over in its own shops.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS, ended, explained, incident_diagnosis
from labelwatch.core.evaluate import Decision, hold, renew
from labelwatch.core.incidents import (
    AT_LEAST,
    COUNTED_WITHIN,
    count,
    find,
    most_alike,
)
from labelwatch.core.lifecycle import close
from labelwatch.core.subject import OUTAGE, Incident, Scope
from labelwatch.polling.plan import Plan
from labelwatch.polling.saving import write_incident
from labelwatch.store import Store, Transaction

LONGEST_ROUND = timedelta(minutes=5)


def update_incidents(plan: Plan, tx: Transaction, own: Iterable[Diagnosis], now: datetime) -> tuple[Incident, ...]:
    """Evaluate all shops for incidents: open, update and close their alerts; returns the current incidents.

    An incident is over only when all of its shops were evaluated; until then it stays unchanged.
    """
    tx.alerts.lock_incidents()
    before = {one: alert for one, alert in tx.alerts.open_incidents().items() if one != OUTAGE}
    # An open incident keeps counting the postings it was opened for, however long it lasts.
    since = min((alert.opened_at for alert in before.values()), default=now) - COUNTED_WITHIN
    late = [*count(own, since=since), *(one for one in tx.groups.waiting(since=since) if one.shop != plan.shop)]
    if not before and most_alike(late) < AT_LEAST:  # nearly always, whatever the number of shops
        return ()
    read = {shop: at for shop, at in tx.shops.read_at().items() if _is_in_sight(plan, shop, at, now)} | {
        plan.shop: now
    }
    late = [one for one in late if one.shop in read]
    fine = tx.groups.fine(since=now - COUNTED_WITHIN, shops=read.keys())
    unread = {one: alert for one, alert in before.items() if not read.keys() >= set(alert.diagnosis.shops)}
    events = find([*late, *fine], before.keys(), whole=read.keys() >= plan.shops.keys())
    found = [one for one in events if one.id not in unread]
    for one in found:
        _renew(plan, tx, before.get(one.id), one, read=read, now=now)
    for key in sorted(before.keys() - unread.keys() - {one.id for one in found}, key=str):
        _end(plan, tx, before[key], now)
    kept = (alert.diagnosis.incident for alert in unread.values())
    return (*found, *(incident for incident in kept if incident is not None))


def _is_in_sight(plan: Plan, shop: str, read_at: datetime, now: datetime) -> bool:
    every = plan.shops.get(shop)
    return every is not None and now - read_at < BLIND_AFTER_INTERVALS * every


def _renew(
    plan: Plan,
    tx: Transaction,
    before: Alert | None,
    incident: Incident,
    *,
    read: Mapping[str, datetime],
    now: datetime,
) -> None:
    """Open or update the alert of an incident, and link the other shops' alerts that it explains to it."""
    known = before.diagnosis.incident if before else None
    about = incident_diagnosis(incident.with_recovered(known, now), now=now)
    if (before is not None and before.state is not AlertState.PENDING) or _is_measured(
        before.opened_at if before else now, read.values(), plan=plan, now=now
    ):
        decision = renew(before, about, policy=plan.incidents, now=now)
    else:
        decision = hold(before, about, now=now)
    write_incident(plan, tx, before, decision, now)
    new = set(incident.shops) - set(known.shops if known else ()) - {plan.shop}
    if new:
        _explain(tx, incident, new, now)


def _is_measured(opened_at: datetime, read: Iterable[datetime], *, plan: Plan, now: datetime) -> bool:
    """Whether every readable shop was read since an incident was found; at the latest after one interval."""
    return now - opened_at >= _round(plan) or all(at >= opened_at for at in read)


def _round(plan: Plan) -> timedelta:
    return min(max((plan.every, *plan.shops.values())), LONGEST_ROUND)


def _explain(tx: Transaction, incident: Incident, shops: Collection[str], now: datetime) -> None:
    """Link alerts of other shops to the incident that explains them; those not sent yet are not sent singly."""
    carrier = incident.id.name if incident.id.scope is Scope.CARRIER else None
    for shop_id, alerts in tx.alerts.unexplained(shops=shops, carrier=carrier).items():
        others = [one for one in alerts if one.diagnosis.explained_by != incident.id]
        told = [one.id for one in others if one.id is not None and one.told and one.diagnosis.explained_by is None]
        unsent = tx.outbox.withdraw(told)
        tx.alerts.save(
            shop_id,
            [
                replace(
                    one,
                    diagnosis=explained(one.diagnosis, incident, now=now),
                    cause_since=now,
                    told=None if one.id in unsent else one.told,
                )
                for one in others
            ],
        )


def _end(plan: Plan, tx: Transaction, before: Alert, now: datetime) -> None:
    whole = replace(before, diagnosis=ended(before.diagnosis, now))
    write_incident(plan, tx, before, Decision(*close(whole, Outcome.OVER, policy=plan.incidents, now=now)), now)


def notify_held(plan: Plan, *, store: Store, now: datetime, is_round_over: bool = False) -> None:
    """Notify of the incidents that wait for their size to be known, if no poll has done so within one interval."""
    if not any(one.state is AlertState.PENDING for one in store.alerts.incidents()):
        return
    with store.write() as tx:
        tx.alerts.lock_incidents()
        for key, before in tx.alerts.open_incidents().items():
            is_due = is_round_over or now - before.opened_at >= _round(plan)
            if before.state is AlertState.PENDING and key != OUTAGE and is_due:
                decision = renew(before, before.diagnosis, policy=plan.incidents, now=now)
                write_incident(plan, tx, before, decision, now)
