"""Reads from the database what a poll decides from."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.diagnosis import Failure
from labelwatch.core.enrichment import ANSWERS_KEPT
from labelwatch.core.incidents import COUNTED_WITHIN
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.outages import SHARED, ShopReading
from labelwatch.core.snapshot import Plan, Snapshot, counted_since, may_be_incident
from labelwatch.core.subject import OUTAGE, IncidentId, PostingId, Shop
from labelwatch.polling.peaks import at_peak
from labelwatch.polling.sweep import SweepResult
from labelwatch.store import ShopState, Transaction
from labelwatch.store.decision_inputs import Input, InputTopic, written


def of_reading(plan: Plan, tx: Transaction, swept: SweepResult, now: datetime) -> Snapshot:
    """After the shop was read: what is late or has an open alert, and what may be an incident over all shops."""
    shop, alerts = swept.shop, tx.alerts.open_of_shop(swept.shop.id)
    own = {about.number: alert for about, alert in alerts.items() if isinstance(about, PostingId)}
    seen = {known.posting.number: known for known in tx.postings.due(shop.id, now)}
    seen |= tx.postings.known(shop.id, [number for number in own if number not in seen])
    unseen = {number for number, known in seen.items() if known.id in swept.unseen}
    tx.alerts.mark_unseen(shop.id, unseen=unseen, since=shop.read_at)
    if unseen:
        tx.inputs.note(Input(shop.id, InputTopic.UNREAD, "", now, written(sorted(unseen))))
    postings = [(known, own.get(number)) for number, known in seen.items() if number not in unseen]
    incidents = _incidents(tx)
    waiting = [one for one in tx.groups.waiting(since=counted_since(incidents, now)) if one.shop != plan.shop]
    counts = may_be_incident(incidents, waiting, postings)
    read_at = tx.shops.read_at() if counts else {}
    shops = read_at.keys() | {plan.shop}
    return Snapshot(
        plan,
        now,
        watch=at_peak(tx, shop.id, swept.watch, (known for known, alert in postings if alert is None), now),
        knowledge=_knowledge(tx, swept, [known.posting.number for known, _ in postings], now),
        shop_alert=alerts.get(Shop(plan.shop)),
        complaints=swept.complaints(),
        postings=postings,
        unread=[alert for number, alert in own.items() if number in unseen],
        incidents=incidents,
        last_told=_last_told(tx, incidents),
        waiting=waiting,
        fine=tx.groups.fine(since=now - COUNTED_WITHIN, shops=shops) if counts else (),
        read_at=read_at,
        readings=_readings(plan, tx) if OUTAGE in incidents else (),
    )


def _knowledge(tx: Transaction, swept: SweepResult, numbers: Sequence[str], now: datetime) -> Knowledge:
    """What is known of these postings, with everything that this poll has read."""
    shop, history = swept.shop, swept.watch.history
    if not numbers:
        return Knowledge(history)
    answers = tx.answers.read(shop.id, numbers, since=now - ANSWERS_KEPT)
    labelled, handed_over = tx.postings.labelled_methods(shop.id), tx.postings.handed_over_unlabelled(shop.id)
    return Knowledge(history, answers, labelled, handed_over)


def of_failure(plan: Plan, tx: Transaction, shop: ShopState, failure: Failure | None, now: datetime) -> Snapshot:
    """While the shop is not read: its open alerts; with a failure that other shops may share also theirs."""
    alerts = tx.alerts.open_of_shop(shop.id)
    incidents = _incidents(tx) if failure is not None else {}
    return Snapshot(
        plan,
        now,
        failure=failure,
        shop_alert=alerts.get(Shop(plan.shop)),
        unread=[alert for about, alert in alerts.items() if isinstance(about, PostingId)],
        incidents=incidents,
        last_told=_last_told(tx, incidents),
        readings=_readings(plan, tx) if failure and (failure.cause in SHARED or OUTAGE in incidents) else (),
    )


def of_incidents(plan: Plan, tx: Transaction, now: datetime) -> Snapshot:
    """The open incidents alone."""
    incidents = _incidents(tx)
    return Snapshot(plan, now, incidents=incidents, last_told=_last_told(tx, incidents), read_at=tx.shops.read_at())


def _incidents(tx: Transaction) -> dict[IncidentId, Alert]:
    tx.alerts.lock_incidents()
    return tx.alerts.open_incidents()


def _last_told(tx: Transaction, incidents: Mapping[IncidentId, Alert]) -> dict[int, dict[str, Notification]]:
    return {alert.id: tx.outbox.last_told(alert.id) for alert in incidents.values() if alert.id is not None}


def _readings(plan: Plan, tx: Transaction) -> list[ShopReading]:
    every = {plan.shop: plan.every, **plan.shops}
    return [
        ShopReading(one.name, every[one.name], one.read_at, one.failing_since, one.cause, one.detail)
        for one in tx.shops.all()
        if one.name in every
    ]
