"""What is drawn is counted as one would by hand: label times, what was late when, when nobody looked."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from labelwatch.core.alert import Alert, AlertState, LastNotified, Outcome
from labelwatch.core.posting import Interval, Stage, Track
from labelwatch.core.subject import Incident, IncidentId, PostingId, Scope, Shop
from labelwatch.store import Change, PollRow, Store
from labelwatch.store.charts import LabelTimes, Open
from tests.store.build import ALERT, AURORA, DIAGNOSIS, NOW, POSTING, SILK, change, minutes, put, shop_id, track

A_MONTH_AGO = NOW - timedelta(days=28)
ERROR = minutes(6)
WELL_KNOWN = minutes(2)


# --- how long labels took


def labelled(number: str, took: timedelta, *, error: timedelta = WELL_KNOWN, **posting: Any) -> Iterator[Change]:
    """A posting that waited for its label, then has it; `took` is the longest that it can have been."""
    item = replace(POSTING, number=number, **posting)
    entered = Interval(NOW - took, NOW - took + error / 2)
    came = Interval(NOW - error / 2, NOW)
    yield change(item, seen=Track(Stage.LABEL, entered, entered.latest))
    yield change(item, seen=replace(track(Stage.DONE, label=came), since=came))


def waits(
    number: str, waited: timedelta, *, is_open: bool = True, stage: Stage = Stage.LABEL, **posting: Any
) -> Change:
    entered = track(stage, since=NOW - waited, late_at=NOW + minutes(5))
    return change(replace(POSTING, number=number, **posting), seen=entered, is_open=is_open)


def times(store: Store, *shops: str) -> list[LabelTimes]:
    return store.charts.label_times(shops=shops, since=A_MONTH_AGO, now=NOW, error=ERROR)


def take(store: Store, *stories: Iterator[Change], shop: str = "main") -> None:
    for story in stories:
        for step in story:
            put(store, step, shop=shop)


def test_label_times_are_counted_per_method_by_whole_seconds_rounded_up(store: Store) -> None:
    take(store, labelled("A", minutes(3)), labelled("B", minutes(3)), labelled("C", timedelta(seconds=200.5)))
    take(store, labelled("D", minutes(10), method=SILK))
    assert times(store, "main") == [
        LabelTimes("main", AURORA.id, AURORA.name, {180: 2, 201: 1}, {}, 0),
        LabelTimes("main", SILK.id, SILK.name, {600: 1}, {}, 0),
    ]
    assert times(store, "other") == []


def test_what_came_while_nobody_looked_often_enough_is_only_counted(store: Store) -> None:
    take(store, labelled("A", minutes(3)), labelled("B", minutes(90), error=minutes(20)))
    assert [(one.took, one.unseen) for one in times(store, "main")] == [({180: 1}, 1)]


def test_what_is_still_waited_for_counts_with_how_long_it_waits_at_least(store: Store) -> None:
    take(store, labelled("A", minutes(3)))
    put(store, waits("B", minutes(7)), waits("C", minutes(7)), waits("D", minutes(-1)))
    put(store, waits("it left", minutes(9), is_open=False), waits("it is packed", minutes(9), stage=Stage.PACKING))
    assert [one.waiting for one in times(store, "main")] == [{420: 2, 0: 1}]


def test_a_method_that_never_gave_a_label_is_left_out(store: Store) -> None:
    put(store, waits("A", minutes(30), method=SILK))
    assert times(store, "main") == []


def test_a_method_that_was_renamed_is_one_under_its_last_name(store: Store) -> None:
    renamed = replace(AURORA, name="Aurora, renamed")
    take(store, labelled("A", minutes(3)))
    put(store, waits("B", minutes(7), method=renamed))
    assert times(store, "main") == [LabelTimes("main", AURORA.id, "Aurora, renamed", {180: 1}, {420: 1}, 0)]


def test_methods_of_the_same_id_in_two_shops_are_two_and_the_busiest_comes_first(store: Store) -> None:
    take(store, labelled("A", minutes(3)))
    take(store, labelled("B", minutes(4)), labelled("C", minutes(5)), shop="other")
    assert [(one.shop, sum(one.took.values())) for one in times(store, "main", "other")] == [
        ("other", 2),
        ("main", 1),
    ]


# --- what was late when


def late(opened: timedelta, *, until: timedelta | None = None, number: str = "A", **changes: Any) -> Alert:
    """An alert opened so long ago; `until`: resolved so long ago."""
    cause = changes.pop("cause", "label_overdue")
    diagnosis = replace(DIAGNOSIS, cause=cause, subject=PostingId("main", number))
    ended: dict[str, Any] = {}
    if until is not None:
        ended = {"state": AlertState.RESOLVED, "resolved_at": NOW - until, "outcome": Outcome.LABELLED}
    return replace(ALERT, opened_at=NOW - opened, diagnosis=diagnosis, **(changes | ended))


def save(store: Store, *alerts: Alert, shop: str | None = "main") -> None:
    id_ = None if shop is None else shop_id(store, shop)
    with store.write() as tx:
        tx.alerts.save(id_, alerts)


def test_what_became_late_is_counted_by_quarter_of_an_hour(store: Store) -> None:
    save(store, late(minutes(1)), late(minutes(14), number="B"), late(minutes(16), number="C", until=minutes(2)))
    save(
        store, late(timedelta(days=29), number="D"), late(timedelta(days=29), number="E", until=timedelta(days=28.5))
    )
    found = store.charts.opened(shops=["main", "other"], since=A_MONTH_AGO)
    assert found == {NOW - minutes(30): 1, NOW - minutes(15): 2}
    assert store.charts.opened(shops=["other"], since=A_MONTH_AGO) == {}


def test_a_shops_own_trouble_and_incidents_are_no_late_labels(store: Store) -> None:
    trouble, incident = late(minutes(1)), late(minutes(1))
    save(store, replace(trouble, diagnosis=replace(trouble.diagnosis, subject=Shop("main"))))
    save(
        store,
        replace(incident, diagnosis=replace(incident.diagnosis, subject=Incident(IncidentId(Scope.PLATFORM)))),
        shop=None,
    )
    assert store.charts.opened(shops=["main"], since=A_MONTH_AGO) == {}
    assert store.charts.open_in(DAYS, shops=["main"]) == []


DAYS = [Interval(NOW - timedelta(days=n), NOW - timedelta(days=n - 1)) for n in (3, 2, 1)]

SPANS: dict[str, tuple[tuple[float, float | None], tuple[int, int, int]]] = {
    "open from the second day on": ((1.5, None), (0, 1, 1)),
    "within one day": ((2.7, 2.2), (1, 0, 0)),
    "over a midnight": ((2.2, 1.8), (1, 1, 0)),
    "begun long before": ((9, 0.5), (1, 1, 1)),
    "over before": ((9, 4), (0, 0, 0)),
    "not yet begun": ((-1, None), (0, 0, 0)),
}


@pytest.mark.parametrize("what", SPANS)
def test_open_in_a_period_is_what_was_late_at_any_time_of_it(store: Store, what: str) -> None:
    (opened, until), expected = SPANS[what]
    save(store, late(timedelta(days=opened), until=None if until is None else timedelta(days=until)))
    counts = [one.counts for one in store.charts.open_in(DAYS, shops=["main"])]
    assert counts == ([expected] if any(expected) else [])


def test_what_was_open_is_counted_by_the_cause_that_people_were_told(store: Store) -> None:
    told = LastNotified(NOW, 1, DIAGNOSIS.severity, "not_packed")
    save(store, late(minutes(5)), late(minutes(5), number="B"), late(minutes(5), number="C", told=told))
    assert store.charts.open_in(DAYS, shops=["main"]) == [
        Open("label_overdue", (0, 0, 2)),
        Open("not_packed", (0, 0, 1)),
    ]
    assert store.charts.open_in(DAYS, shops=["other"]) == []
    assert store.charts.open_in([], shops=["main"]) == []


# --- when nobody looked


def read(store: Store, *ago: float, complete: bool = True, shop: str = "main") -> None:
    id_ = shop_id(store, shop)
    with store.write() as tx:
        for n in ago:
            at = NOW - minutes(n)
            tx.shops.record_poll(id_, PollRow(at - minutes(0.1), at, complete, 1, 0, 0, 0, 1))


def gaps(store: Store, begin: float, end: float = 0) -> list[tuple[float, float]]:
    """The gaps of more than five minutes, in minutes ago."""
    found = store.charts.gaps("main", Interval(NOW - minutes(begin), NOW - minutes(end)), longer_than=minutes(5))
    assert all(a.latest <= b.earliest for a, b in pairwise(found))
    return [(round((NOW - one.earliest) / minutes(1), 3), round((NOW - one.latest) / minutes(1), 3)) for one in found]


READINGS: dict[str, tuple[tuple[float, ...], list[tuple[float, float]]]] = {
    "always": ((62, 58, 54, 50, 46, 42, 38, 34, 30, 26, 22, 18, 14, 10, 6, 2), []),
    "once away": ((60, 56, 20, 16, 12, 8, 4), [(56, 20)]),
    "away since": ((60, 56, 52), [(52, 0)]),
    "away when it began, and long before": ((5000, 40, 36, 32, 28, 24, 20, 16, 12, 8, 4), [(60, 40)]),
    "away all the time": ((90, -30), [(60, 0)]),
    "first read within": ((30, 26, 22, 18, 14, 10, 6, 2), []),
}


@pytest.mark.parametrize("what", READINGS)
def test_gaps_are_where_nobody_looked(store: Store, what: str) -> None:
    readings, expected = READINGS[what]
    read(store, *readings)
    assert gaps(store, 60) == expected


def test_a_sweep_that_failed_or_was_of_another_shop_saw_nothing(store: Store) -> None:
    read(store, 60, 56, 20, 16, 12, 8, 4)
    read(store, 40, complete=False)
    read(store, 38, shop="other")
    assert gaps(store, 60) == [(56, 20)]


def test_a_shop_that_was_never_read_has_no_gaps_to_speak_of(store: Store) -> None:
    assert gaps(store, 60) == []


def test_gaps_are_found_between_and_within_the_rows_of_several_polls(store: Store) -> None:
    id_ = shop_id(store)
    with store.write() as tx:
        for first, last, gap, since in ((58, 50, 0, 0), (30, 10, 8, 26), (4, 2, 0, 0)):
            row = PollRow(NOW - minutes(last + 0.1), NOW - minutes(last), True, 1, 0, 0, 0, 1)
            began, gap_from = NOW - minutes(first), NOW - minutes(since)
            row = replace(row, polls=3, first_at=began, gap=minutes(gap), gap_from=gap_from if gap else None)
            tx.shops.record_poll(id_, row)
    assert gaps(store, 60) == [(50, 30), (26, 18), (10, 4)]
    whole = Interval(NOW - minutes(60), NOW)
    assert store.charts.unwatched("main", whole, longer_than=minutes(1))[0].latest == NOW - minutes(58)
