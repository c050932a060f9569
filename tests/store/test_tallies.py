"""Counted are the labels that are late and those that came, over all shops, at the cost of what is counted."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from labelwatch.core.incidents import Tally
from labelwatch.core.model import DeliveryMethod, Interval, Stage
from labelwatch.store import Change, Store
from tests.store.build import AURORA, NOW, POSTING, SILK, change, minutes, put, shop_id, track

LATELY = NOW - timedelta(hours=6)
AURORA_HOME = replace(AURORA, id="79", name="Aurora to the post office")
WAITING = track(Stage.LABEL, since=NOW - minutes(30), late_at=NOW)
CAME = track(Stage.DONE, label=Interval(NOW - minutes(5), NOW - minutes(4)))


def tallies(store: Store, *shops: str) -> list[Tally]:
    with store.write() as tx:
        return tx.tallies(NOW, fine_since=LATELY, shops=shops)


def late_waiting(store: Store) -> int:
    with store.write() as tx:
        return tx.late_waiting(NOW)


def seen(number: str, track_: Any = WAITING, *, is_open: bool = True, **posting: Any) -> Change:
    return change(replace(POSTING, number=number, **posting), seen=track_, is_open=is_open)


@pytest.mark.parametrize(
    ("stage", "late", "expected"),
    [
        (Stage.LABEL, timedelta(0), 1),
        (Stage.REGISTRATION, timedelta(0), 1),
        (Stage.LABEL, timedelta(milliseconds=1), 0),
        (Stage.LABEL, None, 0),
        (Stage.PACKING, timedelta(0), 0),
        (Stage.DONE, timedelta(0), 0),
    ],
)
def test_late_is_what_is_packed_and_due(store: Store, stage: Stage, late: timedelta | None, expected: int) -> None:
    put(store, seen("A", track(stage, late_at=None if late is None else NOW + late)))
    assert late_waiting(store) == sum(tally.late for tally in tallies(store, "main")) == expected


def test_what_left_is_not_late(store: Store) -> None:
    put(store, seen("A", is_open=False))
    assert (late_waiting(store), tallies(store, "main")) == (0, [])


@pytest.mark.parametrize(
    ("label", "stage", "is_open", "expected"),
    [
        (LATELY, Stage.DONE, True, 1),
        (LATELY, Stage.DONE, False, 1),
        (LATELY - minutes(1), Stage.DONE, True, 0),
        (LATELY, Stage.LABEL, True, 0),
    ],
    ids=["came", "came, and the posting left", "came long ago", "came and is gone again"],
)
def test_fine_is_what_got_its_label_lately(
    store: Store, label: Any, stage: Stage, is_open: bool, expected: int
) -> None:
    put(store, seen("A", track(stage, label=Interval(label - minutes(2), label)), is_open=is_open))
    assert sum(tally.fine for tally in tallies(store, "main")) == expected


def test_a_label_that_is_gone_and_late_again_counts_once(store: Store) -> None:
    put(store, seen("A", replace(WAITING, label=CAME.label)))
    assert [(tally.late, tally.fine) for tally in tallies(store, "main")] == [(1, 0)]


def test_the_methods_of_a_carrier_count_together_and_shops_apart(store: Store) -> None:
    put(store, seen("A", method=AURORA), seen("B", method=AURORA_HOME), seen("C", CAME, method=AURORA_HOME))
    put(store, seen("D", CAME, method=SILK), seen("E", method=DeliveryMethod("80")))
    put(store, seen("A", method=AURORA), shop="other")
    since, deadline = WAITING.since.latest, POSTING.deadline
    assert tallies(store, "main", "other") == [
        Tally("main", "", 1, 0, since, deadline),
        Tally("main", "Aurora Post", 2, 1, since, deadline),
        Tally("main", "Silk Road Express", 0, 1),
        Tally("other", "Aurora Post", 1, 0, since, deadline),
    ]


def test_only_the_shops_asked_for_are_told_while_the_first_look_counts_all(store: Store) -> None:
    put(store, seen("A"), seen("B"))
    put(store, seen("A"), shop="switched off")
    assert [(tally.shop, tally.late) for tally in tallies(store, "main", "never polled")] == [("main", 2)]
    assert tallies(store) == []
    assert late_waiting(store) == 3


def test_the_longest_wait_and_the_nearest_real_deadline_of_the_late_ones_are_told(store: Store) -> None:
    first, soon = NOW - timedelta(hours=3), NOW + timedelta(hours=1)
    early = replace(WAITING, since=Interval(first - minutes(9), first))
    put(store, seen("A", early), seen("B", cutoff=NOW, hard_cutoff=soon), seen("C", cutoff=None))
    put(store, seen("D", replace(WAITING, late_at=NOW + minutes(1)), cutoff=NOW, hard_cutoff=None))
    put(store, seen("E", replace(CAME, since=Interval(LATELY, LATELY)), cutoff=NOW))
    assert tallies(store, "main") == [Tally("main", "Aurora Post", 3, 1, first, soon)]
    put(store, seen("F", method=SILK, cutoff=None))
    assert tallies(store, "main")[1].deadline is None


@dataclass(frozen=True, slots=True)
class Case:
    """A posting as far as it matters to a tally; times in minutes before now."""

    shop: int
    method: DeliveryMethod
    stage: Stage
    late: int | None
    label: int | None
    is_open: bool


CASES = st.builds(
    Case,
    shop=st.integers(0, 1),
    method=st.sampled_from([AURORA, AURORA_HOME, SILK]),
    stage=st.sampled_from(Stage),
    late=st.none() | st.integers(-1, 1),
    label=st.none() | st.sampled_from([0, 359, 361]),
    is_open=st.booleans(),
)
_numbers = count()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(CASES, max_size=12))
def test_what_is_counted_is_what_one_would_count_by_hand(store: Store, cases: list[Case]) -> None:
    shops = [f"shop {next(_numbers)}", f"shop {next(_numbers)}"]
    for number, case in enumerate(cases):
        late = None if case.late is None else NOW - minutes(case.late)
        label = None if case.label is None else NOW - minutes(case.label)
        interval = None if label is None else Interval(label, label)
        put(
            store,
            seen(
                f"{number}", track(case.stage, late_at=late, label=interval), is_open=case.is_open, method=case.method
            ),
            shop=shops[case.shop],
        )
    counted = {(tally.shop, tally.carrier): (tally.late, tally.fine) for tally in tallies(store, *shops)}
    late_ones = Counter((shops[c.shop], c.method.carrier) for c in cases if is_late(c))
    fine_ones = Counter((shops[c.shop], c.method.carrier) for c in cases if is_fine(c))
    assert counted == {key: (late_ones[key], fine_ones[key]) for key in late_ones | fine_ones}


def is_late(case: Case) -> bool:
    due = case.late is not None and case.late >= 0
    return due and case.is_open and case.stage in (Stage.REGISTRATION, Stage.LABEL)


def is_fine(case: Case) -> bool:
    return case.label is not None and case.label <= 360 and case.stage is Stage.DONE


# --- what a delivery method has done before


def left(number: str, status: str = "delivering", track_: Any = None, **posting: Any) -> Change:
    return seen(number, track_ or track(Stage.DONE), is_open=False, status=status, **posting)


def test_handed_over_without_a_label_is_counted_by_method(store: Store) -> None:
    shop = put(
        store,
        *(left(f"{status}-1", status) for status in ("delivering", "delivered", "driver_pickup", "sent_by_seller")),
        left("B", method=SILK),
        left("it was cancelled", "cancelled"),
        left("it had one", track_=CAME),
        seen("it is still here", status="delivering"),
    )
    put(store, left("C"), shop="other")
    assert store.handed_over_unlabelled(shop) == {AURORA.id: 4, SILK.id: 1}
    assert store.handed_over_unlabelled(shop_id(store, "third")) == {}


def test_a_method_that_was_renamed_is_still_one(store: Store) -> None:
    shop = put(store, left("A"), left("B", method=replace(AURORA, name="Aurora, renamed")))
    assert store.handed_over_unlabelled(shop) == {AURORA.id: 2}


def test_the_methods_that_ever_gave_a_label_are_told_by_their_last_name(store: Store) -> None:
    renamed = replace(AURORA, name="Aurora, renamed")
    shop = put(store, seen("A", CAME), seen("B", method=SILK))
    assert store.method_names(shop) == {AURORA.id: AURORA.name}
    put(store, seen("C", CAME, method=renamed))
    assert store.method_names(shop) == {AURORA.id: "Aurora, renamed"}
    assert store.labelled_methods(shop) == {AURORA.id}
    assert store.method_names(shop_id(store, "other")) == {}


# --- at what cost


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Everything that is sent to any database meanwhile."""
    sent: list[tuple[str, Any]] = []

    def listen(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def test_nothing_is_counted_by_going_through_all_postings(sqlite_store: Store, sqlite_url: str) -> None:
    shop = put(sqlite_store, seen("A"), seen("B", CAME), left("C"))
    with statements() as sent:
        late_waiting(sqlite_store)
        tallies(sqlite_store, "main")
        sqlite_store.handed_over_unlabelled(shop)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as db:
        plans = [
            step
            for statement, parameters in sent
            if "posting" in statement
            for *_, step in db.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            if "posting" in step
        ]
    assert plans == [
        "SEARCH posting USING INDEX ix_posting_late (shop_id=? AND late_at<?)",
        "SEARCH posting USING INDEX ix_posting_late (shop_id=? AND late_at<?)",
        "SEARCH posting USING INDEX ix_posting_labelled (label_latest>?)",
        "SEARCH posting USING INDEX ix_posting_unlabelled (method_id=? AND state_id=?)",
    ]
