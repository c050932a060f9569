"""A shop that could not be read, or was not polled: recorded, and notified once that lasts too long."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from labelwatch.core.alert import AlertState
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS, Failure, pause_after
from labelwatch.core.evaluate import evaluate
from labelwatch.core.incident_updates import held_changes
from labelwatch.core.posting import Interval
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.polling.saving import next_due, row, save, save_incidents, seconds
from labelwatch.polling.snapshots import of_failure, of_incidents
from labelwatch.sources import SourceError, Trouble
from labelwatch.store import ShopState, Store, Transaction
from labelwatch.store.decision_inputs import OF_SEVERAL, Input, InputTopic, written

READ_WITHIN = timedelta(seconds=20)
"""A shop is read when a deadline passes. If that takes longer, its alerts use what was read last."""


def record_failure(
    plan: Plan,
    shop: ShopState,
    error: SourceError,
    *,
    store: Store,
    lasted: Interval,
    requests: int,
) -> Report:
    """Record that the shop could not be read, and notify people once it has been unreadable for too long."""
    started, finished = lasted.earliest, lasted.latest
    cause, final = error.trouble, error.trouble.is_final
    pause = pause_after(shop.failures + 1, final=final, wished=error.retry_after)
    failure = Failure(cause, error.detail, since=shop.failing_since or finished, read_at=shop.read_at, is_final=final)
    with store.write() as tx:
        tx.shops.mark_failed(
            shop.id, at=finished, cause=cause, detail=error.detail, retry_at=finished + pause if pause else None
        )
        report = Report(
            shop=plan.shop,
            complete=False,
            told=_update(plan, shop, tx, failure, finished),
            requests=requests,
            seconds=seconds(started, finished),
            error=error.detail,
            cause=error.trouble,
            next_due_in=next_due(tx.alerts.open_of_shop(shop.id).values(), finished, plan.alerts),
        )
        tx.shops.record_poll(shop.id, row(report, started, finished))
    return report


def _update(plan: Plan, shop: ShopState, tx: Transaction, failure: Failure | None, now: datetime) -> int:
    """Notify of what follows from the failure, if any, and from the clock; returns how many were notified."""
    changes = evaluate(of_failure(plan, tx, shop, failure, now))
    own = save(tx, shop.id, changes, now)
    return sum(bool(one.notifications) for one in own) + sum(len(one.notifications) for one in changes.incidents)


def silent(
    store: Store, every: Mapping[str, timedelta], *, watching_since: datetime, now: datetime
) -> list[ShopState]:
    """The shops, of those with these intervals, about which `notice_silence` may have something to say."""
    missed = store.alerts.shops_with_missed(until=now - READ_WITHIN)
    return [
        shop
        for shop in store.shops.all()
        if shop.name in every
        and (shop.id in missed or _is_paused(shop, now) or _silence(every[shop.name], shop, watching_since, now))
    ]


def notice_silence(plan: Plan, shop: ShopState, *, store: Store, watching_since: datetime, now: datetime) -> bool:
    """Open an alert when a shop was not read for too long, though no poll failed; True if so.

    Counted from `watching_since` at the earliest, as nothing is polled before. A shop that is paused because Ozon
    asked for it has no polls to do this, or to notify that the deadline of an order is near or has passed: both
    are done here.
    """
    has_missed = store.alerts.has_missed(shop.id, since=shop.read_at, until=now - READ_WITHIN)
    failure = _silence(plan.every, shop, watching_since, now)
    if not (_is_paused(shop, now) or has_missed or failure):
        return False
    with store.write() as tx:
        told = _update(plan, shop, tx, failure, now)
        if told:
            tx.inputs.note(Input(shop.id, InputTopic.LOOKED, "", now, "{}"))
        return bool(told) and failure is not None


def _is_paused(shop: ShopState, now: datetime) -> bool:
    return shop.retry_at is not None and now < shop.retry_at


def _silence(every: timedelta, shop: ShopState, watching_since: datetime, now: datetime) -> Failure | None:
    is_left_alone = shop.retry_at is not None and not Trouble(shop.cause).is_final
    if shop.failing_since is not None and not is_left_alone:
        return None
    last_read = max(shop.read_at or watching_since, watching_since)
    silent, since = now - last_read, shop.failing_since or last_read
    if silent < BLIND_AFTER_INTERVALS * every:
        return None
    detail = shop.detail or f"not read for {int(silent.total_seconds())} s"
    return Failure(shop.cause or "stale_data", detail, since=since, read_at=shop.read_at)


def notify_held(plan: Plan, *, store: Store, now: datetime, is_round_over: bool = False) -> None:
    """Notify of the incidents that wait for their size to be known, if no poll has done so within one interval."""
    if any(one.state is AlertState.PENDING for one in store.alerts.incidents()):
        with store.write() as tx:
            changes = held_changes(of_incidents(plan, tx, now), is_round_over=is_round_over)
            save_incidents(tx, changes, now)
            if changes:
                tx.inputs.note(Input(OF_SEVERAL, InputTopic.LOOKED, plan.shop, now, written(is_round_over)))
