"""The numbers for charts: how long labels took, when postings became late, what was open when, and gaps in polling.

Part of Store, as `store.plots`. The database does all counting: results are small, however many postings there
were.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    type_coerce,
)

from labelwatch.core.posting import Interval, Stage
from labelwatch.store import alerts, mapping
from labelwatch.store.schema import alert, delivery_method, poll, posting, shop, stage_wait

QUARTER = timedelta(minutes=15)
"""The offset of every zone from UTC is a multiple of this."""

_UNSEEN = -1
_SECOND = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Times = dict[int, Counter[int]]
"""Row of a delivery method -> seconds -> how many."""


@dataclass(frozen=True, slots=True)
class LabelTimes:
    """How long the labels of one delivery method took, in whole seconds -> how many."""

    shop: str
    method: str
    """Ozon's id."""
    name: str
    """The latest name."""
    took: Mapping[int, int]
    """At most this long, rounded up."""
    waiting: Mapping[int, int]
    """Still waited for: at least this long until now, rounded down."""
    unseen: int
    """Labels that came while polls were too rare to know how long they took."""


@dataclass(frozen=True, slots=True)
class Open:
    """How many postings were late for a cause, in each of the requested periods."""

    cause: str
    counts: tuple[int, ...]


def label_times(
    conn: Connection, *, shops: Collection[str], since: datetime, now: datetime, error: timedelta
) -> list[LabelTimes]:
    """The delivery methods that gave a label after `since` or are late with their next one, busiest first.

    Times known less precisely than `error` are only counted.
    """
    took, waiting = _took(conn, since=since, error=error), _waiting(conn, now)
    query = select(delivery_method, shop.c.name.label("shop")).join(shop, delivery_method.c.shop_id == shop.c.id)
    methods: dict[tuple[str, str], list[Any]] = {}
    for row in conn.execute(query.where(shop.c.name.in_(shops)).order_by(delivery_method.c.id)):
        methods.setdefault((row.shop, row.ozon_id), []).append(row)
    found = [
        _one_method(named, took, waiting)
        for named in methods.values()
        if any(row.first_label_at is not None for row in named)
    ]
    seen = (one for one in found if one.took or one.waiting or one.unseen)
    return sorted(seen, key=lambda one: (-sum(one.took.values()), one.shop, one.name, one.method))


def _one_method(named: Sequence[Any], took: _Times, waiting: _Times) -> LabelTimes:
    """All rows of one delivery method, the newest name last: a renamed method is still the same one."""
    nothing = Counter[int]()
    times = sum((took.get(row.id, nothing) for row in named), nothing)
    still = sum((waiting.get(row.id, nothing) for row in named), nothing)
    unseen = times.pop(_UNSEEN, 0)
    return LabelTimes(named[-1].shop, named[-1].ozon_id, named[-1].name, times, still, unseen)


def _took(conn: Connection, *, since: datetime, error: timedelta) -> _Times:
    is_known = stage_wait.c.longest - stage_wait.c.shortest <= mapping.milliseconds(error)
    seconds = case((is_known, (stage_wait.c.longest + _SECOND - 1) // _SECOND), else_=_UNSEEN).label("seconds")
    query = select(stage_wait.c.method_id, seconds, func.count())
    lately = stage_wait.c.left_at >= since
    query = query.where(stage_wait.c.stage == Stage.LABEL.value, lately)
    return _times(conn, query.group_by(stage_wait.c.method_id, seconds), least=_UNSEEN)


def _waiting(conn: Connection, now: datetime) -> _Times:
    """What is waited for has a time at which it is late: an index finds it among all open postings."""
    entered = type_coerce(posting.c.since_latest, BigInteger) // _SECOND
    seconds = ((now - _EPOCH) // timedelta(seconds=1) - entered).label("seconds")
    query = select(posting.c.method_id, seconds, func.count()).where(
        posting.c.stage == Stage.LABEL.value, posting.c.late_at.is_not(None), posting.c.closed_at.is_(None)
    )
    return _times(conn, query.group_by(posting.c.method_id, seconds), least=0)


def _times(conn: Connection, query: Select[*tuple[Any, ...]], *, least: int) -> _Times:
    found: _Times = {}
    for method, seconds, count in conn.execute(query):
        found.setdefault(method, Counter())[max(seconds, least)] += count
    return found


def opened(conn: Connection, *, shops: Collection[str], since: datetime) -> dict[datetime, int]:
    """Quarter of an hour -> how many postings became late in it; quarters without any are left out."""
    length = mapping.milliseconds(QUARTER)
    quarter = (type_coerce(alert.c.opened_at, BigInteger) // length).label("quarter")
    query = select(quarter, func.count()).where(*_of_postings(conn, shops, since), alert.c.opened_at >= since)
    query = query.group_by(quarter).order_by(quarter)
    return {_EPOCH + quarter * QUARTER: count for quarter, count in conn.execute(query)}


def open_in(conn: Connection, periods: Sequence[Interval], *, shops: Collection[str]) -> list[Open]:
    """Per cause, how many postings were late at any time in each period (its end excluded); by cause."""
    if not periods:
        return []
    cause = cause_of(conn).label("cause")
    counts = [func.count().filter(alert.c.opened_at < one.latest, _is_open_at(one.earliest)) for one in periods]
    first, last = min(one.earliest for one in periods), max(one.latest for one in periods)
    query = select(cause, *counts).where(*_of_postings(conn, shops, first), alert.c.opened_at < last)
    query = query.group_by(cause).order_by(cause)
    return [Open(cause, tuple(counts)) for cause, *counts in conn.execute(query)]


def _of_postings(conn: Connection, shops: Collection[str], since: datetime) -> tuple[ColumnElement[bool], ...]:
    """The alerts that were open at `since` or later; the index on their ends avoids reading all earlier ones.

    The shops are selected by id: with a join, SQLite would scan that index once for each of them.
    """
    ids = conn.scalars(select(shop.c.id).where(shop.c.name.in_(shops))).all()
    return alert.c.shop_id.in_(ids), alerts.of_posting, alerts.is_real, _is_open_at(since)


def _is_open_at(at: datetime) -> ColumnElement[bool]:
    return or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= at)


def cause_of(conn: Connection) -> ColumnElement[str]:
    """The notified cause; for alerts explained by an incident or never notified, the cause that was found."""
    return func.coalesce(alert.c.told_cause, alerts.said(conn, "cause"))


def gaps(conn: Connection, shop_name: str, within: Interval, *, longer_than: timedelta) -> list[Interval]:
    """When a shop was not read completely for this long, within a period; oldest first."""
    at = poll.c.finished_at
    of_shop = _complete(shop_name)
    begin = conn.scalar(select(func.max(at)).where(of_shop, at <= within.earliest)) or within.earliest
    before = func.lag(at, type_=at.type).over(order_by=at)
    reads = select(before.label("earliest"), _began.label("latest")).where(of_shop, at >= begin).subquery("reads")
    length = type_coerce(reads.c.latest, BigInteger) - type_coerce(reads.c.earliest, BigInteger)
    query = select(reads.c.earliest, reads.c.latest).where(length > mapping.milliseconds(longer_than))
    found = [Interval(*row) for row in conn.execute(query.order_by(reads.c.latest))]
    inside = select(poll.c.gap_from, poll.c.gap).where(
        of_shop, at >= begin, poll.c.gap > mapping.milliseconds(longer_than)
    )
    found += [Interval(since, since + timedelta(milliseconds=gap)) for since, gap in conn.execute(inside)]
    found.sort(key=lambda one: one.latest)
    last = conn.scalar(select(func.max(at)).where(of_shop))
    if last is not None and within.latest - last > longer_than:
        found.append(Interval(last, within.latest))
    return [
        Interval(max(one.earliest, within.earliest), min(one.latest, within.latest))
        for one in found
        if one.earliest < within.latest and one.latest > within.earliest
    ]


def unwatched(conn: Connection, shop_name: str, within: Interval, *, longer_than: timedelta) -> list[Interval]:
    """The same with the time before the shop was first read; oldest first."""
    first = first_read(conn, shop_name)
    if first is None or first >= within.latest:
        return [within]
    if first - within.earliest <= longer_than:
        return gaps(conn, shop_name, within, longer_than=longer_than)
    later = gaps(conn, shop_name, Interval(first, within.latest), longer_than=longer_than)
    return [Interval(within.earliest, first), *later]


def first_read(conn: Connection, shop_name: str) -> datetime | None:
    """The first complete poll of a shop that is kept; None = there is none."""
    query = select(_began).where(_complete(shop_name)).order_by(poll.c.finished_at).limit(1)
    found: datetime | None = conn.scalar(query)
    return found


_began = func.coalesce(poll.c.first_at, poll.c.finished_at, type_=poll.c.finished_at.type)
"""When the first poll of a row finished."""


def _complete(shop_name: str) -> ColumnElement[bool]:
    """The complete polls of a shop."""
    return and_(
        poll.c.shop_id == select(shop.c.id).where(shop.c.name == shop_name).scalar_subquery(), poll.c.complete
    )
