"""The league table against the raw history: what plain SQL counts, and waits read from it one by one."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil, inf
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from labelwatch.core.league import CARRIER_CAUSES, Standing, league
from labelwatch.core.posting import Interval
from labelwatch.store import Store
from tests.store.build import NOW

DAYS = timedelta(days=28)
WITHIN, BEFORE = Interval(NOW - DAYS, NOW), Interval(NOW - 2 * DAYS, NOW - DAYS)
ERROR = timedelta(minutes=6)
SHOPS = ("main", "north")

COUNTS = """
SELECT m.carrier, m.name, count(*),
  sum(CASE WHEN p.label_latest IS NOT NULL THEN 1 ELSE 0 END),
  sum(CASE WHEN EXISTS (SELECT 1 FROM alert a WHERE a.shop_id = p.shop_id AND a.posting_number = p.number)
    THEN 1 ELSE 0 END),
  sum(CASE WHEN EXISTS (SELECT 1 FROM history h JOIN state s ON s.id = h.state_id
    WHERE h.posting_id = p.id AND s.substatus = 'posting_registration_error') THEN 1 ELSE 0 END)
FROM posting p JOIN delivery_method m ON m.id = p.method_id JOIN shop ON shop.id = p.shop_id
WHERE p.first_seen >= :since AND p.first_seen < :until AND shop.name IN ('main', 'north')
GROUP BY m.carrier, m.name
"""
HISTORY = """
SELECT m.carrier, m.name, p.id, h.seen_at, h.unseen, s.status, s.actions, p.closed_at
FROM posting p JOIN delivery_method m ON m.id = p.method_id
JOIN history h ON h.posting_id = p.id JOIN state s ON s.id = h.state_id
WHERE p.first_seen >= :since AND p.first_seen < :until ORDER BY p.id, h.seen_at
"""


def rows(store: Store, query: str, within: Interval = WITHIN) -> list[Any]:
    """Plain SQL, past everything that the store would do."""
    times = {"since": milliseconds(within.earliest), "until": milliseconds(within.latest)}
    with store._engine.connect() as conn:
        return list(conn.execute(text(query), times))


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def table(store: Store, shops: tuple[str, ...] = SHOPS) -> dict[tuple[str, str], Standing]:
    now, before = (store.carriers.period(one, shops=shops) for one in (WITHIN, BEFORE))
    lines = league(now, before, zone=ZoneInfo("UTC"), error=ERROR)
    return {(line.carrier, line.method): line for line in lines if line.method}


def test_the_counts_are_those_of_plain_sql(month: Store) -> None:
    found = {key: (line.orders, line.labelled, line.late, line.declined) for key, line in table(month).items()}
    assert found == {(row[0], row[1]): tuple(row[2:]) for row in rows(month, COUNTS)}
    earlier = {key: line.before and line.before.orders for key, line in table(month).items()}
    assert earlier == {(row[0], row[1]): row[2] for row in rows(month, COUNTS, BEFORE)}


def test_late_at_the_carrier_is_what_its_causes_say(month: Store) -> None:
    waited = Counter(
        (alert.diagnosis.method.carrier, alert.diagnosis.method.name)
        for alert in month.alerts.find(open_only=False)
        if alert.diagnosis.cause in CARRIER_CAUSES and is_new(month, alert.diagnosis.posting_number)
    )
    found = {key: line.late_waiting for key, line in table(month).items() if line.late_waiting}
    assert found == waited


def is_new(store: Store, number: str | None) -> bool:
    return any(
        WITHIN.earliest <= known.track.first_seen < WITHIN.latest
        for known in store.postings.find(number or "").values()
    )


def label_waits(store: Store) -> Iterator[tuple[tuple[str, str], float, float]]:
    """Of each order that waited for its label: the shortest and the longest time, the latter infinite where its end
    is not known; from the history alone."""
    orders: dict[int, list[Any]] = {}
    for row in rows(store, HISTORY):
        orders.setdefault(row.id, []).append(row)
    for states in orders.values():
        method = (states[0].carrier, states[0].name)
        entered = next((n for n, row in enumerate(states) if waits(row)), None)
        if entered is None:
            continue
        left = next((row for row in states[entered:] if not waits(row)), None)
        begin, first_seen = states[entered].seen_at - (states[entered].unseen or 0), states[entered].seen_at
        if left is None:
            read_from = milliseconds(NOW - timedelta(seconds=65))
            yield method, max(read_from - first_seen, 0), inf
        elif "label_download" not in left.actions:
            yield method, left.seen_at - left.unseen - first_seen, inf
        else:
            shortest, longest = max(left.seen_at - left.unseen - first_seen, 0), left.seen_at - begin
            yield method, shortest, longest if longest - shortest <= ERROR / timedelta(milliseconds=1) else inf


def waits(row: Any) -> bool:
    return row.status == "awaiting_deliver" and "label_download" not in row.actions


def half(cases: list[tuple[float, float]]) -> float | None:
    """The median by definition: the product over all ends so far of the share of those at risk that went on."""
    waiting, times = 1.0, sorted({longest for _, longest in cases if longest < inf})
    for time in times:
        over = sum(longest == time for _, longest in cases)
        at_risk = sum((longest if longest < inf else shortest) >= time for shortest, longest in cases)
        waiting *= 1 - over / at_risk
        if waiting <= 0.5 + 1e-9:
            return time
    return None


def test_the_label_times_are_those_of_the_raw_history(month: Store) -> None:
    waited: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for method, shortest, longest in label_waits(month):
        waited.setdefault(method, []).append((shortest, longest))
    for key, line in table(month).items():
        cases, median = waited[key], half(waited[key])
        assert line.label.ended == sum(longest < inf for _, longest in cases)
        assert line.label.unfinished == sum(longest == inf for _, longest in cases)
        assert line.label.median == (median and timedelta(seconds=ceil(median / 1000)))


def test_a_shop_is_counted_alone(month: Store) -> None:
    both, one, other = table(month), table(month, ("main",)), table(month, ("north",))
    assert {key: one[key].orders + other[key].orders for key in both} == {key: both[key].orders for key in both}
    assert table(month, ("none",)) == {}


def test_the_longest_waits_come_first_and_are_late_at_the_carrier(month: Store) -> None:
    found = month.carriers.longest_waits("Silk Road Express", WITHIN, shops=SHOPS, limit=5)
    assert len(found) == 5
    assert [one.waited for one in found] == sorted((one.waited for one in found), reverse=True)
    for one in found:
        (alert,) = month.alerts.find(posting_number=one.number, open_only=False)
        assert alert.diagnosis.cause in CARRIER_CAUSES
        assert one.label_at is not None or one.closed_at is not None or alert.resolved_at is None
