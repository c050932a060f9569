"""Shops, the state of reading them, and the postings that could not be read."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from labelwatch.store import mapping
from labelwatch.store.dedup import insert
from labelwatch.store.schema import posting, quarantine, shop
from labelwatch.store.values import QuarantineRow, ShopState

_named = select(shop).where(shop.c.name == bindparam("name"))
_set_policy = update(shop).where(shop.c.id == bindparam("shop")).values(policy=bindparam("rules"))


def every(conn: Connection) -> list[ShopState]:
    """All shops ever configured, by name."""
    return [mapping.shop(row) for row in conn.execute(select(shop).order_by(shop.c.name))]


def failing(conn: Connection) -> int:
    """How many shops could not be read at the last poll."""
    return conn.scalar(select(func.count()).where(shop.c.failing_since.is_not(None))) or 0


def read_at(conn: Connection) -> dict[str, datetime]:
    """Name -> when a shop was last read completely, for shops that did not fail since."""
    query = select(shop.c.name, shop.c.read_at).where(shop.c.read_at.is_not(None), shop.c.failing_since.is_(None))
    return {row.name: row.read_at for row in conn.execute(query)}


def named(conn: Connection, name: str) -> ShopState | None:
    """One shop."""
    row = conn.execute(_named, {"name": name}).one_or_none()
    return mapping.shop(row) if row else None


def sync(conn: Connection, wanted: Sequence[tuple[str, str]]) -> None:
    """Store the (name, client id) pairs of the configuration; nothing is removed.

    The client id identifies a shop: a renamed shop keeps its postings, and a name that now means another
    cabinet does not inherit those of the old one.
    """
    there = {state.client_id: state.name for state in every(conn)}
    names = _names(there, wanted)
    moved = [client_id for client_id, name in there.items() if names[client_id] != name]
    for client_id in moved:  # two of them may swap names: free both names first
        _rename(conn, client_id, f"(renamed) {client_id}")
    for client_id in moved:
        _rename(conn, client_id, names[client_id])
    fresh = {"policy": "", "failures": 0, "cause": "", "detail": ""}
    added = [{"name": name, "client_id": client_id, **fresh} for name, client_id in wanted if client_id not in there]
    if added:
        conn.execute(shop.insert(), added)


def _names(there: dict[str, str], wanted: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Client id -> name; a shop that is no longer configured gives up its name to the shop that now has it."""
    names = {client_id: name for name, client_id in wanted}
    taken = set(names.values())
    for client_id, name in there.items():
        if client_id not in names:
            while name in taken:
                name += f" ({client_id})"
            names[client_id] = name
            taken.add(name)
    return names


def _rename(conn: Connection, client_id: str, name: str) -> None:
    conn.execute(update(shop).where(shop.c.client_id == client_id).values(name=name))


def mark_read(conn: Connection, shop_id: int, *, started_at: datetime, finished_at: datetime) -> None:
    """A complete sweep: the shop is readable again."""
    seen = {"read_from": started_at, "read_at": finished_at}
    well = {"failing_since": None, "failures": 0, "cause": "", "detail": "", "retry_at": None}
    conn.execute(update(shop).where(shop.c.id == shop_id).values(**seen, **well))


def mark_failed(
    conn: Connection, shop_id: int, *, at: datetime, cause: str, detail: str, retry_at: datetime | None = None
) -> None:
    """A failed poll."""
    conn.execute(
        update(shop)
        .where(shop.c.id == shop_id)
        .values(
            failing_since=func.coalesce(shop.c.failing_since, bindparam("first_at", at, shop.c.failing_since.type)),
            failures=shop.c.failures + 1,
            cause=cause,
            detail=detail,
            retry_at=retry_at,
        )
    )


def set_policy(conn: Connection, shop_id: int, policy: str) -> None:
    """Store the delay policy with which all late times of a shop are now computed."""
    conn.execute(_set_policy, {"shop": shop_id, "rules": policy})


def open_counts(conn: Connection) -> dict[str, int]:
    """Shop name -> how many of its postings are open."""
    is_open = (posting.c.shop_id == shop.c.id) & posting.c.closed_at.is_(None)
    count = select(func.count(posting.c.id)).where(is_open).scalar_subquery()
    return dict(conn.execute(select(shop.c.name, count)).all())


def put_aside(conn: Connection, shop_id: int, *, path: str, number: str, problem: str, at: datetime) -> None:
    """Record a posting that could not be read; `path` says where decoding failed."""
    place = re.sub(r"\[\d+\]", "[]", path)
    seen = {"path": path, "problem": problem, "last_seen": at}
    fresh = {"shop_id": shop_id, "number": number, "place": place, "first_seen": at, **seen}
    statement = insert(conn, quarantine).values(**fresh)
    conn.execute(statement.on_conflict_do_update(index_elements=["shop_id", "number", "place"], set_=seen))


def quarantined(conn: Connection, since: datetime) -> list[QuarantineRow]:
    """The postings that could not be read, seen after `since`, latest first."""
    query = select(shop.c.name, quarantine).join(shop, quarantine.c.shop_id == shop.c.id)
    found = conn.execute(query.where(quarantine.c.last_seen >= since).order_by(quarantine.c.last_seen.desc()))
    return [
        QuarantineRow(row.name, row.path, row.number, row.problem, row.first_seen, row.last_seen) for row in found
    ]
