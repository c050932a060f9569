"""The numbers of the league table of carriers; part of Store, as `store.carriers`.

They are those of the orders first seen in a period. Such an order is open, or was closed after the period began, so
two partial indexes find it without reading older ones. The database does all counting.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    type_coerce,
    union_all,
)

from labelwatch.core.league import CARRIER_CAUSES, LongWait, Lot, Period
from labelwatch.core.posting import Interval, Stage
from labelwatch.core.subject import Scope
from labelwatch.core.survival import Wait
from labelwatch.store import alerts
from labelwatch.store.charts import QUARTER, cause_of
from labelwatch.store.mapping import milliseconds
from labelwatch.store.schema import alert, delivery_method, history, posting, shop, stage_wait, state
from labelwatch.store.waits import cut_off

DECLINED = "posting_registration_error"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1000
_COLUMNS = ("id", "shop_id", "number", "method_id", "stage", "since_latest", "label_latest", "late_at", "closed_at")


@dataclass(slots=True)
class _Tally:
    """What was counted of one row of `delivery_method`."""

    numbers: Counter[str] = field(default_factory=Counter)
    waits: dict[str, list[Wait]] = field(default_factory=dict)
    late_at: Counter[datetime] = field(default_factory=Counter)


def period(conn: Connection, within: Interval, *, shops: Collection[str]) -> Period:
    """The numbers of the orders of these shops first seen in a period (its end excluded)."""
    orders, tallies = _orders(conn, within, shops), dict[int, _Tally]()
    for query in (_all(orders), _labelled(orders), _declined(orders)):
        for method, name, number in conn.execute(query):
            tallies.setdefault(method, _Tally()).numbers[name] += number
    for method, waited, quarter, number in conn.execute(_late(conn, orders)):
        tally = tallies[method]
        tally.numbers["late"] += number
        if waited:
            tally.numbers["late_waiting"] += number
            tally.late_at[_EPOCH + quarter * QUARTER] += number
    for query in (_ended(orders), _open(orders), _unlabelled(orders)):
        for method, stage, shortest, longest, number in conn.execute(query):
            end = None if longest is None else timedelta(seconds=longest)
            wait = Wait(timedelta(seconds=max(shortest, 0)), end, number)
            tallies[method].waits.setdefault(stage, []).append(wait)
    return Period(_lots(conn, tallies), _incidents(conn, within, shops))


def longest_waits(
    conn: Connection, carrier: str, within: Interval, *, shops: Collection[str], limit: int
) -> list[LongWait]:
    """Of these orders, those that were late because of this carrier and waited longest for it."""
    orders = _orders(conn, within, shops)
    late, ends = _late_orders(conn, orders), cut_off(orders)
    cut = select(ends.c.id, func.sum(ends.c.lasted).label("lasted")).group_by(ends.c.id).subquery("cut")
    ended = select(func.sum(stage_wait.c.longest)).where(stage_wait.c.posting_id == orders.c.id)
    so_far = case((_still_waits(orders), _so_far(orders)), else_=func.coalesce(cut.c.lasted, 0))
    waited = (func.coalesce(ended.correlate(orders).scalar_subquery(), 0) + so_far).label("waited")
    query = (
        select(shop.c.name, posting, waited)
        .select_from(orders)
        .join(late, and_(late.c.id == orders.c.id, late.c.waited == 1))
        .join(posting, posting.c.id == orders.c.id)
        .outerjoin(cut, cut.c.id == orders.c.id)
        .join(shop, shop.c.id == orders.c.shop_id)
        .join(delivery_method, and_(delivery_method.c.id == orders.c.method_id, delivery_method.c.carrier == carrier))
        .order_by(waited.desc(), posting.c.number)
        .limit(limit)
    )
    return [
        LongWait(
            shop=row.name,
            number=row.number,
            tracking_number=row.tracking_number,
            waited=timedelta(milliseconds=int(row.waited)),
            label_at=row.label_latest,
            closed_at=row.closed_at,
            deadline=row.hard_cutoff or row.cutoff,
        )
        for row in conn.execute(query)
    ]


def _orders(conn: Connection, within: Interval, shops: Collection[str]) -> Subquery:
    ids = conn.scalars(select(shop.c.id).where(shop.c.name.in_(shops))).all()
    wanted = and_(
        (posting.c.shop_id + 0).in_(ids),  # not by an index: that would read every order the shop ever had
        posting.c.first_seen >= within.earliest,
        posting.c.first_seen < within.latest,
    )
    columns = [posting.c[name] for name in _COLUMNS]
    are_open = select(*columns).where(posting.c.closed_at.is_(None), wanted)
    are_closed = select(*columns).where(posting.c.closed_at >= within.earliest, wanted)
    return union_all(are_open, are_closed).subquery("orders")


def _all(orders: Subquery) -> Select[*tuple[Any, ...]]:
    return select(orders.c.method_id, literal("orders"), func.count()).group_by(orders.c.method_id)


def _labelled(orders: Subquery) -> Select[*tuple[Any, ...]]:
    query = select(orders.c.method_id, literal("labelled"), func.count()).where(orders.c.label_latest.is_not(None))
    return query.group_by(orders.c.method_id)


def _declined(orders: Subquery) -> Select[*tuple[Any, ...]]:
    states = select(state.c.id).where(state.c.substatus == DECLINED)
    seen = select(history.c.posting_id).where(history.c.posting_id == orders.c.id, history.c.state_id.in_(states))
    query = select(orders.c.method_id, literal("declined"), func.count()).where(seen.exists())
    return query.group_by(orders.c.method_id)


def _late_orders(conn: Connection, orders: Subquery) -> Subquery:
    """Each late order once, with its first alert; `waited` 1 = it waited for the carrier or for Ozon."""
    waited = func.max(case((cause_of(conn).in_(CARRIER_CAUSES), 1), else_=0)).label("waited")
    opened = func.min(type_coerce(alert.c.opened_at, BigInteger)).label("opened_at")
    same = and_(alert.c.shop_id == orders.c.shop_id, alert.c.posting_number == orders.c.number)
    query = select(orders.c.id, orders.c.method_id, waited, opened).join(alert, same)
    return query.group_by(orders.c.id, orders.c.method_id).subquery("late")


def _late(conn: Connection, orders: Subquery) -> Select[*tuple[Any, ...]]:
    late = _late_orders(conn, orders)
    quarter = (late.c.opened_at // milliseconds(QUARTER)).label("quarter")
    query = select(late.c.method_id, late.c.waited, quarter, func.count())
    return query.group_by(late.c.method_id, late.c.waited, quarter)


def _ended(orders: Subquery) -> Select[*tuple[Any, ...]]:
    """Waits that ended, in whole seconds: the shortest rounded down, the longest up."""
    shortest = (stage_wait.c.shortest // _SECOND).label("shortest")
    longest = ((stage_wait.c.longest + _SECOND - 1) // _SECOND).label("longest")
    query = select(orders.c.method_id, stage_wait.c.stage, shortest, longest, func.count())
    query = query.join(stage_wait, stage_wait.c.posting_id == orders.c.id)
    return query.group_by(orders.c.method_id, stage_wait.c.stage, shortest, longest)


def _still_waits(orders: Subquery) -> ColumnElement[bool]:
    """Open, packed, and something is awaited: only then it has a time at which it is late."""
    stages = (Stage.REGISTRATION.value, Stage.LABEL.value)
    return and_(orders.c.closed_at.is_(None), orders.c.late_at.is_not(None), orders.c.stage.in_(stages))


def _so_far(orders: Subquery) -> ColumnElement[int]:
    """How long an open order has waited at least: until its shop was last read, not until now."""
    read = select(type_coerce(shop.c.read_from, BigInteger)).where(shop.c.id == orders.c.shop_id)
    since = type_coerce(orders.c.since_latest, BigInteger)
    return func.coalesce(read.correlate(orders).scalar_subquery() - since, 0)


def _open(orders: Subquery) -> Select[*tuple[Any, ...]]:
    shortest = (_so_far(orders) // _SECOND).label("shortest")
    query = select(orders.c.method_id, orders.c.stage, shortest, literal(None), func.count())
    return query.where(_still_waits(orders)).group_by(orders.c.method_id, orders.c.stage, shortest)


def _unlabelled(orders: Subquery) -> Select[*tuple[Any, ...]]:
    cut = cut_off(orders)
    shortest = (cut.c.lasted // _SECOND).label("shortest")
    query = select(cut.c.method_id, cut.c.stage, shortest, literal(None), func.count())
    return query.group_by(cut.c.method_id, cut.c.stage, shortest)


def _lots(conn: Connection, tallies: dict[int, _Tally]) -> list[Lot]:
    """One lot for each carrier and delivery method; a renamed method is one, under its latest name."""
    rows = conn.execute(select(delivery_method).order_by(delivery_method.c.id)).all()
    latest = {(row.shop_id, row.ozon_id): row.name for row in rows}
    found: dict[tuple[str, str], list[_Tally]] = {}
    for row in rows:
        if row.id in tallies:
            found.setdefault((row.carrier, latest[row.shop_id, row.ozon_id]), []).append(tallies[row.id])
    return [_lot(carrier, name, parts) for (carrier, name), parts in found.items()]


def _lot(carrier: str, name: str, parts: Sequence[_Tally]) -> Lot:
    numbers = sum((part.numbers for part in parts), Counter[str]())
    return Lot(
        carrier,
        name,
        orders=numbers["orders"],
        labelled=numbers["labelled"],
        late=numbers["late"],
        late_waiting=numbers["late_waiting"],
        declined=numbers["declined"],
        label=tuple(wait for part in parts for wait in part.waits.get(Stage.LABEL, ())),
        registration=tuple(wait for part in parts for wait in part.waits.get(Stage.REGISTRATION, ())),
        late_at=sum((part.late_at for part in parts), Counter[datetime]()),
    )


def _incidents(conn: Connection, within: Interval, shops: Collection[str]) -> dict[str, int]:
    """Carrier -> its incidents that began in the period and concerned these shops."""
    found = Counter[str]()
    for one in alerts.incidents(conn, open_only=False, resolved_since=within.earliest):
        incident = one.diagnosis.incident
        began = within.earliest <= one.opened_at < within.latest
        if incident and incident.id.scope is Scope.CARRIER and began and not set(shops).isdisjoint(incident.shops):
            found[incident.id.name] += 1
    return dict(found)
