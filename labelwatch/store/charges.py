"""What Ozon charged for single orders, and what is known of these orders here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select

from labelwatch.core.alert import Alert
from labelwatch.core.error_index import Charge, Charged
from labelwatch.core.period_report import cause_of
from labelwatch.core.posting import Interval
from labelwatch.store import alerts, mapping
from labelwatch.store.dedup import upsert
from labelwatch.store.postings import chunks
from labelwatch.store.schema import alert, delivery_method, notification, posting, shop
from labelwatch.store.schema_settings import charge
from labelwatch.store.values import OutboxState

_ARRIVED = (OutboxState.SENT.value, OutboxState.UNVERIFIED.value)
_KEY = ("shop_id", "posting_number", "kind")
_FIELDS = ("at", "cost", "currency", "percent", "is_spared")


def put(conn: Connection, shop_id: int, charges: Sequence[Charge], *, since: datetime) -> None:
    """Store all charges of a shop since a time; what Ozon has taken back is removed."""
    conn.execute(delete(charge).where(charge.c.shop_id == shop_id, charge.c.at >= since))
    rows = [
        {
            "shop_id": shop_id,
            "posting_number": one.posting_number,
            "kind": one.kind,
            "at": one.at,
            "cost": str(one.cost),
            "currency": one.currency,
            "percent": one.percent,
            "is_spared": one.is_spared,
        }
        for one in charges
    ]
    if rows:
        conn.execute(upsert(conn, charge, key=_KEY, overwrite=_FIELDS), rows)


def find(
    conn: Connection, shops: Collection[str], within: Interval | None = None, *, posting_number: str | None = None
) -> list[Charged]:
    """The charges of these shops, oldest first, each beside what is known of its order."""
    query = (
        select(
            charge,
            shop.c.name.label("shop"),
            posting.c.id.label("posting_id"),
            posting.c.label_latest,
            posting.c.cutoff,
            posting.c.hard_cutoff,
            delivery_method.c.carrier,
        )
        .join(shop, shop.c.id == charge.c.shop_id)
        .outerjoin(posting, and_(posting.c.shop_id == charge.c.shop_id, posting.c.number == charge.c.posting_number))
        .outerjoin(delivery_method, delivery_method.c.id == posting.c.method_id)
        .where(shop.c.name.in_(shops))
        .order_by(charge.c.at, charge.c.posting_number, charge.c.kind)
    )
    if within is not None:
        query = query.where(charge.c.at >= within.earliest, charge.c.at < within.latest)
    if posting_number is not None:
        query = query.where(charge.c.posting_number == posting_number)
    rows = conn.execute(query).all()
    late = _alerts(conn, {row.posting_number for row in rows})
    sent = first_sent(conn, [one.id for some in late.values() for one in some if one.id is not None])
    return [_charged(row, late.get((row.shop, row.posting_number), ()), sent) for row in rows]


def first_sent(conn: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """Alert id -> when its first message arrived."""
    n, found = notification.c, dict[int, datetime]()
    for some in chunks(ids):
        first = func.min(n.sent_at, type_=n.sent_at.type)
        query = select(n.alert_id, first).where(n.alert_id.in_(some), n.state.in_(_ARRIVED), n.sent_at.is_not(None))
        found |= {id_: at for id_, at in conn.execute(query.group_by(n.alert_id))}  # noqa: C416 - rows, not pairs
    return found


def _charged(row: Any, late: Sequence[Alert], sent: Mapping[int, datetime]) -> Charged:
    told = (at for one in late if (at := sent.get(one.id or 0)) is not None)
    taken = (one.handled_at for one in late if one.handled_by and one.handled_at is not None)
    deadlines = [one.diagnosis.deadline for one in late if one.diagnosis.deadline is not None]
    return Charged(
        shop=row.shop,
        charge=Charge(
            row.posting_number, row.kind, row.at, Decimal(row.cost), row.currency, row.percent, row.is_spared
        ),
        cause=cause_of(late[-1]) if late else "",
        carrier=row.carrier or "",
        told_at=min(told, default=None),
        taken_at=min(taken, default=None),
        labelled_at=row.label_latest,
        deadline=row.hard_cutoff or row.cutoff or (deadlines[-1] if deadlines else None),
        is_known=row.posting_id is not None,
    )


def _alerts(conn: Connection, numbers: Collection[str]) -> Mapping[tuple[str, str], Sequence[Alert]]:
    """(Shop, posting number) -> the alerts about it, oldest first."""
    found: dict[tuple[str, str], list[Alert]] = {}
    for some in chunks(sorted(numbers)):
        query = select(alert).where(alert.c.posting_number.in_(some), alerts.of_posting, alerts.is_real)
        for row in conn.execute(query.order_by(alert.c.id)):
            one = mapping.alert(row)
            found.setdefault((one.diagnosis.shop, one.diagnosis.posting_number or ""), []).append(one)
    return found
