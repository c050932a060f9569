"""What new orders need before they are packed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, or_, select, true, update
from sqlalchemy.sql import ColumnElement

from labelwatch.core.alert import Diagnosis
from labelwatch.core.arrival import Need
from labelwatch.core.posting import Known
from labelwatch.store import mapping
from labelwatch.store.alert_json import read_diagnosis, write_diagnosis
from labelwatch.store.dedup import insert
from labelwatch.store.postings import chunks, known_by_id
from labelwatch.store.schema import alert, posting, shop
from labelwatch.store.schema_settings import need

_UNCHECKED = ""
_is_open = need.c.gone_at.is_(None)
is_unchecked = and_(need.c.cause == _UNCHECKED, _is_open)


def put(
    conn: Connection,
    shop_id: int,
    found: Mapping[str, Sequence[Need]],
    *,
    at: datetime,
    tell_at: Mapping[str, datetime | None],
) -> None:
    """Store what these postings need now, by number; what they no longer need is gone. What was found before keeps
    the time at which it was found, and that people were told of it."""
    ids = _ids(conn, shop_id, list(found))
    for some in chunks(list(ids.values())):
        conn.execute(
            update(need).where(need.c.posting_id.in_(some), need.c.cause != _UNCHECKED, _is_open).values(gone_at=at)
        )
    rows = [
        _row(shop_id, ids[number], one, at=at, tell_at=tell_at.get(number))
        for number, each in found.items()
        if number in ids
        for one in each
    ]
    if rows:
        statement = insert(conn, need)
        kept = {"gone_at": None, "diagnosis": statement.excluded.diagnosis, "skus": statement.excluded.skus}
        conn.execute(statement.on_conflict_do_update(index_elements=["posting_id", "cause"], set_=kept), rows)


def _row(shop_id: int, posting_id: int, one: Need, *, at: datetime, tell_at: datetime | None) -> mapping.Values:
    return {
        "posting_id": posting_id,
        "cause": one.cause,
        "shop_id": shop_id,
        "found_at": at,
        "tell_at": tell_at,
        "is_listed": False,
        "diagnosis": write_diagnosis(one.diagnosis),
        "skus": " ".join(one.skus),
    }


def leave_unchecked(conn: Connection, shop_id: int, numbers: Sequence[str], *, at: datetime) -> None:
    """Note that the limits of the drop-off point are still to be asked for these new postings."""
    unchecked = {
        "shop_id": shop_id,
        "cause": _UNCHECKED,
        "found_at": at,
        "is_listed": False,
        "diagnosis": "",
        "skus": "",
    }
    rows = [{"posting_id": id_, **unchecked} for id_ in _ids(conn, shop_id, numbers).values()]
    if rows:
        conn.execute(insert(conn, need).on_conflict_do_nothing(), rows)


def unchecked(conn: Connection, shop_id: int, *, limit: int) -> list[Known]:
    """New postings whose limits are still to be asked for."""
    query = select(need.c.posting_id).where(need.c.shop_id == shop_id, need.c.cause == _UNCHECKED, _is_open)
    return known_by_id(conn, list(conn.scalars(query.limit(limit))))


def checked(conn: Connection, posting_ids: Sequence[int]) -> None:
    """Note that the limits of these postings were asked for."""
    for some in chunks(posting_ids):
        conn.execute(delete(need).where(need.c.posting_id.in_(some), need.c.cause == _UNCHECKED))


def due(conn: Connection, shop_id: int, now: datetime) -> bool:
    """Take the needs that people are to be told of now; whether there are any. Those of a posting whose alert was
    notified already count as told."""
    is_due = (need.c.shop_id == shop_id, need.c.tell_at <= now)
    told = (
        select(posting.c.id)
        .join(alert, (alert.c.shop_id == posting.c.shop_id) & (alert.c.posting_number == posting.c.number))
        .where(posting.c.shop_id == shop_id, alert.c.resolved_at.is_(None), alert.c.told_at.is_not(None))
    )
    known = need.c.posting_id.in_(told.scalar_subquery())
    if conn.scalar(select(func.count()).where(*is_due)) == 0:
        return False
    conn.execute(update(need).where(*is_due, or_(known, need.c.gone_at.is_not(None))).values(tell_at=None))
    return conn.execute(update(need).where(*is_due).values(tell_at=None, told_at=now)).rowcount > 0


def list_since(conn: Connection, shops: Collection[str], since: datetime, until: datetime) -> None:
    """Note that a shift summary about these shops (empty = all) lists what was found in this time."""
    conn.execute(
        update(need)
        .where(need.c.found_at > since, need.c.found_at <= until, need.c.told_at.is_(None), _in(shops))
        .values(tell_at=None, told_at=until, is_listed=True)
    )


def listed(conn: Connection, shops: Collection[str], since: datetime, until: datetime) -> list[Diagnosis]:
    """What a shift summary lists: open needs that were found in this time, and not told at once."""
    when = (need.c.found_at > since, need.c.found_at <= until, or_(need.c.told_at.is_(None), need.c.is_listed))
    return list(_rows(conn, *when, _in(shops), _is_open))


def told_at(conn: Connection, shops: Collection[str], at: datetime) -> list[Diagnosis]:
    """What people are told at once as of this time."""
    return list(_rows(conn, need.c.told_at == at, need.c.is_listed.is_(False), _in(shops)))


def open_needs(conn: Connection, shops: Collection[str] = ()) -> list[Diagnosis]:
    """Everything that is needed now; `shops` empty = all."""
    return list(_rows(conn, _in(shops), _is_open))


def count(conn: Connection, shops: Collection[str]) -> int:
    """How many orders need something now."""
    query = select(func.count(need.c.posting_id.distinct())).where(need.c.cause != _UNCHECKED, _in(shops), _is_open)
    return conn.execute(query).scalar_one()


def recurring(conn: Connection, shops: Collection[str], *, since: datetime) -> dict[tuple[str, str, str], int]:
    """(shop, cause, SKU) -> the orders that needed something for this product since then."""
    query = (
        select(shop.c.name, need.c.cause, need.c.skus)
        .join(shop, shop.c.id == need.c.shop_id)
        .where(need.c.found_at >= since, need.c.cause != _UNCHECKED, _in(shops))
    )
    counts: dict[tuple[str, str, str], int] = {}
    for name, cause, skus in conn.execute(query):
        for sku in skus.split():
            counts[name, cause, sku] = counts.get((name, cause, sku), 0) + 1
    return counts


def _in(shops: Collection[str]) -> ColumnElement[bool]:
    return need.c.shop_id.in_(select(shop.c.id).where(shop.c.name.in_(shops))) if shops else true()


def _rows(conn: Connection, *where: ColumnElement[bool]) -> Iterator[Diagnosis]:
    query = select(need.c.diagnosis).where(need.c.cause != _UNCHECKED, *where)
    for text in conn.scalars(query.order_by(need.c.found_at, need.c.posting_id, need.c.cause)):
        yield read_diagnosis(text)


def _ids(conn: Connection, shop_id: int, numbers: Sequence[str]) -> dict[str, int]:
    found = {}
    for some in chunks(numbers):
        query = select(posting.c.number, posting.c.id).where(posting.c.shop_id == shop_id, posting.c.number.in_(some))
        found.update({row.number: row.id for row in conn.execute(query)})
    return found
