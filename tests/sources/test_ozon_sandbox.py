"""The source against the sandbox: what it plays is what is read, and each of its faults is one named trouble."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from labelwatch.core.posting import Posting
from labelwatch.sandbox import CANARIES, Fault, KeyState, Kind, Role, Sandbox, Shop, TellableClock, World, scenarios
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from labelwatch.sources import Item, SourceError, Trouble, Unreadable
from labelwatch.sources.ozon.client import UNFULFILLED, WATCHED, Access, OzonSource

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
OPEN = 250


@contextmanager
def playing(world: World, *, shop: Shop = HOME, timeout: float = 5) -> Iterator[tuple[Sandbox, OzonSource]]:
    clock = TellableClock(START, speed=0)
    with Sandbox(world, clock, requests_a_second=None) as sandbox:
        source = OzonSource(
            Access(
                shop.client_id,
                shop.api_key,
                base_url=sandbox.base_url,
                requests_per_second=100_000,
                timeout=timedelta(seconds=timeout),
                user_agent="labelwatch-test",
                proxy="",
            ),
            clock=clock.now,
            sleep=lambda _: None,
        )
        try:
            yield sandbox, source
        finally:
            source.close()


def swept(source: OzonSource) -> list[Posting]:
    return read_all(source, source.sweep())


def read_all(source: OzonSource, pages: Iterable[Sequence[Item]]) -> list[Posting]:
    return [source.read(item) for items in pages for item in items]


def held(world: World, client_id: str) -> dict[str, dict[str, Any]]:
    records = world.shelves[client_id].records
    return {number: record.body for number, record in records.items() if record.body["status"] in WATCHED}


def test_a_sweep_of_many_pages_equals_what_ozon_holds() -> None:
    world = scenarios.many(START, OPEN)
    with playing(world) as (sandbox, source):
        postings = swept(source)
        assert {posting.number for posting in postings} == held(world, HOME.client_id).keys()
        assert len(postings) == OPEN
        assert source.requests == len(sandbox.requests) == 3


def test_each_posting_of_a_whole_day_is_read_as_it_stands_and_without_its_buyer() -> None:
    world = scenarios.day(START)
    world.advance(START + timedelta(minutes=5))
    for shop in (HOME, STAR):
        with playing(world, shop=shop) as (_, source):
            postings = swept(source)
        bodies = held(world, shop.client_id)
        assert {posting.number for posting in postings} == bodies.keys() != set()
        for posting in postings:
            body = bodies[posting.number]
            told = (
                posting.status,
                posting.substatus,
                posting.tracking_number,
                posting.flow,
                posting.method.warehouse,
            )
            assert told == (
                *(body["status"], body["substatus"], body["tracking_number"], body["integration_type_flow"]),
                body["delivery_method"]["warehouse"],
            )
            assert posting.actions == tuple(sorted(body["available_actions"]))
        canaries = [canary for canary in CANARIES if canary in json.dumps(list(bodies.values()), ensure_ascii=False)]
        assert not [canary for canary in canaries if canary in repr(postings)]


def test_the_buyers_whom_the_sandbox_sends_do_reach_this_process_and_are_not_decoded() -> None:
    world = scenarios.day(START)
    world.advance(START + timedelta(minutes=5))
    with playing(world, shop=STAR) as (_, source):
        raw = b"".join(bytes(item.raw) for items in source.sweep() for item in items).decode()
    assert any(canary in raw for canary in CANARIES)


def test_a_posting_reads_the_same_by_sweep_by_order_and_alone() -> None:
    world = scenarios.many(START, 3)
    with playing(world) as (_, source):
        by_sweep = {posting.number: posting for posting in swept(source)}
        assert source.lookup(list(by_sweep)) == by_sweep
        # A posting older than the list's window is found alone; get does not tell the schema, all else agrees.
        for number in by_sweep:
            world.change(number, {"in_process_at": "2020-01-01T00:00:00Z"})
        alone = source.lookup(list(by_sweep))
    plain: dict[str, Any] = {"schema": "", "in_process_at": None}
    assert alone.keys() == by_sweep.keys()
    assert all(replace(alone[n], **plain) == replace(by_sweep[n], **plain) for n in alone)


def test_what_left_the_list_is_looked_up_and_what_never_was_is_left_out() -> None:
    world = scenarios.many(START, 3)
    first, second, _ = held(world, HOME.client_id)
    world.change(first, {"status": "delivering"})
    world.change(second, {"status": "cancelled_from_split_pending"})
    with playing(world) as (_, source):
        assert len(swept(source)) == 1
        found = source.lookup([first, second, "0-0-9"])
    assert {number: found[number].status for number in found} == {
        first: "delivering",
        second: "cancelled_from_split_pending",
    }


FAULTS = [
    (Fault(kind=Kind.HTML), Trouble.OZON_DOWN),
    (Fault(kind=Kind.HTML, status=200), Trouble.OZON_DOWN),
    (Fault(kind=Kind.EMPTY), Trouble.OZON_DOWN),
    (Fault(kind=Kind.EMPTY, status=404), Trouble.METHOD_RETIRED),
    (Fault(kind=Kind.NULL), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.OBJECT), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.ERROR, status=500), Trouble.OZON_DOWN),
    (Fault(kind=Kind.ERROR_200), Trouble.OZON_DOWN),
    (Fault(kind=Kind.LEGACY_ERROR), Trouble.OZON_DOWN),
    (Fault(kind=Kind.ERROR, status=400, message="PERIOD_IS_TOO_LONG"), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.TOO_MANY, retry_after=1), Trouble.RATE_LIMITED),
    (Fault(kind=Kind.CIRCLE), Trouble.OZON_DOWN),
    (Fault(kind=Kind.REDIRECT), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.RESET), Trouble.OZON_DOWN),
    (Fault(kind=Kind.BOMB, megabytes=33), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.HUGE, megabytes=33), Trouble.NOT_UNDERSTOOD),
    (Fault(kind=Kind.CUT), Trouble.OZON_DOWN),
    (Fault(kind=Kind.TRUNCATED), Trouble.OZON_DOWN),
    (Fault(kind=Kind.INVALID_UTF8), Trouble.NOT_UNDERSTOOD),
]


@pytest.mark.fault("O2", "O3", "O4", "O6", "O17")
@pytest.mark.parametrize(("fault", "trouble"), FAULTS, ids=lambda value: getattr(value, "kind", None))
def test_a_fault_is_one_named_trouble_and_no_page(fault: Fault, trouble: Trouble) -> None:
    with playing(scenarios.many(START, OPEN)) as (sandbox, source):
        sandbox.fault(fault)
        with pytest.raises(SourceError) as caught:
            swept(source)
    assert caught.value.trouble is trouble
    assert UNFULFILLED in caught.value.detail


@pytest.mark.fault("O5")
def test_a_dripping_answer_is_cut_at_the_deadline() -> None:
    with playing(scenarios.many(START, 3), timeout=0.3) as (sandbox, source):
        sandbox.fault(Fault(kind=Kind.DRIP, pause=0.05))
        with pytest.raises(SourceError, match="no complete answer within"):
            swept(source)


@pytest.mark.fault("O1", "O2", "O4")
@pytest.mark.parametrize("kind", [Kind.HTML, Kind.TOO_MANY, Kind.CIRCLE, Kind.RESET, Kind.CUT, Kind.TRUNCATED])
def test_two_bad_answers_in_a_row_are_survived(kind: Kind) -> None:
    with playing(scenarios.many(START, OPEN)) as (sandbox, source):
        sandbox.fault(Fault(kind=kind, times=2))
        assert len(swept(source)) == OPEN


@pytest.mark.fault("O8", "O9")
@pytest.mark.parametrize("kind", [Kind.DUPLICATES, Kind.EMPTY_PAGE, Kind.TEXT_IDS])
def test_odd_pages_lose_no_posting(kind: Kind) -> None:
    world = scenarios.many(START, OPEN)
    with playing(world) as (sandbox, source):
        sandbox.fault(Fault(kind=kind, times=3))
        postings = swept(source)
    assert {posting.number for posting in postings} == held(world, HOME.client_id).keys()
    assert {posting.method.id for posting in postings} == {"1020005000420001"}


@pytest.mark.fault("O8")
def test_a_cursor_that_never_moves_ends_the_list_unless_the_page_is_full() -> None:
    with playing(scenarios.many(START, 150)) as (sandbox, source):
        sandbox.fault(Fault(kind=Kind.STUCK_CURSOR))
        assert len(swept(source)) == 150
        assert source.requests == 2
    with playing(scenarios.many(START, 200)) as (sandbox, source):
        sandbox.fault(Fault(kind=Kind.STUCK_CURSOR))
        with pytest.raises(SourceError, match="same cursor again after a full page"):
            swept(source)


@pytest.mark.fault("O11")
def test_a_posting_in_a_status_that_nobody_announced_is_among_the_arrivals() -> None:
    world = scenarios.many(START, 120)
    number = next(iter(world.shelves[HOME.client_id].records))
    world.change(number, {"status": "awaiting_the_moon"})
    with playing(world) as (_, source):
        assert len(swept(source)) == 119
        came = {one.number: one.status for one in read_all(source, source.arrivals(START - timedelta(days=10)))}
        assert (len(came), came[number]) == (120, "awaiting_the_moon")
        assert read_all(source, source.arrivals(START + timedelta(minutes=1))) == []


@pytest.mark.fault("O10")
def test_one_malformed_posting_costs_only_itself() -> None:
    with playing(scenarios.many(START, 75)) as (sandbox, source):
        sandbox.fault(Fault(kind=Kind.MALFORMED))
        read, broken = [], []
        for item in (item for items in source.sweep() for item in items):
            try:
                read.append(source.read(item))
            except Unreadable as error:
                broken.append((error.path, bool(error.number)))
    assert len(read) == 74
    assert broken == [("$.postings[37].shipment_date", True)]


REFUSALS: list[tuple[dict[str, Any], Trouble]] = [
    ({"api_key": "another-key"}, Trouble.KEY_REJECTED),
    ({"key_state": KeyState.DEACTIVATED}, Trouble.KEY_EXPIRED),
    ({"key_expires_at": START - timedelta(days=1)}, Trouble.KEY_EXPIRED),
    ({"key_state": KeyState.IP_RESTRICTED}, Trouble.IP_NOT_ALLOWED),
    ({"key_state": KeyState.OFFER_NOT_SIGNED}, Trouble.OFFER_NOT_SIGNED),
    ({"roles": (Role("Warehouse", ("/v2/warehouse",)),)}, Trouble.ROLE_MISSING),
]


@pytest.mark.fault("O13")
@pytest.mark.parametrize(("change", "trouble"), REFUSALS)
def test_a_key_that_is_refused_says_why_after_one_request(change: dict[str, Any], trouble: Trouble) -> None:
    world = scenarios.many(START, 3)
    world.shops[HOME.client_id] = replace(world.shops[HOME.client_id], **change)
    with playing(world) as (_, source):
        with pytest.raises(SourceError) as caught:
            swept(source)
        assert source.requests == 1
    assert caught.value.trouble is trouble


def test_a_key_tells_its_roles_and_its_end() -> None:
    with playing(scenarios.many(START, 1)) as (_, source):
        info = source.key_info()
    assert info.roles == ("Admin",)
    assert info.expires_at == START + timedelta(days=60)


def test_an_unchanged_page_has_the_same_digests_and_a_change_touches_one() -> None:
    world = scenarios.many(START, OPEN)
    with playing(world) as (_, source):
        before = {item.digest for items in source.sweep() for item in items}
        assert {item.digest for items in source.sweep() for item in items} == before
        world.change(next(iter(held(world, HOME.client_id))), {"tracking_number": "RB1"})
        after = {item.digest for items in source.sweep() for item in items}
    assert len(before) == len(after) == OPEN
    assert len(before & after) == OPEN - 1


def test_every_method_that_is_asked_only_reads() -> None:
    with playing(scenarios.many(START, 3)) as (sandbox, source):
        numbers = [posting.number for posting in swept(source)]
        source.lookup([*numbers, "0-0-9"])
        source.key_info()
        asked = {request.path for request in sandbox.requests}
        sizes = [len(msgspec.json.encode(request.body)) for request in sandbox.requests]
    assert asked == {UNFULFILLED, "/v4/posting/fbs/list", "/v3/posting/fbs/get", "/v1/roles"}
    assert max(sizes) < 1000
