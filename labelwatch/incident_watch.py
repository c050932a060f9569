"""Incidents over all shops: found, renewed and ended while one of them is polled."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from labelwatch.core.diagnose import BLIND_AFTER_INTERVALS, event
from labelwatch.core.incidents import AT_LEAST, COUNTED_WITHIN, Incident, Scope, count, find, most_alike, restored
from labelwatch.core.lifecycle import close
from labelwatch.core.model import Diagnosis, Outcome
from labelwatch.core.review import Decision, renew
from labelwatch.plan import Plan
from labelwatch.saving import write
from labelwatch.store import Transaction


def watch_incidents(plan: Plan, tx: Transaction, own: Iterable[Diagnosis], now: datetime) -> tuple[Incident, ...]:
    """Look over all shops for what is one event: open, renew and close its alert; the incidents there are now.

    An incident is over only when all of its shops were looked at; until then it stays as it was.
    """
    tx.lock_incidents()
    before = tx.open_incidents()
    # An open incident goes on counting what it was opened for, however long it lasts.
    since = min((alert.opened_at for alert in before.values()), default=now) - COUNTED_WITHIN
    late = [*count(own, since=since), *(one for one in tx.waiting(since=since) if one.shop != plan.shop)]
    if not before and most_alike(late) < AT_LEAST:  # nearly always, whatever the number of shops
        return ()
    seen = {plan.shop} | {shop for shop, at in tx.read_at().items() if _is_in_sight(plan, shop, at, now)}
    late = [one for one in late if one.shop in seen]
    fine = tx.fine(since=now - COUNTED_WITHIN, shops=seen)
    dark = {key: alert for key, alert in before.items() if not seen.issuperset(alert.diagnosis.shops)}
    events = find([*late, *fine], before.keys(), whole=seen.issuperset(plan.shops))
    found = [one for one in events if one.key not in dark]
    decisions = [renew(before.get(one.key), event(one, now=now), policy=plan.incidents, now=now) for one in found]
    over = before.keys() - dark.keys() - {one.key for one in found}
    decisions += [Decision(*close(before[key], Outcome.OVER, policy=plan.incidents, now=now)) for key in sorted(over)]
    write(replace(plan, alerts=plan.incidents), tx, None, decisions, now)
    for one in found:
        tx.take_back(shops=set(one.shops) - {plan.shop}, carrier=one.name if one.scope is Scope.CARRIER else None)
    return (*found, *(restored(key, alert.diagnosis) for key, alert in dark.items()))


def _is_in_sight(plan: Plan, shop: str, read_at: datetime, now: datetime) -> bool:
    every = plan.shops.get(shop)
    return every is not None and now - read_at < BLIND_AFTER_INTERVALS * every
