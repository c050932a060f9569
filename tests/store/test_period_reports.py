"""The weekly report against plain SQL over the raw history, and what it says of a time that nobody watched."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from labelwatch.core.arrival import Need
from labelwatch.core.period_report import PeriodReport
from labelwatch.core.posting import Interval
from labelwatch.store import Store
from tests.store.build import DIAGNOSIS, NOW, change, put, several

WEEKS = [Interval(NOW - timedelta(days=7 * n + 7), NOW - timedelta(days=7 * n)) for n in range(6)]
SHOPS = {"main": timedelta(hours=1), "north": timedelta(hours=1)}

COUNTS = """
SELECT shop.name,
  (SELECT count(*) FROM posting p WHERE p.shop_id = shop.id AND p.first_seen >= :since AND p.first_seen < :until),
  (SELECT count(*) FROM label_evidence e JOIN posting p ON p.id = e.posting_id
    WHERE p.shop_id = shop.id AND e.level = 'offered' AND e.seen_at >= :since AND e.seen_at < :until),
  (SELECT count(DISTINCT a.posting_number) FROM alert a
    WHERE a.shop_id = shop.id AND a.opened_at >= :since AND a.opened_at < :until),
  (SELECT count(DISTINCT a.posting_number) FROM alert a JOIN notification n ON n.alert_id = a.id
    WHERE a.shop_id = shop.id AND a.opened_at >= :since AND a.opened_at < :until
      AND n.state = 'sent' AND n.sent_at < :until),
  (SELECT count(DISTINCT a.posting_number) FROM alert a JOIN notification n ON n.alert_id = a.id
    WHERE a.shop_id = shop.id AND a.resolved_at >= :since AND a.resolved_at < :until AND n.state = 'sent'
      AND n.sent_at < a.resolved_at AND a.resolved_at <= a.deadline AND a.outcome = 'labelled'),
  (SELECT count(DISTINCT a.posting_number) FROM alert a
    WHERE a.shop_id = shop.id AND a.deadline >= :since AND a.deadline < :until
      AND (a.resolved_at IS NULL OR (a.resolved_at > a.deadline AND a.outcome = 'labelled')))
FROM shop ORDER BY shop.name
"""
CAUSES = """
SELECT coalesce(a.told_cause, {cause}), count(*) FROM alert a
WHERE a.shop_id IS NOT NULL AND a.opened_at >= :since AND a.opened_at < :until GROUP BY 1
"""
WAITED = """
SELECT sum(CASE WHEN coalesce(a.resolved_at, :until) < :until THEN a.resolved_at ELSE :until END
  - CASE WHEN a.opened_at > :since THEN a.opened_at ELSE :since END)
FROM alert a WHERE a.opened_at < :until AND (a.resolved_at IS NULL OR a.resolved_at > :since)
"""
OF = {"sqlite": "json_extract(a.diagnosis, '$.cause')", "postgresql": "a.diagnosis::json ->> 'cause'"}


def rows(store: Store, query: str, within: Interval) -> list[Any]:
    times = {
        name: (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
        for name, at in (("since", within.earliest), ("until", within.latest))
    }
    with store._engine.connect() as conn:
        return list(conn.execute(text(query), times))


def read(store: Store, within: Interval) -> PeriodReport:
    return store.reports.read(SHOPS, within, zone="Europe/Moscow")


def test_every_number_is_that_of_plain_sql(month: Store) -> None:
    seen = 0
    for week in WEEKS:
        found = read(month, week)
        told = [
            (one.shop, one.orders, one.labelled, one.late, one.told, one.rescued, one.missed) for one in found.shops
        ]
        assert told == [tuple(row) for row in rows(month, COUNTS, week)]
        causes = CAUSES.format(cause=OF[month._engine.dialect.name])
        assert found.total.by_cause == {cause: n for cause, n in rows(month, causes, week)}  # noqa: C416
        ((waited,),) = rows(month, WAITED, week)
        assert found.total.waiting == timedelta(milliseconds=int(waited or 0))
        seen += found.total.late
    assert seen > 20


def test_the_numbers_of_a_past_week_stay_as_they_were(month: Store) -> None:
    assert read(month, WEEKS[2]) == read(month, WEEKS[2])
    assert (
        sum(read(month, week).total.orders for week in WEEKS)
        == read(month, Interval(WEEKS[-1].earliest, NOW)).total.orders
    )


def test_what_was_not_watched_is_counted_from_the_polls(month: Store) -> None:
    main, north = read(month, WEEKS[0]).shops
    assert north.unwatched == timedelta(0)
    assert timedelta(hours=5) < main.unwatched < timedelta(hours=8)
    assert main.watched + main.unwatched == timedelta(days=7)


def test_of_a_time_before_the_first_poll_nothing_is_said(month: Store) -> None:
    old = Interval(NOW - timedelta(days=90), NOW - timedelta(days=83))
    found = read(month, old)
    assert found.total.watched == timedelta(0)
    assert len(found.dark_days) == 8
    assert (found.advice.change, found.idle_share) == ("watch", 1.0)


def test_products_that_need_something_again_and_again_recur_for_their_own_shops_only(store: Store) -> None:
    shop = put(store, *several(4))
    put(store, change(), shop="north")
    with store.write() as tx:
        need = Need(replace(DIAGNOSIS, cause="customs_number_missing"), skus=("777",))
        numbers = [f"{n:05d}-1" for n in range(4)]
        tx.needs.put(shop, dict.fromkeys(numbers, (need,)), at=NOW - timedelta(days=20), tell_at={})
    found = read(store, WEEKS[0])
    assert [(one.cause, one.name, one.n) for one in found.recurring] == [("customs_number_missing", "777", 4)]
    alone = store.reports.read({"north": timedelta(hours=1)}, WEEKS[0], zone="UTC")
    assert (alone.recurring, store.reports.read({}, WEEKS[0], zone="UTC").recurring) == ((), ())
