"""A shop is who its client id says; how reading it went is remembered, and so is what could not be read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.store import PollRow, QuarantineRow, Store
from tests.store.build import NOW, POSTING, change, minutes, put, several, shop_id

Pairs = list[tuple[str, str]]

SYNCED: dict[str, tuple[Pairs, Pairs, dict[str, str]]] = {
    "new": ([], [("a", "1"), ("b", "2")], {"1": "a", "2": "b"}),
    "the same": ([("a", "1")], [("a", "1")], {"1": "a"}),
    "renamed": ([("a", "1")], [("b", "1")], {"1": "b"}),
    "names changed places": ([("a", "1"), ("b", "2")], [("b", "1"), ("a", "2")], {"1": "b", "2": "a"}),
    "no longer configured": ([("a", "1"), ("b", "2")], [("a", "1")], {"1": "a", "2": "b"}),
    "another cabinet under the name": ([("a", "1")], [("a", "2")], {"1": "a (1)", "2": "a"}),
    "and back again": ([("a", "1"), ("a (1)", "9")], [("a", "2"), ("a (1)", "9")], {"1": "a (1) (1)", "9": "a (1)"}),
}


@pytest.mark.parametrize("what", SYNCED)
def test_shops_are_made_as_the_config_names_them(sqlite_store: Store, what: str) -> None:
    before, wanted, expected = SYNCED[what]
    sqlite_store.shops.sync(before)
    ids = {state.client_id: state.id for state in sqlite_store.shops.all()}
    for _ in range(2):  # the second time changes nothing
        sqlite_store.shops.sync(wanted)
        there = {state.client_id: state for state in sqlite_store.shops.all()}
        assert {id_: there[id_].name for id_ in expected} == expected
        assert {id_: there[id_].id for id_ in ids} == ids


def test_a_shop_that_fails_remembers_since_when(store: Store) -> None:
    shop = shop_id(store)
    for n in range(3):
        with store.write() as tx:
            tx.shops.mark_failed(
                shop, at=NOW + minutes(n), cause="ozon_down", detail=f"502 no. {n}", retry_at=NOW + minutes(n + 1)
            )
    state = store.shops.named("main")
    assert state is not None
    assert (state.failing_since, state.failures, state.cause, state.detail) == (NOW, 3, "ozon_down", "502 no. 2")
    assert (state.retry_at, state.read_at) == (NOW + minutes(3), None)


def test_a_shop_that_is_read_again_is_well(store: Store) -> None:
    shop = shop_id(store)
    with store.write() as tx:
        tx.shops.mark_failed(shop, at=NOW, cause="ozon_down", detail="502")
        tx.shops.mark_read(shop, started_at=NOW + minutes(1), finished_at=NOW + minutes(2))
    state = store.shops.named("main")
    assert state is not None
    assert (state.read_from, state.read_at) == (NOW + minutes(1), NOW + minutes(2))
    assert (state.failing_since, state.failures, state.cause, state.retry_at) == (None, 0, "", None)


def test_a_shop_nobody_configured_is_not_there(sqlite_store: Store) -> None:
    assert sqlite_store.shops.named("main") is None


POLL = PollRow(
    started_at=NOW,
    finished_at=NOW + minutes(1),
    complete=False,
    postings=10,
    changed=2,
    late=1,
    told=1,
    requests=3,
    trouble="ozon_down",
    detail="502",
)


def test_the_last_poll_of_each_shop_is_told(store: Store) -> None:
    main, other = shop_id(store, "main"), shop_id(store, "other")
    latest = replace(POLL, finished_at=NOW + minutes(9), complete=True)
    with store.write() as tx:
        for done in (latest, POLL):
            tx.shops.record_poll(main, done)
        tx.shops.record_poll(other, POLL)
    assert store.shops.last_polls() == {"main": latest, "other": POLL}


def test_open_postings_are_counted_for_each_shop(store: Store) -> None:
    put(store, *several(3), change(replace(POSTING, number="closed"), is_open=False))
    shop_id(store, "empty")
    assert store.shops.open_counts() == {"main": 3, "empty": 0}


def test_the_same_place_of_the_same_posting_is_quarantined_once(store: Store) -> None:
    shop = shop_id(store)
    with store.write() as tx:
        for n, path in enumerate(["$.postings[37].shipment_date", "$.postings[2].shipment_date"]):
            tx.shops.quarantine(shop, path=path, number="41-1", problem=f"no. {n}", at=NOW + minutes(n))
        tx.shops.quarantine(
            shop, path="$.postings[2].status", number="41-1", problem="empty", at=NOW - timedelta(days=1)
        )
    expected = QuarantineRow("main", "$.postings[2].shipment_date", "41-1", "no. 1", NOW, NOW + minutes(1))
    assert store.shops.quarantined(NOW) == [expected]
    assert len(store.shops.quarantined(NOW - timedelta(days=2))) == 2
