"""A shop that could not be read, or was not polled: recorded, and notified once that lasts too long."""

from datetime import datetime, timedelta

from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS, pause_after, unreadable_shop
from labelwatch.core.evaluate import by_the_clock, renew
from labelwatch.core.outages import SHARED, is_round_complete
from labelwatch.core.report import Report
from labelwatch.core.subject import PostingId, Shop
from labelwatch.polling.outages import shop_readings, update_outage
from labelwatch.polling.plan import Plan
from labelwatch.polling.saving import next_due, row, save_decisions, seconds
from labelwatch.sources import SourceError, Trouble
from labelwatch.store import ShopState, Store, Transaction

READ_WITHIN = timedelta(seconds=20)
"""A shop is read when a deadline passes. If that takes longer, its alerts use what was read last."""


def record_failure(
    plan: Plan,
    shop: ShopState,
    error: SourceError,
    *,
    store: Store,
    started: datetime,
    finished: datetime,
    requests: int,
) -> Report:
    """Record that the shop could not be read, and notify people once it has been unreadable for too long."""
    cause, final = error.trouble, error.trouble.is_final
    pause = pause_after(shop.failures + 1, final=final, wished=error.retry_after)
    with store.write() as tx:
        tx.shops.mark_failed(
            shop.id, at=finished, cause=cause, detail=error.detail, retry_at=finished + pause if pause else None
        )
        told = _report_unreadable(
            plan,
            shop,
            tx,
            cause=cause,
            detail=error.detail,
            since=shop.failing_since or finished,
            final=final,
            now=finished,
        )
        report = Report(
            shop=plan.shop,
            complete=False,
            told=told + _update_by_the_clock(plan, shop, tx, finished),
            requests=requests,
            seconds=seconds(started, finished),
            error=error.detail,
            cause=error.trouble,
            next_due_in=next_due(tx.alerts.open_of_shop(shop.id).values(), finished, plan.alerts),
        )
        tx.shops.record_poll(shop.id, row(report, started, finished))
    return report


def _report_unreadable(
    plan: Plan,
    shop: ShopState,
    tx: Transaction,
    *,
    cause: str,
    detail: str,
    since: datetime,
    final: bool,
    now: datetime,
) -> int:
    """Open or update the alert of a shop that has not been read for too long; returns how many were notified.

    Many shops at once get one alert; with fewer, the other shops are polled first to see whether they fail as well.
    """
    diagnosis = unreadable_shop(
        plan.shop,
        cause,
        detail,
        read_at=shop.read_at,
        since=since,
        every=plan.every,
        final=final,
        now=now,
    )
    together = update_outage(plan, tx, now, opens=diagnosis is not None and cause in SHARED)
    if diagnosis is None or (together is not None and cause in SHARED):
        return together or 0
    before = tx.alerts.open_of_shop(shop.id).get(Shop(plan.shop))
    if before is None and cause in SHARED and not _is_alone(plan, tx, now):
        return 0
    return save_decisions(plan, tx, shop.id, [renew(before, diagnosis, policy=plan.alerts, now=now)], now)


def _is_alone(plan: Plan, tx: Transaction, now: datetime) -> bool:
    """Whether the other shops were tried since this one failed; at the latest after one interval."""
    readings = shop_readings(plan, tx)
    return is_round_complete(readings, [one for one in readings if one.shop == plan.shop], now)


def _update_by_the_clock(plan: Plan, shop: ShopState, tx: Transaction, now: datetime) -> int:
    """Notify of what follows from the clock alone for the open alerts of a shop that was not read: little time left,
    or none; returns how many alerts were notified."""
    alerts = [alert for about, alert in tx.alerts.open_of_shop(shop.id).items() if isinstance(about, PostingId)]
    looks = (by_the_clock(one, policy=plan.alerts, now=now) for one in alerts)
    return save_decisions(plan, tx, shop.id, [decision for decision in looks if decision is not None], now)


def notice_silence(plan: Plan, shop: ShopState, *, store: Store, watching_since: datetime, now: datetime) -> bool:
    """Open an alert when a shop was not read for too long, though no poll failed; True if so.

    Counted from `watching_since` at the earliest, as nothing is polled before. A shop that is paused because Ozon
    asked for it has no polls to do this, or to notify that the deadline of an order is near or has passed: both
    are done here.
    """
    is_paused = shop.retry_at is not None and now < shop.retry_at
    if is_paused or store.alerts.has_missed(shop.id, since=shop.read_at, until=now - READ_WITHIN):
        with store.write() as tx:
            _update_by_the_clock(plan, shop, tx, now)
    is_left_alone = shop.retry_at is not None and not Trouble(shop.cause).is_final
    if shop.failing_since is not None and not is_left_alone:
        return False
    last_read = max(shop.read_at or watching_since, watching_since)
    if (silent := now - last_read) < BLIND_AFTER_INTERVALS * plan.every:
        return False
    cause, since = shop.cause or "stale_data", shop.failing_since or last_read
    with store.write() as tx:
        detail = shop.detail or f"not read for {int(silent.total_seconds())} s"
        _update_by_the_clock(plan, shop, tx, now)
        return bool(_report_unreadable(plan, shop, tx, cause=cause, detail=detail, since=since, final=False, now=now))
