"""Who comes first in the league table, what is said of chance, and when the worst hours are named."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from labelwatch.core.league import ENOUGH, Lot, Period, Standing, WorstHours, league, worst_hours
from labelwatch.core.survival import Wait

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
ERROR = timedelta(minutes=6)


def lines(*lots: Lot, before: tuple[Lot, ...] = ()) -> tuple[Standing, ...]:
    return league(Period(lots, {"slow": 2}), Period(before, {}), zone=MOSCOW, error=ERROR)


def test_who_keeps_most_waiting_comes_first_and_few_orders_are_not_ranked() -> None:
    found = lines(
        Lot("good", "a", orders=100, late=30, late_waiting=1),
        Lot("rare", "b", orders=ENOUGH - 1, late_waiting=9),
        Lot("slow", "c", orders=100, late_waiting=8),
    )
    assert [(one.carrier, one.is_ranked, one.incidents) for one in found] == [
        ("slow", True, 2),
        ("good", True, 0),
        ("rare", False, 0),
    ]


def test_a_carrier_with_several_methods_has_a_line_of_its_own() -> None:
    wait = Wait(timedelta(0), timedelta(minutes=2))
    found = lines(
        Lot("slow", "few", orders=10, label=(wait,)),
        Lot("slow", "many", orders=30, label=(wait, wait)),
        Lot("x", "y"),
    )
    assert [(one.method, one.orders, one.label.ended) for one in found] == [
        ("", 40, 3),
        ("many", 30, 2),
        ("few", 10, 1),
        ("y", 0, 0),
    ]


def test_it_is_compared_with_the_days_before_where_there_were_orders() -> None:
    earlier = (Lot("slow", "a", orders=10, late_waiting=1),)
    slow, fresh = lines(Lot("slow", "a", orders=30), Lot("new", "b", orders=25), before=earlier)
    assert slow.before is None or slow.before.late_waiting == 1
    assert {slow.carrier: slow.before is None, fresh.carrier: fresh.before is None} == {"slow": False, "new": True}


def test_the_worst_hours_are_those_of_the_readers_clock() -> None:
    late = {NOW + timedelta(hours=hours): 2 for hours in (0, 1, 2)} | {NOW - timedelta(hours=9): 1}
    assert worst_hours(late, MOSCOW) == WorstHours(15, 6, 7)
    assert worst_hours({NOW: 5}, MOSCOW) == WorstHours(15, 5, 5)


def test_no_hours_are_named_where_few_were_late_or_they_spread_over_the_day() -> None:
    assert worst_hours({NOW: 4}, MOSCOW) is None
    assert worst_hours({NOW + timedelta(hours=3 * n): 1 for n in range(8)}, MOSCOW) is None
    assert worst_hours({}, MOSCOW) is None


def test_the_times_are_upper_bounds_beside_the_lower_one_of_the_median() -> None:
    waits = (Wait(timedelta(minutes=1), timedelta(minutes=3), 4), Wait(timedelta(0), timedelta(hours=8)))
    (line,) = lines(Lot("slow", "a", orders=30, label=waits))
    assert (line.label.median, line.label.least) == (timedelta(minutes=3), timedelta(minutes=1))
    assert (line.label.ended, line.label.unfinished) == (4, 1)
