"""Shops that cannot be read, evaluated together: one alert for many of them, from the first message on."""

from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, Outcome
from labelwatch.core.diagnosis import ended
from labelwatch.core.evaluate import Decision, hold, renew
from labelwatch.core.lifecycle import close
from labelwatch.core.outages import AT_LEAST, ShopReading, is_round_complete, is_shared, outage, unreadable_shops
from labelwatch.core.subject import OUTAGE
from labelwatch.polling.plan import Plan
from labelwatch.polling.saving import write_incident
from labelwatch.store import Transaction

LOOK_AGAIN = timedelta(seconds=10)
"""While many shops fail one after another, the alert about all of them is written at most this often."""


def update_outage(plan: Plan, tx: Transaction, now: datetime, *, opens: bool) -> int | None:
    """Open, update or close the alert about shops that cannot be read; how many were notified, None = no such alert.

    `opens`: the shop of the plan has been unread for too long, so an alert may be opened.
    """
    if OUTAGE not in tx.alerts.open_incidents() and not (opens and tx.shops.failing() >= AT_LEAST):
        return None
    tx.alerts.lock_incidents()
    before, readings = tx.alerts.open_incidents().get(OUTAGE), shop_readings(plan, tx)
    known = before.diagnosis.incident if before else None
    unread = unreadable_shops(readings, [part.shop for part in known.parts if part.late] if known else [], now)
    if before is None and not is_shared(unread):
        return None
    if before is not None and not unread:
        return _end(plan, tx, before, now)
    if before is not None and _was_just_written(before, now):
        return 0
    about = outage(unread, [one.shop for one in readings], known, now)
    is_told = before is not None and before.state is not AlertState.PENDING
    is_measured = is_told or is_round_complete(readings, unread, now)
    decision = renew(before, about, policy=plan.incidents, now=now) if is_measured else hold(before, about, now=now)
    return write_incident(plan, tx, before, decision, now)


def shop_readings(plan: Plan, tx: Transaction) -> list[ShopReading]:
    """How the latest polls of each watched shop went."""
    every = {plan.shop: plan.every, **plan.shops}
    return [
        ShopReading(one.name, every[one.name], one.read_at, one.failing_since, one.cause, one.detail)
        for one in tx.shops.all()
        if one.name in every
    ]


def _was_just_written(before: Alert, now: datetime) -> bool:
    written, told = before.diagnosis.as_of, before.state is not AlertState.PENDING
    return told and written is not None and timedelta(0) <= now - written < LOOK_AGAIN


def _end(plan: Plan, tx: Transaction, before: Alert, now: datetime) -> int:
    whole = replace(before, diagnosis=ended(before.diagnosis, now))
    closed = close(whole, Outcome.SEEN_AGAIN, policy=plan.incidents, now=now)
    return write_incident(plan, tx, before, Decision(*closed), now)
