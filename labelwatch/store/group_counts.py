"""Counts late labels and labels that came, over all shops, for the detection of incidents."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, literal, select

from labelwatch.core.incidents import GroupCount
from labelwatch.core.posting import Stage
from labelwatch.store.alerts import said
from labelwatch.store.schema import alert, delivery_method, posting, shop

# Written out: SQLite uses a partial index only where the query repeats the index's condition.
_is_done = posting.c.stage == literal(Stage.DONE.value, literal_execute=True)
_is_open = alert.c.resolved_at.is_(None)
_waits = alert.c.kind != literal("", literal_execute=True)


def waiting(conn: Connection, *, since: datetime, shops: Collection[str] | None = None) -> list[GroupCount]:
    """For these shops (None = all), per carrier and kind: the open alerts without a cause of their own, waiting since
    then."""
    query = (
        select(
            shop.c.name,
            alert.c.carrier,
            alert.c.kind,
            func.count().label("late"),
            func.min(alert.c.waiting_since).label("since"),
            func.min(alert.c.deadline).label("deadline"),
            func.min(said(conn, "act_by")).label("act_by"),
        )
        .join(shop, alert.c.shop_id == shop.c.id)
        .where(_is_open, _waits, alert.c.waiting_since >= since)
        .group_by(shop.c.name, alert.c.carrier, alert.c.kind)
        .order_by(shop.c.name, alert.c.carrier, alert.c.kind)
    )
    if shops is not None:
        query = query.where(shop.c.name.in_(shops))
    return [
        GroupCount(row.name, row.carrier, row.late, 0, row.kind, row.since, row.deadline, _moment(row.act_by))
        for row in conn.execute(query)
    ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def fine(conn: Connection, *, since: datetime, shops: Collection[str]) -> list[GroupCount]:
    """For these shops, per carrier: the postings whose label came after `since`, in any later state.

    A label that is no longer offered does not count. The index alone answers this: thousands of postings need not be
    read while all writers wait.
    """
    counted = (
        select(posting.c.method_id, func.count().label("fine"))
        .where(posting.c.label_latest >= since, _is_done)
        .group_by(posting.c.method_id)
        .subquery("fine")
    )
    query = (
        select(shop.c.name, delivery_method.c.carrier, func.sum(counted.c.fine).label("fine"))
        .join(shop, delivery_method.c.shop_id == shop.c.id)
        .join(counted, counted.c.method_id == delivery_method.c.id)
        .where(shop.c.name.in_(shops))
        .group_by(shop.c.name, delivery_method.c.carrier)
        .order_by(shop.c.name, delivery_method.c.carrier)
    )
    return [GroupCount(row.name, row.carrier, 0, int(row.fine)) for row in conn.execute(query)]
