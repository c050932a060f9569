"""What is put in comes out as it was; history, evidence and waits say what happened in between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.baseline import Case, learn
from labelwatch.core.lateness import track as follow
from labelwatch.core.peaks import Recent
from labelwatch.core.posting import DeliveryMethod, Interval, Posting, Product, Stage, TariffStep, Track
from labelwatch.core.survival import Wait
from labelwatch.store import Change, Evidence, EvidenceLevel, Store
from tests.store.build import AURORA, NOW, POSTING, SILK, change, minutes, put, several, shop_id, track
from tests.support.examples import examples

WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=8)
TIMES = st.integers(0, 4_102_444_800_000).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
INTERVALS = st.builds(Interval, TIMES, TIMES)
AMOUNTS = st.floats(0, 1e6)
PRODUCTS = st.builds(Product, WORDS, WORDS, WORDS, st.integers(1, 99), AMOUNTS, AMOUNTS, WORDS)
POSTINGS = st.builds(
    Posting,
    number=st.just("41-0001-1"),
    order_number=WORDS,
    status=WORDS,
    substatus=WORDS,
    flow=WORDS,
    schema=WORDS,
    method=st.builds(DeliveryMethod, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS),
    in_process_at=st.none() | TIMES,
    cutoff=st.none() | TIMES,
    hard_cutoff=st.none() | TIMES,
    tracking_number=WORDS,
    actions=st.lists(WORDS, max_size=3).map(tuple),
    requirements=st.lists(st.tuples(WORDS, st.lists(WORDS, max_size=2).map(tuple)), max_size=2).map(tuple),
    products=st.lists(PRODUCTS, max_size=2).map(tuple),
    tariff=st.lists(st.builds(TariffStep, st.none() | TIMES, st.floats(0, 1e6), WORDS, WORDS, WORDS), max_size=2).map(
        tuple
    ),
    parent=WORDS,
    is_multibox=st.booleans(),
    boxes=st.integers(0, 99),
    is_express=st.booleans(),
    is_legal=st.booleans(),
    recipient_gaps=st.lists(WORDS, max_size=3).map(tuple),
)
TRACKS = st.builds(
    Track,
    stage=st.sampled_from(Stage),
    since=INTERVALS,
    first_seen=TIMES,
    label=st.none() | INTERVALS,
    late_at=st.none() | TIMES,
)
DIGESTS = st.integers(-(2**63), 2**63 - 1)


@examples(12)
@given(posting=POSTINGS, seen=TRACKS, digest=DIGESTS, is_open=st.booleans())
def test_a_posting_comes_back_equal(store: Store, posting: Posting, seen: Track, digest: int, is_open: bool) -> None:
    shop = put(store, change(posting, seen=seen, digest=digest, is_open=is_open))
    known = store.postings.known(shop, [posting.number])[posting.number]
    assert (known.posting, known.track, known.digest) == (posting, seen, digest)
    assert store.postings.find(posting.number) == {"main": known}
    assert known.id is not None
    assert store.postings.known_by_id([known.id]) == [known]


def test_postings_of_other_shops_are_not_known_here(store: Store) -> None:
    here, there = shop_id(store, "main"), put(store, change(), shop="other")
    assert store.postings.known(here, [POSTING.number]) == {}
    assert list(store.postings.known(there, [POSTING.number])) == [POSTING.number]
    assert list(store.postings.find(POSTING.number)) == ["other"]


def test_an_unchanged_posting_is_recognised_by_its_bytes(store: Store) -> None:
    shop = put(store, *several(250))
    same = store.postings.unchanged(shop, [*range(240, 260)])
    assert sorted(same) == list(range(240, 250))
    assert set(same.values()) <= set(store.postings.open_ids(shop))


def test_a_closed_posting_is_never_unchanged(store: Store) -> None:
    """It would stay closed for ever if it came back to the list with the bytes it had."""
    shop = put(store, change(digest=7, is_open=False))
    assert store.postings.unchanged(shop, [7]) == {}
    assert list(store.postings.open_ids(shop)) == []
    put(store, change(digest=7))
    assert list(store.postings.unchanged(shop, [7])) == [7]


def test_a_posting_that_comes_twice_counts_as_it_came_last(store: Store) -> None:
    shop = put(store, change(digest=1), change(replace(POSTING, status="awaiting_deliver"), digest=2))
    known = store.postings.known(shop, [POSTING.number])[POSTING.number]
    assert (known.posting.status, known.digest) == ("awaiting_deliver", 2)


HISTORY: dict[str, tuple[Callable[[Posting], Posting], int]] = {
    "nothing": (lambda p: p, 1),
    "tariff": (lambda p: replace(p, tariff=(TariffStep(None, 1.0, "", "", "RUB"),)), 1),
    "goods": (lambda p: replace(p, products=(Product("1", "a", "Cup", 1),)), 2),
    "status": (lambda p: replace(p, status="awaiting_deliver"), 2),
    "substatus": (lambda p: replace(p, substatus="posting_split_pending"), 2),
    "flow": (lambda p: replace(p, flow="ozon"), 2),
    "actions": (lambda p: replace(p, actions=("label_download_big",)), 2),
    "requirement": (lambda p: replace(p, requirements=(("products_requiring_gtd", ("1",)),)), 2),
    "cutoff": (lambda p: replace(p, cutoff=NOW), 2),
    "no cutoff": (lambda p: replace(p, cutoff=None), 2),
    "tracking number": (lambda p: replace(p, tracking_number="AP1"), 2),
    "method": (lambda p: replace(p, method=SILK), 2),
}


@pytest.mark.parametrize("what", HISTORY)
def test_history_grows_only_by_what_matters(sqlite_store: Store, what: str) -> None:
    alter, rows = HISTORY[what]
    put(sqlite_store, change())
    shop = put(sqlite_store, change(alter(POSTING), seen_at=NOW + minutes(4), not_before=NOW))
    assert len(history(sqlite_store, shop)) == rows


def history(store: Store, shop: int) -> list[tuple[str, datetime, datetime | None]]:
    """Status, seen at and last seen otherwise of the one posting."""
    known = store.postings.known(shop, [POSTING.number])[POSTING.number]
    assert known.id is not None
    return [(row.status, row.seen_at, row.not_before) for row in store.postings.history(known.id)]


def test_history_tells_when_and_since_when_not(store: Store) -> None:
    put(store, change())
    packed = replace(POSTING, status="awaiting_deliver", tracking_number="AP1", method=SILK, actions=())
    shop = put(store, change(packed, seen_at=NOW + minutes(4), not_before=NOW + minutes(2)))
    assert history(store, shop) == [
        ("awaiting_packaging", NOW, None),
        ("awaiting_deliver", NOW + minutes(4), NOW + minutes(2)),
    ]
    (known,) = store.postings.known(shop, [POSTING.number]).values()
    last = store.postings.history(known.id or 0)[-1]
    assert (last.method, last.cutoff, last.tracking_number, last.actions) == (SILK, POSTING.cutoff, "AP1", ())


def labelled(at: datetime, *, before: datetime) -> Track:
    return track(Stage.DONE, since=at, label=Interval(before, at))


def test_the_first_sight_of_a_label_is_its_evidence(store: Store) -> None:
    shop = put(store, change(seen=track(Stage.LABEL)))
    assert store.postings.labelled_methods(shop) == {}
    for later in (minutes(4), minutes(9)):
        put(store, change(seen=labelled(NOW + minutes(4), before=NOW + minutes(2)), seen_at=NOW + later))
    (known,) = store.postings.known(shop, [POSTING.number]).values()
    offered = Evidence(EvidenceLevel.OFFERED, NOW + minutes(2), NOW + minutes(4))
    assert store.postings.evidence(known.id or 0) == [offered]
    assert store.postings.labelled_methods(shop).keys() == {AURORA.id}


def test_better_evidence_is_added_and_the_first_of_its_kind_counts(store: Store) -> None:
    shop = put(store, change())
    (known,) = store.postings.known(shop, [POSTING.number]).values()
    with store.write() as tx:
        for at in (NOW, NOW + minutes(1)):
            tx.postings.add_evidence(known.id or 0, EvidenceLevel.PRINTED, not_before=None, seen_at=at)
    assert store.postings.evidence(known.id or 0) == [Evidence(EvidenceLevel.PRINTED, None, NOW)]


TWO_MINUTES_BEFORE = NOW + minutes(8)
IN_TEN = NOW + minutes(10)
ENDED, BETWEEN = Wait(minutes(8), minutes(12)), Wait(minutes(0), minutes(2))
WAITS: dict[str, tuple[Stage, Track, dict[Stage, list[Wait]]]] = {
    "label after waiting": (Stage.LABEL, labelled(IN_TEN, before=TWO_MINUTES_BEFORE), {Stage.LABEL: [ENDED]}),
    "registered": (Stage.REGISTRATION, track(Stage.LABEL, since=IN_TEN), {Stage.REGISTRATION: [ENDED]}),
    "label while registering": (
        Stage.REGISTRATION,
        labelled(IN_TEN, before=TWO_MINUTES_BEFORE),
        {Stage.REGISTRATION: [ENDED], Stage.LABEL: [BETWEEN]},
    ),
    "label between two readings": (
        Stage.PACKING,
        labelled(IN_TEN, before=TWO_MINUTES_BEFORE),
        {Stage.LABEL: [BETWEEN]},
    ),
    "gone without a label": (Stage.LABEL, track(Stage.DONE, since=IN_TEN), {}),
    "back to packing": (Stage.REGISTRATION, track(Stage.PACKING, since=IN_TEN), {}),
    "still waiting": (Stage.LABEL, track(Stage.LABEL, late_at=IN_TEN), {Stage.LABEL: [Wait(minutes(9), None)]}),
    "nothing is awaited": (Stage.LABEL, track(Stage.LABEL), {}),
}


@pytest.mark.parametrize("what", WAITS)
def test_how_long_a_stage_took_is_learned_when_it_ended_well(sqlite_store: Store, what: str) -> None:
    before, after, waits = WAITS[what]
    put(sqlite_store, change(seen=track(before)))
    shop = put(sqlite_store, change(seen=after, seen_at=IN_TEN))
    with sqlite_store.write() as tx:  # an open wait is known to last until this, not until now
        tx.shops.mark_read(shop, started_at=NOW + minutes(9), finished_at=NOW + minutes(9))
    found = {
        stage: sqlite_store.postings.waits(shop, stage, since=NOW) for stage in (Stage.REGISTRATION, Stage.LABEL)
    }
    assert {stage: [case.wait for case in some[AURORA.id]] for stage, some in found.items() if some} == waits


@pytest.mark.parametrize(("since", "samples"), [(NOW, 1), (NOW + minutes(11), 0)], ids=["recent", "too long ago"])
def test_only_recent_waits_teach(store: Store, since: datetime, samples: int) -> None:
    put(store, change(seen=track(Stage.LABEL)))
    shop = put(store, change(seen=labelled(IN_TEN, before=TWO_MINUTES_BEFORE), seen_at=IN_TEN))
    found = store.postings.waits(shop, Stage.LABEL, since=since)
    assert found == ({AURORA.id: [Case(NOW - minutes(2), ENDED)]} if samples else {})


@pytest.mark.parametrize(
    ("step", "waited", "learned"),
    [(0, 10, 10), (120, 10, None), (-5, 10, None), (-120, 10, None), (-1440, 10, None)],
)
def test_what_ended_while_the_clock_was_set_is_not_learned_from(
    sqlite_store: Store, step: float, waited: float, learned: float | None
) -> None:
    """What was set forward is as a time without readings: it was still waiting before."""
    before, at = NOW + minutes(waited - 2), NOW + minutes(waited + step)
    waiting = replace(POSTING, status="awaiting_deliver", actions=())
    ready = replace(waiting, actions=("label_download",))
    seen = follow(None, waiting, seen_at=NOW, not_before=NOW - minutes(2))
    after = follow(seen, ready, seen_at=at, not_before=before)
    put(sqlite_store, change(waiting, seen=seen))
    shop = put(sqlite_store, change(ready, seen=after, seen_at=at, not_before=before))
    cases = sqlite_store.postings.waits(shop, Stage.LABEL, since=NOW - timedelta(days=3))
    curves = learn(cases, error=minutes(6), timezone="UTC")
    ends = [time for normal in curves.values() for time, _ in normal.whole.curve.steps]
    assert ends == ([] if learned is None else [minutes(learned)])


def test_what_a_cancellation_cut_off_lasted_until_it_was_last_seen(store: Store) -> None:
    waiting = replace(POSTING, status="awaiting_deliver")
    put(store, change(waiting, seen=track(Stage.LABEL)))
    gone = change(
        replace(POSTING, status="cancelled"),
        seen=track(Stage.DONE, since=IN_TEN),
        seen_at=IN_TEN,
        not_before=TWO_MINUTES_BEFORE,
        is_open=False,
    )
    other = change(replace(POSTING, number="2"), seen=labelled(IN_TEN, before=TWO_MINUTES_BEFORE), seen_at=IN_TEN)
    shop = put(store, gone, other)
    assert store.postings.waits(shop, Stage.LABEL, since=NOW) == {AURORA.id: [Case(NOW, Wait(minutes(8), None))]}


def test_of_the_last_hour_it_is_known_how_long_each_had_waited_before(store: Store) -> None:
    old, now = replace(POSTING, number="2"), NOW + minutes(70)
    put(store, change(seen=track(Stage.LABEL, late_at=NOW)), change(old, seen=track(Stage.LABEL)))
    shop = put(store, change(old, seen=labelled(IN_TEN, before=TWO_MINUTES_BEFORE), seen_at=IN_TEN))
    with store.write() as tx:
        tx.shops.mark_read(shop, started_at=now, finished_at=now)
    of_method = Recent(minutes(5), minutes(10), ended=True), Recent(minutes(5), minutes(70), ended=False)
    for methods, found in (([AURORA.id], {AURORA.id: list(of_method)}), (["other"], {})):
        assert store.postings.recent_waits(shop, Stage.LABEL, methods, since=NOW + minutes(5), now=now) == found


def test_what_is_due_is_open_and_late(store: Store) -> None:
    def one(number: str, late_at: datetime | None, is_open: bool = True) -> Change:
        return change(replace(POSTING, number=number), seen=track(late_at=late_at), is_open=is_open)

    past, future = NOW - minutes(1), NOW + minutes(1)
    shop = put(
        store,
        one("late", past),
        one("now", NOW),
        one("later", future),
        one("never", None),
        one("closed", past, is_open=False),
    )
    put(store, one("elsewhere", past), shop="other")
    assert {known.posting.number for known in store.postings.due(shop, NOW)} == {"late", "now"}
    with store.write() as tx:
        assert {known.posting.number for known in tx.postings.due(shop, NOW)} == {"late", "now"}


def test_a_changed_policy_moves_the_late_times(store: Store) -> None:
    shop = put(store, *several(3))
    with store.write() as tx:
        for some in tx.postings.all_open(shop):
            tx.postings.set_late_at((known.id or 0, NOW) for known in some)
        tx.shops.set_policy(shop, "abc")
    assert len(list(store.postings.due(shop, NOW))) == 3
    state = store.shops.named("main")
    assert state is not None
    assert state.policy == "abc"


def test_all_open_postings_come_in_portions(store: Store) -> None:
    shop = put(store, *several(1100))
    put(store, change(replace(POSTING, number="00007-1"), is_open=False))
    portions = list(store.postings.all_open(shop))
    numbers = {known.posting.number for some in portions for known in some}
    assert numbers == {f"{n:05d}-1" for n in range(1100)} - {"00007-1"}
    assert max(map(len, portions)) <= 500


def put_and_fail(store: Store, shop: int) -> None:
    with store.write() as tx:
        tx.postings.put(shop, several(3))
        raise RuntimeError


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    shop = shop_id(store)
    with pytest.raises(RuntimeError):
        put_and_fail(store, shop)
    assert list(store.postings.open_ids(shop)) == []
    put(store, *several(3))  # the ids of states and methods that never were are not remembered
    assert len(store.postings.open_ids(shop)) == 3
