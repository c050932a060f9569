"""The shops: their polls, and the roles and expiry of their keys."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from labelwatch.config import Shop
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.lateness import KNOWN_STATUSES
from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.doctor.limits import limits
from labelwatch.doctor.machine import SKEW
from labelwatch.service.shop_sources import open_source
from labelwatch.sources import KeyInfo, SourceError
from labelwatch.store import ShopState, Store

KEY_ENDS_SOON = timedelta(days=14)
AT_ONCE = 8
"""Shops checked at a time."""


def shops(context: DoctorContext) -> Iterator[Finding]:
    """Of each shop: when it was last read and the last error, which postings could not be parsed, which limits were
    learned, and its key."""
    enabled = [shop for shop in context.config.shops if shop.enabled]
    if context.store is not None:
        states = {state.name: state for state in context.store.shops.all()}
        statuses = context.store.gauges.statuses()
        for shop in enabled:
            yield from _reading(context, context.store, shop, states.get(shop.name))
            yield from _unknown(shop, {status: n for (name, status), n in statuses.items() if name == shop.name})
        yield from limits(context.config, context.store, now=context.now)
    if context.may_ask:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(lambda shop: _key(context, shop), enabled)


def any_overdue(context: DoctorContext) -> bool:
    """Whether a shop that was read before has not been read for too long."""
    if context.store is None:
        return False
    read_at = {state.name: state.read_at for state in context.store.shops.all()}
    enabled = (shop for shop in context.config.shops if shop.enabled)
    return any((at := read_at.get(shop.name)) is not None and _is_overdue(context, shop, at) for shop in enabled)


def _is_overdue(context: DoctorContext, shop: Shop, read_at: datetime) -> bool:
    return context.now - read_at >= max(BLIND_AFTER_INTERVALS * context.config.every(shop), timedelta(minutes=1))


def _reading(context: DoctorContext, store: Store, shop: Shop, state: ShopState | None) -> Iterator[Finding]:
    if state is None or (state.read_at is None and not state.failing_since):
        yield Finding("shop", Level.WARNING, "shop_never", name=shop.name)
        return
    yield _last_poll(context, shop, state)
    if state.read_from is None:
        return
    # What the last complete round could not read either.
    broken = [row for row in store.shops.quarantined(state.read_from) if row.shop == shop.name]
    if broken:
        worst = broken[0]
        values: dict[str, Value] = {"count": len(broken), "posting": worst.number or "?"}
        values |= {"problem": worst.problem, "path": worst.path, "since": worst.first_seen}
        yield Finding("shop", Level.WARNING, "shop_unreadable", values, name=shop.name)


def _last_poll(context: DoctorContext, shop: Shop, state: ShopState) -> Finding:
    values: dict[str, Value]
    if state.failing_since:
        values = {"since": state.failing_since, "failures": state.failures, "said": state.detail}
        return Finding("shop", Level.WRONG, "shop_blind", values, name=shop.name, cause=state.cause)
    assert state.read_at is not None, "a shop that was never polled is reported before"
    values = {"ago": max(context.now - state.read_at, timedelta(0)), "every": context.config.every(shop)}
    if state.read_at - context.now > SKEW:
        return Finding("shop", Level.WRONG, "shop_future", {"at": state.read_at}, name=shop.name)
    if _is_overdue(context, shop, state.read_at):
        return Finding("shop", Level.WRONG, "shop_overdue", values, name=shop.name)
    return Finding("shop", Level.OK, "shop_read", values, name=shop.name)


def _unknown(shop: Shop, statuses: Mapping[str, int]) -> Iterator[Finding]:
    """Ozon adds values without notice, whose meaning is unknown."""
    for status in sorted(statuses.keys() - KNOWN_STATUSES):
        values: dict[str, Value] = {"status": status, "count": statuses[status]}
        yield Finding("shop", Level.WARNING, "shop_status", values, name=shop.name)


def _key(context: DoctorContext, shop: Shop) -> Finding:
    source = open_source(context.config, shop, context.clock)
    try:
        return _judged(context, shop, source.key_info())
    except SourceError as error:
        cause, said = str(error.trouble), {"said": error.detail}
        return Finding("key", Level.WRONG, "key_refused", said, name=shop.name, cause=cause)
    finally:
        source.close()


def _judged(context: DoctorContext, shop: Shop, info: KeyInfo) -> Finding:
    values: dict[str, Value] = {"roles": ", ".join(info.roles) or "-"}
    if info.expires_at is None:
        return Finding("key", Level.OK, "key_good", values, name=shop.name)
    left = info.expires_at - context.now
    values |= {"ends": info.expires_at, "days": max(left.days, 0)}
    if left < KEY_ENDS_SOON:
        return Finding("key", Level.WARNING, "key_ends_soon", values, name=shop.name)
    return Finding("key", Level.OK, "key_good_until", values, name=shop.name)
