"""The facts of the report of a day or a week; part of Store, as `store.reports`.

They are read by the indexes on open and closed postings and on open and resolved alerts, so older ones cost nothing.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import Connection, and_, func, or_, select

from labelwatch.core.alert import Alert
from labelwatch.core.baseline import LEARN_WITHIN
from labelwatch.core.league import Times, times
from labelwatch.core.period_report import NEEDED_FOR, PeriodReport, ShopFacts, report
from labelwatch.core.posting import Interval
from labelwatch.core.quiet_hours import days_of
from labelwatch.store import alerts, carriers, charges, charts, mapping, needs
from labelwatch.store.alerts import of_posting
from labelwatch.store.schema import alert, posting, shop

GAP = 3
"""Missed polls in a row after which a shop counts as not watched."""


def read(conn: Connection, shops: Mapping[str, timedelta], within: Interval, *, zone: str) -> PeriodReport:
    """The report of these shops (name -> poll interval) over a period, its days those of a time zone."""
    counts, own = _counts(conn, within, shops), _alerts(conn, within, shops)
    sent = charges.first_sent(conn, [one.id for some in own.values() for one in some if one.id is not None])
    charged = charges.find(conn, shops, within)
    facts = [
        ShopFacts(
            shop=name,
            orders=counts.get(name, (0, 0))[0],
            labelled=counts.get(name, (0, 0))[1],
            alerts=tuple(own.get(name, ())),
            sent=sent,
            unwatched=tuple(charts.unwatched(conn, name, within, longer_than=GAP * every)),
            first_read=charts.first_read(conn, name),
            charged=tuple(one for one in charged if one.shop == name),
        )
        for name, every in shops.items()
    ]
    before = Interval(within.earliest - (within.latest - within.earliest), within.earliest)
    needed = _needed(conn, within, shops)
    label, earlier = (_label_times(conn, one, shops) for one in (within, before))
    days = days_of(within, zone)
    return report(facts, within, days=days, needed=needed, label=label, label_before=earlier)


def _needed(conn: Connection, within: Interval, shops: Collection[str]) -> Counter[tuple[str, str]]:
    """(cause, SKU) -> how many orders needed something for it, for some time up to now."""
    found = Counter[tuple[str, str]]()
    if shops:  # none would mean all
        for (_, cause, sku), n in needs.recurring(conn, shops, since=within.latest - NEEDED_FOR).items():
            found[cause, sku] += n
    return found


def _label_times(conn: Connection, within: Interval, shops: Mapping[str, timedelta]) -> Times:
    error = max([LEARN_WITHIN, *(GAP * every for every in shops.values())])
    if not shops:  # which would mean all
        return times([], error)
    lots = carriers.period(conn, within, shops=list(shops)).lots
    return times([wait for lot in lots for wait in lot.label], error)


def _counts(conn: Connection, within: Interval, shops: Collection[str]) -> dict[str, tuple[int, int]]:
    """Shop -> orders first seen, and labels first offered, in the period."""
    ids = {row.id: row.name for row in conn.execute(select(shop.c.id, shop.c.name).where(shop.c.name.in_(shops)))}
    came, offered = (
        and_(at >= within.earliest, at < within.latest) for at in (posting.c.first_seen, posting.c.label_latest)
    )
    query = select(posting.c.shop_id, func.count().filter(came), func.count().filter(offered))
    found: dict[str, tuple[int, int]] = {}
    for alive in (posting.c.closed_at.is_(None), posting.c.closed_at >= within.earliest):
        where = (alive, (posting.c.shop_id + 0).in_(ids))  # not by an index, as in carriers.py
        for id_, orders, labels in conn.execute(query.where(*where).group_by(posting.c.shop_id)):
            before = found.get(ids[id_], (0, 0))
            found[ids[id_]] = (before[0] + orders, before[1] + labels)
    return found


def _alerts(conn: Connection, within: Interval, shops: Collection[str]) -> dict[str, list[Alert]]:
    """Shop -> the alerts of its postings that were open at some time in the period."""
    ids = conn.scalars(select(shop.c.id).where(shop.c.name.in_(shops))).all()
    lasted = or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= within.earliest)
    query = select(alert).where(
        lasted,
        alert.c.opened_at < within.latest,
        alert.c.shop_id.in_(ids),
        of_posting,
        alerts.is_real,
    )
    found: dict[str, list[Alert]] = {}
    for row in conn.execute(query.order_by(alert.c.id)):
        one = mapping.alert(row)
        found.setdefault(one.diagnosis.shop, []).append(one)
    return found
