"""The polls of the shops: complete ones that follow each other are one row for each hour, every other has its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from sqlalchemy import Connection, bindparam, select, update

from labelwatch.store import mapping
from labelwatch.store.schema import poll, shop
from labelwatch.store.values import PollRow

HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES = [column.name for column in poll.c if column.name not in ("id", "shop_id")]


@dataclass(frozen=True, slots=True)
class Polled:
    """Polls of a shop to be stored; they join its last row unless it was unread for longer than `joins_within`."""

    shop_id: int
    row: PollRow
    joins_within: timedelta = timedelta(0)


def joined(before: PollRow, after: PollRow, within: timedelta) -> PollRow | None:
    """Two rows as one, with the results of the later poll; None if they are not to be one."""
    first, gap = after.first_at or after.finished_at, (after.first_at or after.finished_at) - before.finished_at
    began = before.first_at or before.finished_at
    is_same_hour = (began - _EPOCH) // HOUR == (after.finished_at - _EPOCH) // HOUR
    if not (before.complete and after.complete and is_same_hour and timedelta(0) <= gap <= within):
        return None
    gaps = [(before.gap, before.gap_from), (gap, first - gap), (after.gap, after.gap_from)]
    longest, since = max(gaps, key=itemgetter(0))
    polls = before.polls + after.polls
    return replace(after, polls=polls, first_at=began, gap=longest, gap_from=since)


_latest = (
    select(poll.c.id)
    .where(poll.c.shop_id == shop.c.id)
    .order_by(poll.c.finished_at.desc(), poll.c.id.desc())
    .limit(1)
    .correlate(shop)
    .scalar_subquery()
)
_last_rows = select(poll).where(
    poll.c.id.in_(select(_latest).where(shop.c.id.in_(bindparam("shops", expanding=True))))
)
_last_of_all = select(shop.c.name, poll).join(poll, poll.c.id == _latest)
_insert = poll.insert()
_update = update(poll).where(poll.c.id == bindparam("known_id")).values({name: bindparam(name) for name in _NAMES})
_mark_read = (
    update(shop)
    .where(shop.c.id == bindparam("known_id"))
    .values(read_from=bindparam("started_at"), read_at=bindparam("finished_at"))
)


def record_polls(conn: Connection, polled: Sequence[Polled]) -> None:
    """Store polls, at most one row of each shop."""
    before = {row.shop_id: row for row in conn.execute(_last_rows, {"shops": [one.shop_id for one in polled]})}
    fresh, known = list[mapping.Values](), list[mapping.Values]()
    for one in polled:
        old = before.get(one.shop_id)
        both = joined(_read(old), one.row, one.joins_within) if old is not None else None
        if old is None or both is None:
            fresh.append({"shop_id": one.shop_id, **_values(one.row)})
        else:
            known.append({"known_id": old.id, **_values(both)})
    if fresh:
        conn.execute(_insert, fresh)
    if known:
        conn.execute(_update, known)


def record_poll(conn: Connection, shop_id: int, row: PollRow, joins_within: timedelta = timedelta(0)) -> None:
    """Store one poll, as `Polled` says."""
    record_polls(conn, [Polled(shop_id, row, joins_within)])


def record_unchanged(conn: Connection, polled: Sequence[Polled]) -> None:
    """Store polls of readable shops that changed nothing, and when these were read."""
    reads = [
        {"known_id": one.shop_id, "started_at": one.row.started_at, "finished_at": one.row.finished_at}
        for one in polled
    ]
    conn.execute(_mark_read, reads)
    record_polls(conn, polled)


def last_polls(conn: Connection) -> Mapping[str, PollRow]:
    """Shop name -> its last poll, found by an index."""
    return {row.name: _read(row) for row in conn.execute(_last_of_all)}


def _values(row: PollRow) -> mapping.Values:
    return {name: getattr(row, name) for name in _NAMES} | {"gap": mapping.milliseconds(row.gap)}


def _read(row: mapping.AnyRow) -> PollRow:
    values = {name: getattr(row, name) for name in _NAMES}
    return PollRow(**values | {"gap": timedelta(milliseconds=row.gap)})
