"""Counted are alerts that wait and labels that came, in the shops asked for, at the cost of what is counted."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome
from labelwatch.core.incidents import GroupCount, count
from labelwatch.core.posting import DeliveryMethod, Interval, Stage
from labelwatch.core.subject import Incident, IncidentId, PostingId, Scope
from labelwatch.store import Change, Store
from labelwatch.store.engine import make_engine, read_url
from labelwatch.store.schema import alert as alert_table
from tests.store.build import ALERT, AURORA, DIAGNOSIS, NOW, POSTING, SILK, change, minutes, put, shop_id, track
from tests.support.examples import examples

LATELY = NOW - timedelta(hours=6)
LONG_AGO = NOW - timedelta(days=3650)
SINCE, DEADLINE = NOW - minutes(30), NOW + timedelta(days=1)
AURORA_HOME = replace(AURORA, id="79", name="Aurora to the post office")
CAME = track(Stage.DONE, label=Interval(NOW - minutes(5), NOW - minutes(4)))
OVER: dict[str, Any] = {"state": AlertState.RESOLVED, "resolved_at": NOW, "outcome": Outcome.OVER}


def waiting(store: Store, *shops: str) -> list[GroupCount]:
    with store.write() as tx:
        return tx.groups.waiting(since=LONG_AGO, shops=shops)


def fine(store: Store, *shops: str) -> list[GroupCount]:
    with store.write() as tx:
        return tx.groups.fine(since=LATELY, shops=shops)


INCIDENT = IncidentId(Scope.CARRIER, "Aurora Post")


def waits(number: str = "41-0001-1", *, shop: str = "main", **diagnosis: Any) -> Alert:
    """An alert of a late posting that nothing of its own explains."""
    usual: dict[str, Any] = {"kind": "label", "method": AURORA, "deadline": DEADLINE}
    usual["waiting_since"] = Interval(SINCE - minutes(2), SINCE)
    usual["subject"] = PostingId(shop, number)
    return replace(ALERT, diagnosis=replace(DIAGNOSIS, **(usual | diagnosis)))


def save(store: Store, *alerts: Alert, shop: str | None = "main") -> list[int]:
    """Save alerts of a shop (None = incidents); their ids."""
    id_ = None if shop is None else shop_id(store, shop)
    with store.write() as tx:
        return tx.alerts.save(id_, alerts)


def seen(number: str, track_: Any = CAME, *, is_open: bool = True, **posting: Any) -> Change:
    return change(replace(POSTING, number=number, **posting), seen=track_, is_open=is_open)


# --- what waits


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (waits(), 1),
        (waits(kind="registration"), 1),
        (waits(explained_by=INCIDENT), 1),
        (replace(waits(), state=AlertState.ACKNOWLEDGED), 1),
        (waits(kind=""), 0),
        (waits(is_late=False), 0),
        (replace(waits(), **OVER), 0),
    ],
    ids=["label", "registration", "an incident explains it", "acknowledged", "explained", "held", "resolved"],
)
def test_waiting_are_the_open_alerts_of_what_is_late_without_a_reason_of_its_own(
    store: Store, alert: Alert, expected: int
) -> None:
    save(store, alert)
    assert sum(tally.late for tally in waiting(store, "main")) == expected


def test_an_alert_counts_as_it_was_saved_last(store: Store) -> None:
    (id_,) = save(store, waits())

    def becomes(alert: Alert) -> list[tuple[str, str, int]]:
        save(store, replace(alert, id=id_))
        return [(tally.carrier, tally.kind, tally.late) for tally in waiting(store, "main")]

    assert becomes(waits(kind="tracking", method=SILK)) == [("Silk Road Express", "tracking", 1)]
    assert becomes(waits(kind="")) == []
    assert becomes(waits()) == [("Aurora Post", "label", 1)]
    assert becomes(waits(is_late=False)) == []
    assert becomes(waits()) == [("Aurora Post", "label", 1)]
    assert becomes(replace(waits(), **OVER)) == []


def test_a_posting_that_waits_again_counts_once(store: Store) -> None:
    save(store, replace(waits(), **OVER))
    save(store, waits())
    assert [tally.late for tally in waiting(store, "main")] == [1]


def test_incidents_are_not_counted_among_what_they_explain(store: Store) -> None:
    save(store, waits(subject=Incident(INCIDENT, late=63, total=80, shops=("main",))), shop=None)
    shop_id(store)
    assert waiting(store, "main", "") == []
    save(store, waits())
    assert [tally.late for tally in waiting(store, "main", "")] == [1]


def test_waiting_is_told_by_shop_carrier_and_kind_and_other_shops_are_left_out(store: Store) -> None:
    save(store, waits("A"), waits("B", method=AURORA_HOME), waits("C", kind="tracking"))
    save(store, waits("D", method=SILK), waits("E", method=DeliveryMethod("80")))
    save(store, waits("A"), shop="other")
    save(store, waits("A"), shop="switched off")
    expected = [
        GroupCount("main", "", 1, 0, "label", SINCE, DEADLINE),
        GroupCount("main", "Aurora Post", 2, 0, "label", SINCE, DEADLINE),
        GroupCount("main", "Aurora Post", 1, 0, "tracking", SINCE, DEADLINE),
        GroupCount("main", "Silk Road Express", 1, 0, "label", SINCE, DEADLINE),
        GroupCount("other", "Aurora Post", 1, 0, "label", SINCE, DEADLINE),
    ]
    assert waiting(store, "main", "other", "never polled") == expected
    assert waiting(store, "other") == expected[-1:]
    assert waiting(store) == []


def test_the_longest_wait_and_the_nearest_deadline_of_the_late_ones_are_told(store: Store) -> None:
    first, soon = NOW - timedelta(hours=3), NOW + timedelta(hours=1)
    save(store, waits("A", waiting_since=Interval(first - minutes(9), first), act_by=soon))
    save(store, waits("B", deadline=soon, act_by=NOW))
    save(store, waits("C", waiting_since=None, deadline=None))  # waiting since nobody knows when: not counted
    sooner: dict[str, Any] = {"waiting_since": Interval(LATELY, LATELY), "deadline": NOW}
    save(
        store,
        waits("D", is_late=False, **sooner),
        waits("E", kind="", **sooner),
        replace(waits("F", **sooner), **OVER),
    )
    save(store, waits("G", method=SILK, waiting_since=Interval(NOW, NOW), deadline=None))
    assert waiting(store, "main") == [
        GroupCount("main", "Aurora Post", 2, 0, "label", first, soon, act_by=NOW),
        GroupCount("main", "Silk Road Express", 1, 0, "label", NOW, None),
    ]


def test_a_wait_that_began_long_before_is_not_counted(store: Store) -> None:
    save(store, waits("A", waiting_since=Interval(LATELY, LATELY)), waits("B", waiting_since=Interval(NOW, NOW)))
    with store.write() as tx:
        assert [tally.late for tally in tx.groups.waiting(since=NOW, shops=["main"])] == [1]


WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=8)
TIMES = st.integers(0, 4_102_444_800_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
WAITS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["", "label", "tracking"]) | WORDS,
        "method": st.sampled_from([AURORA, AURORA_HOME, SILK]) | st.builds(DeliveryMethod, carrier=WORDS),
        "waiting_since": st.none() | st.builds(Interval, TIMES, TIMES),
        "deadline": st.none() | TIMES,
        "is_late": st.booleans(),
    }
)
_numbers = numbers()


@examples(12)
@given(open_=st.lists(WAITS, max_size=6), resolved=st.lists(WAITS, max_size=3))
def test_what_is_stored_is_counted_as_what_was_just_looked_at(
    store: Store, open_: list[dict[str, Any]], resolved: list[dict[str, Any]]
) -> None:
    """A poll puts its own count beside the stored one of the other shops: both must count the same."""
    shop = f"shop {next(_numbers)}"
    alerts = [waits(f"{n}", shop=shop, **one) for n, one in enumerate(open_)]
    ended = [replace(waits(f"{n}", shop=shop, **one), **OVER) for n, one in enumerate(resolved)]
    save(store, *ended, *alerts, shop=shop)
    found = waiting(store, shop)
    assert sorted(found, key=_group) == sorted(
        count((alert.diagnosis for alert in alerts), since=LONG_AGO), key=_group
    )


def _group(tally: GroupCount) -> tuple[str, str]:
    return tally.carrier, tally.kind


COLUMNS: dict[str, tuple[Diagnosis, tuple[object, ...]]] = {
    "all there": (waits().diagnosis, ("label", "Aurora Post", SINCE, DEADLINE)),
    "nothing known": (DIAGNOSIS, ("", "", None, None)),
    "held": (waits(is_late=False).diagnosis, ("", "Aurora Post", SINCE, DEADLINE)),
}


@pytest.mark.parametrize("what", COLUMNS)
def test_what_is_counted_of_an_alert_stands_in_columns_of_its_own(store: Store, database: str, what: str) -> None:
    diagnosis, expected = COLUMNS[what]
    (id_,) = save(store, replace(ALERT, diagnosis=diagnosis))
    assert columns(database) == [expected]
    saved = replace(ALERT, id=id_, diagnosis=diagnosis)
    assert store.alerts.find() == [saved]
    save(store, replace(saved, diagnosis=waits(kind="tracking", method=SILK, deadline=None).diagnosis))
    assert columns(database) == [("tracking", "Silk Road Express", SINCE, None)]


def columns(database: str) -> list[tuple[object, ...]]:
    """The columns of all alerts that are counted over."""
    engine = make_engine(read_url(database))
    names = ("kind", "carrier", "waiting_since", "deadline")
    try:
        with engine.connect() as conn:
            return [tuple(row) for row in conn.execute(select(*(alert_table.c[name] for name in names)))]
    finally:
        engine.dispose()


# --- what came


@pytest.mark.parametrize(
    ("label", "stage", "is_open", "expected"),
    [
        (LATELY, Stage.DONE, True, 1),
        (LATELY, Stage.DONE, False, 1),
        (LATELY - timedelta(milliseconds=1), Stage.DONE, True, 0),
        (LATELY, Stage.LABEL, True, 0),
        (None, Stage.DONE, True, 0),
    ],
    ids=["came", "came, and the posting left", "came long ago", "came and is gone again", "left without one"],
)
def test_fine_is_what_got_its_label_lately(
    store: Store, label: datetime | None, stage: Stage, is_open: bool, expected: int
) -> None:
    interval = None if label is None else Interval(label - minutes(2), label)
    put(store, seen("A", track(stage, label=interval), is_open=is_open))
    assert sum(tally.fine for tally in fine(store, "main")) == expected


def test_a_label_that_vanishes_and_comes_back_counts_while_it_is_there(store: Store) -> None:
    counted = []
    for stage in (Stage.DONE, Stage.LABEL, Stage.DONE):
        put(store, seen("A", replace(CAME, stage=stage)))
        counted.append([(tally.late, tally.fine) for tally in fine(store, "main")])
    assert counted == [[(0, 1)], [], [(0, 1)]]


def test_the_methods_of_a_carrier_count_together_and_other_shops_are_left_out(store: Store) -> None:
    put(store, seen("A"), seen("B", method=AURORA_HOME), seen("C", method=replace(AURORA, name="Aurora, renamed")))
    put(store, seen("D", method=SILK), seen("E", method=DeliveryMethod("80")))
    put(store, seen("A"), shop="other")
    put(store, seen("A"), shop="switched off")
    expected = [
        GroupCount("main", "", 0, 1),
        GroupCount("main", "Aurora Post", 0, 3),
        GroupCount("main", "Silk Road Express", 0, 1),
        GroupCount("other", "Aurora Post", 0, 1),
    ]
    assert fine(store, "main", "other", "never polled") == expected
    assert fine(store, "other") == expected[-1:]
    assert fine(store) == []


def test_late_postings_are_not_counted_as_fine_nor_fine_ones_as_late(store: Store) -> None:
    put(store, seen("A", track(Stage.LABEL, late_at=NOW)), seen("B"))
    save(store, waits("A"))
    assert (waiting(store, "main"), fine(store, "main")) == (
        [GroupCount("main", "Aurora Post", 1, 0, "label", SINCE, DEADLINE)],
        [GroupCount("main", "Aurora Post", 0, 1)],
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A posting as far as it matters to a tally; times in minutes before now."""

    shop: int
    method: DeliveryMethod
    stage: Stage
    label: int | None
    is_open: bool


CASES = st.builds(
    Case,
    shop=st.integers(0, 1),
    method=st.sampled_from([AURORA, AURORA_HOME, SILK]),
    stage=st.just(Stage.DONE) | st.sampled_from(Stage),
    label=st.none() | st.sampled_from([0, 359, 360, 361]),
    is_open=st.booleans(),
)


@examples(12)
@given(cases=st.lists(CASES, max_size=12))
def test_fine_is_what_one_would_count_by_hand(store: Store, cases: list[Case]) -> None:
    shops = [f"shop {next(_numbers)}", f"shop {next(_numbers)}"]
    for number, case in enumerate(cases):
        label = None if case.label is None else Interval(NOW - minutes(case.label), NOW - minutes(case.label))
        came = track(case.stage, label=label)
        put(store, seen(f"{number}", came, is_open=case.is_open, method=case.method), shop=shops[case.shop])
    counted = {(tally.shop, tally.carrier): tally.fine for tally in fine(store, *shops)}
    assert counted == Counter((shops[case.shop], case.method.carrier) for case in cases if is_fine(case))


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
        seen("it is still here", track(Stage.DONE), status="delivering"),
    )
    put(store, left("C"), shop="other")
    assert store.postings.handed_over_unlabelled(shop) == {AURORA.id: 4, SILK.id: 1}
    assert store.postings.handed_over_unlabelled(shop_id(store, "third")) == {}


def test_a_method_that_was_renamed_is_still_one(store: Store) -> None:
    shop = put(store, left("A"), left("B", method=replace(AURORA, name="Aurora, renamed")))
    assert store.postings.handed_over_unlabelled(shop) == {AURORA.id: 2}


def test_the_methods_that_ever_gave_a_label_are_told_by_their_last_name(store: Store) -> None:
    renamed = replace(AURORA, name="Aurora, renamed")
    shop = put(store, seen("A"), seen("B", track(Stage.LABEL), method=SILK))
    assert store.postings.labelled_methods(shop) == {AURORA.id: AURORA.name}
    put(store, seen("C", method=renamed))
    assert store.postings.labelled_methods(shop) == {AURORA.id: "Aurora, renamed"}
    assert store.postings.labelled_methods(shop_id(store, "other")) == {}


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


def test_nothing_is_counted_by_going_through_all_postings_or_alerts(sqlite_store: Store, sqlite_url: str) -> None:
    shop = put(sqlite_store, seen("A", track(Stage.LABEL, late_at=NOW)), seen("B"), left("C"))
    save(sqlite_store, waits("A"), replace(waits("B"), **OVER))
    with statements() as sent:
        waiting(sqlite_store, "main", "other")
        fine(sqlite_store, "main", "other")
        sqlite_store.postings.handed_over_unlabelled(shop)
    assert plans(sqlite_url, sent) == [
        "SEARCH alert USING INDEX ix_alert_waiting (shop_id=?)",
        "SEARCH posting USING INDEX ix_posting_labelled (label_latest>?)",
        "SEARCH posting USING INDEX ix_posting_unlabelled (method_id=? AND state_id=?)",
    ]


def plans(sqlite_url: str, sent: list[tuple[str, Any]]) -> list[str]:
    """How SQLite goes through postings and alerts to answer these statements."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as db:
        return [
            step
            for statement, parameters in sent
            if statement.startswith("SELECT")
            for *_, step in db.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            if step.split()[1] in ("posting", "alert")
        ]
