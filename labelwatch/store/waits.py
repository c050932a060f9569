"""Reads how long postings were in a stage: what was seen to end, what goes on, and what was cut off."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Subquery, and_, case, func, select, type_coerce

from labelwatch.core.baseline import Case
from labelwatch.core.peaks import Recent
from labelwatch.core.posting import Stage
from labelwatch.core.survival import Wait
from labelwatch.store.schema import delivery_method, history, posting, shop, stage_wait, state
from labelwatch.store.values import UNSEEN_LABEL

WAITING = {"awaiting_registration": Stage.REGISTRATION.value, "awaiting_deliver": Stage.LABEL.value}
"""The statuses in which a packed order waits, and for what."""

_MS = timedelta(milliseconds=1)
_NO_TIME = timedelta(0)


def waits(conn: Connection, shop_id: int, stage: Stage, *, since: datetime) -> dict[str, list[Case]]:
    """Ozon's method id -> how long its postings were in a stage: of those that left it after `since`, and without an
    end of those that are in it when the shop was last read, or whose wait was cut off."""
    found: dict[str, list[Case]] = {}
    for method, left_at, shortest, longest, unseen in conn.execute(_ended(shop_id, stage, since)):
        wait = Wait(shortest * _MS, longest * _MS)
        # The rest of what is not known about its length is about its begin.
        began_within = max(longest - shortest - unseen, 0) * _MS if unseen is not None else timedelta(0)
        found.setdefault(method, []).append(Case(left_at - wait.longest, wait, began_within))
    for method, earliest, latest, read in conn.execute(_open(shop_id, stage)):
        wait = Wait(max(read - latest, timedelta(0)), None)
        found.setdefault(method, []).append(Case(earliest, wait, latest - earliest))
    for method, began, lasted in conn.execute(_cut(shop_id, stage, since)):
        found.setdefault(method, []).append(Case(began, Wait(max(lasted, 0) * _MS, None)))
    return found


def recent_waits(
    conn: Connection, shop_id: int, stage: Stage, methods: Collection[str], *, since: datetime, now: datetime
) -> dict[str, list[Recent]]:
    """Ozon's method id -> the waits of a stage that ended after `since` or go on; of these methods only."""
    found: dict[str, list[Recent]] = {}
    own = delivery_method.c.ozon_id.in_(methods)
    for method, left_at, shortest, longest, _ in conn.execute(_ended(shop_id, stage, since).where(own)):
        lasted = max(shortest + longest, 0) * _MS / 2
        found.setdefault(method, []).append(Recent(max(lasted - (left_at - since), _NO_TIME), lasted, ended=True))
    for method, _, latest, _ in conn.execute(_open(shop_id, stage).where(own)):
        lasted = max(now - latest, _NO_TIME)
        found.setdefault(method, []).append(Recent(max(lasted - (now - since), _NO_TIME), lasted, ended=False))
    return found


def _ended(shop_id: int, stage: Stage, since: datetime) -> Select[*tuple[Any, ...]]:
    left = and_(history.c.posting_id == stage_wait.c.posting_id, history.c.seen_at == stage_wait.c.left_at)
    stages = [Stage.LABEL.value, UNSEEN_LABEL] if stage is Stage.LABEL else [stage.value]
    return (
        select(
            delivery_method.c.ozon_id,
            stage_wait.c.left_at,
            stage_wait.c.shortest,
            stage_wait.c.longest,
            history.c.unseen,
        )
        .join(stage_wait, stage_wait.c.method_id == delivery_method.c.id)
        .outerjoin(history, left)
        .where(delivery_method.c.shop_id == shop_id, stage_wait.c.stage.in_(stages), stage_wait.c.left_at >= since)
    )


def _open(shop_id: int, stage: Stage) -> Select[*tuple[Any, ...]]:
    """What is waited for has a time at which it is late; it is known to wait until its shop was last read."""
    return (
        select(delivery_method.c.ozon_id, posting.c.since_earliest, posting.c.since_latest, shop.c.read_from)
        .join(posting, posting.c.method_id == delivery_method.c.id)
        .join(shop, shop.c.id == posting.c.shop_id)
        .where(
            posting.c.shop_id == shop_id,
            posting.c.stage == stage.value,
            posting.c.late_at.is_not(None),
            posting.c.closed_at.is_(None),
            shop.c.read_from.is_not(None),
        )
    )


def _cut(shop_id: int, stage: Stage, since: datetime) -> Select[*tuple[Any, ...]]:
    """By the index of what ended without a label; methods that never give one have most of these."""
    methods = select(delivery_method.c.id).where(
        delivery_method.c.shop_id == shop_id, delivery_method.c.first_label_at.is_not(None)
    )
    unlabelled = and_(
        posting.c.method_id.in_(methods),
        posting.c.closed_at.is_not(None),
        posting.c.label_latest.is_(None),
        posting.c.closed_at >= since,
    )
    orders = select(posting.c.id, posting.c.method_id, posting.c.closed_at, posting.c.label_latest).where(unlabelled)
    cut = cut_off(orders.subquery("orders"))
    query = select(delivery_method.c.ozon_id, cut.c.began, cut.c.lasted)
    return query.join(cut, cut.c.method_id == delivery_method.c.id).where(cut.c.stage == stage.value)


def cut_off(orders: Subquery) -> Subquery:
    """Waits that were cut off, by a cancellation for instance: they lasted until the order was last seen waiting.

    Only with delivery methods that give labels: with others nothing was waited for.
    """
    at = type_coerce(history.c.seen_at, BigInteger)
    last_seen = func.lead(at - func.coalesce(history.c.unseen, 0))
    until = last_seen.over(partition_by=history.c.posting_id, order_by=history.c.seen_at).label("until")
    labels = select(delivery_method.c.id).where(delivery_method.c.first_label_at.is_not(None))
    seen = (
        select(orders.c.id, orders.c.method_id, state.c.status, at.label("since"), until)
        .join(history, history.c.posting_id == orders.c.id)
        .join(state, state.c.id == history.c.state_id)
        .where(orders.c.closed_at.is_not(None), orders.c.label_latest.is_(None), orders.c.method_id.in_(labels))
        .subquery("seen")
    )
    stage = case(WAITING, value=seen.c.status).label("stage")
    began = func.min(type_coerce(seen.c.since, history.c.seen_at.type)).label("began")
    waits = (
        select(
            seen.c.id,
            seen.c.method_id,
            stage,
            began,
            (func.max(seen.c.until) - func.min(seen.c.since)).label("lasted"),
        )
        .where(seen.c.status.in_(list(WAITING)))
        .group_by(seen.c.id, seen.c.method_id, stage)
        .subquery("waits")
    )
    ended = select(stage_wait.c.posting_id).where(
        stage_wait.c.posting_id == waits.c.id, stage_wait.c.stage == waits.c.stage
    )
    return select(waits).where(~ended.exists()).subquery("cut_off")
