"""Counts over all shops which labels are late and which came, so that one event can be told from many troubles."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, func, literal, or_, select

from labelwatch.core.incidents import Tally
from labelwatch.core.model import Stage
from labelwatch.schema import delivery_method, posting, shop

# Written out: SQLite uses a partial index only where it sees the index's own words.
_is_done = posting.c.stage == literal(Stage.DONE.value, literal_execute=True)


def late_waiting(conn: Connection, now: datetime) -> int:
    """How many packed postings of all shops wait for a late label; costs what is late, not what is open."""
    return conn.execute(select(func.count()).where(_is_late(select(shop.c.id), now))).scalar_one()


def tallies(conn: Connection, *, now: datetime, fine_since: datetime, shops: Collection[str]) -> list[Tally]:
    """Shop by shop and carrier by carrier, of these shops: the labels that are late, and those that came in time.

    In time = after `fine_since`, whatever became of the posting; one whose label is gone again does not count.
    """
    late, fine = _late(shops, now), _fine(fine_since)
    query = (
        select(
            shop.c.name,
            delivery_method.c.carrier,
            func.coalesce(func.sum(late.c.late), 0).label("late"),
            func.coalesce(func.sum(fine.c.fine), 0).label("fine"),
            func.min(late.c.since).label("since"),
            func.min(late.c.deadline).label("deadline"),
        )
        .join(shop, delivery_method.c.shop_id == shop.c.id)
        .outerjoin(late, late.c.method_id == delivery_method.c.id)
        .outerjoin(fine, fine.c.method_id == delivery_method.c.id)
        .where(shop.c.name.in_(shops), or_(late.c.late > 0, fine.c.fine > 0))
        .group_by(shop.c.name, delivery_method.c.carrier)
        .order_by(shop.c.name, delivery_method.c.carrier)
    )
    return [
        Tally(row.name, row.carrier, int(row.late), int(row.fine), row.since, row.deadline)
        for row in conn.execute(query)
    ]


def _late(shops: Collection[str], now: datetime) -> Subquery:
    return (
        select(
            posting.c.method_id,
            func.count().label("late"),
            func.min(posting.c.since_latest).label("since"),
            func.min(func.coalesce(posting.c.hard_cutoff, posting.c.cutoff)).label("deadline"),
        )
        .where(_is_late(select(shop.c.id).where(shop.c.name.in_(shops)), now))
        .group_by(posting.c.method_id)
        .subquery("late")
    )


def _fine(since: datetime) -> Subquery:
    """The index answers alone: thousands of postings need not be looked at while all writers wait."""
    return (
        select(posting.c.method_id, func.count().label("fine"))
        .where(posting.c.label_latest >= since, _is_done)
        .group_by(posting.c.method_id)
        .subquery("fine")
    )


def _is_late(shop_ids: Select[int], now: datetime) -> ColumnElement[bool]:
    """Names the shops even where all are meant: the index on late ones begins with the shop."""
    return and_(
        posting.c.shop_id.in_(shop_ids),
        posting.c.closed_at.is_(None),
        posting.c.late_at <= now,
        posting.c.stage.in_([Stage.REGISTRATION.value, Stage.LABEL.value]),
    )
