"""Lists are followed to their true end, or they fail: half a list never passes for a whole one."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.posting import Posting
from labelwatch.sources import KeyInfo, SourceError, Trouble
from labelwatch.sources.ozon.client import LISTED, ROLES, UNFULFILLED, WATCHED
from labelwatch.sources.ozon.enrichment import SINGLE
from tests.sources.scripted import KEY, NOW, Asked, Reply, Script, in_turn, page, says, scripted

MISSING = says({"code": 5, "message": "POSTING_NOT_FOUND"}, 404)


def swept(script: Script, **settings: Any) -> list[list[str]]:
    with scripted(script) as scene:
        source = scene.source(**settings)
        try:
            return [[source.read(item).number for item in items] for items in source.sweep()]
        finally:
            source.close()


def test_the_sweep_asks_for_all_that_is_not_handed_over_and_for_nothing_of_the_buyer() -> None:
    with scripted(in_turn(page("1"))) as scene:
        source = scene.source("1002")
        assert len(list(source.sweep())) == 1
        source.close()
    (asked,) = scene.asked
    assert asked.path == UNFULFILLED
    assert asked.body == {
        "limit": 100,
        "sort_dir": "ASC",
        "cursor": "",
        "with": {"analytics_data": True},
        "filter": {
            "cutoff_from": "2026-08-22T06:00:00Z",
            "cutoff_to": "2027-05-19T06:00:00Z",
            "statuses": list(WATCHED),
        },
    }
    sent = {name: asked.headers[name] for name in ("client-id", "api-key", "user-agent", "accept-encoding")}
    assert sent == {"client-id": "1002", "api-key": KEY, "user-agent": "labelwatch-test", "accept-encoding": "gzip"}


def test_arrivals_are_asked_for_in_every_status() -> None:
    with scripted(in_turn(page("1"))) as scene:
        source = scene.source()
        assert len(list(source.arrivals(NOW - timedelta(days=1)))) == 1
        source.close()
    (asked,) = scene.asked
    assert asked.path == LISTED
    assert asked.body["filter"] == {"since": "2026-11-19T06:00:00Z", "to": "2026-11-21T06:00:00Z"}


BARE = says({"postings": [{"posting_number": "2", "status": "s"}]})

# (answers in turn, the pages that come of them, the cursors asked for)
ENDINGS = [
    ((page("1"),), [["1"]], [""]),
    ((page(),), [], [""]),
    ((page("1", cursor="a", more=True), page("2")), [["1"], ["2"]], ["", "a"]),
    ((page("1", cursor="a", more=True), BARE), [["1"], ["2"]], ["", "a"]),
    ((page("1", cursor="a"), page("2")), [["1"]], [""]),
    # Ozon's own example as a server: has_next and the same cursor for ever
    ((page("1", cursor="a", more=True),), [["1"]], ["", "a"]),
    ((page("1", cursor="a", more=True), page("2", cursor="a", more=True)), [["1"], ["2"]], ["", "a"]),
    (
        (
            page("1", cursor="a", more=True),
            page("2", cursor="b", more=True),
            page("3", cursor="a", more=True),
            page("4"),
        ),
        [["1"], ["2"], ["3"]],
        ["", "a", "b"],
    ),
    (
        (page("1", cursor="a", more=True), page(cursor="b", more=True), page("3")),
        [["1"], ["3"]],
        ["", "a", "b"],
    ),
]


@pytest.mark.fault("O8")
@pytest.mark.parametrize(("answers", "pages", "cursors"), ENDINGS)
def test_a_list_ends_with_has_next_or_with_a_cursor_met_before(
    answers: tuple[Reply, ...], pages: list[list[str]], cursors: list[str]
) -> None:
    with scripted(in_turn(*answers)) as scene:
        source = scene.source()
        assert [[source.read(item).number for item in items] for items in source.sweep()] == pages
        assert [asked.body["cursor"] for asked in scene.asked] == cursors
        assert source.requests == len(cursors)
        source.close()


def endless(asked: Asked) -> Reply:
    count = int(asked.body["cursor"] or 0) + 1
    return page(str(count), cursor=str(count), more=True)


FULL = [str(n) for n in range(100)]
UNSAID = {"postings": [{"posting_number": number, "status": "s"} for number in FULL]}


def repeating(asked: Asked) -> Reply:
    return page("1", cursor=asked.body["cursor"] + "x", more=True)


BROKEN_LISTS: list[tuple[Script, str]] = [
    (endless, "no end after 7 pages"),
    (repeating, "the same page again under a new cursor"),
    (in_turn(says({"postings": [], "has_next": True})), "no cursor"),
    (in_turn(page("1", cursor="", more=True)), "no cursor"),
    (in_turn(says({"result": {"postings": [], "has_next": True, "cursor": None}})), "no cursor"),
    # A full page does not end the list by a cursor that repeats, nor by saying nothing of the next one.
    (in_turn(page(*FULL, cursor="a", more=True)), "same cursor again after a full page"),
    (in_turn(page("x", cursor="a", more=True), page(*FULL, cursor="a", more=True)), "same cursor again"),
    (in_turn(page(*FULL, cursor="a", more=True), page(cursor="a", more=True)), "same cursor again"),
    (in_turn(says(UNSAID)), "no cursor"),
    (in_turn(page("1", cursor="a", more=True), says({})), "no list of postings"),
    (in_turn(says({"result": True})), "no list of postings"),
]


@pytest.mark.fault("O8", "O9")
@pytest.mark.parametrize(("script", "problem"), BROKEN_LISTS)
def test_a_list_that_makes_no_sense_is_an_error_and_not_an_end(script: Script, problem: str) -> None:
    with pytest.raises(SourceError, match=problem) as caught:
        swept(script, max_pages=7)
    assert caught.value.trouble is Trouble.NOT_UNDERSTOOD


def test_a_full_page_that_does_not_say_whether_it_is_the_last_is_followed_by_its_cursor() -> None:
    assert [len(numbers) for numbers in swept(in_turn(says(UNSAID | {"cursor": "a"}), page("x")))] == [100, 1]


@pytest.mark.fault("O4")
def test_a_failure_on_a_later_page_fails_the_whole_sweep() -> None:
    with scripted(in_turn(page("1", cursor="a", more=True), Reply(503))) as scene:
        source = scene.source()
        sweep = source.sweep()
        assert [source.read(item).number for item in next(sweep)] == ["1"]
        with pytest.raises(SourceError, match="ozon_down"):
            next(sweep)
        source.close()


def test_the_next_page_is_fetched_while_the_current_one_is_worked_on() -> None:
    with scripted(in_turn(page("1", cursor="a", more=True), page("2"))) as scene:
        source = scene.source()
        sweep = source.sweep()
        next(sweep)
        assert eventually(lambda: len(scene.asked) == 2)
        assert len(list(sweep)) == 1
        source.close()


def test_a_sweep_that_is_dropped_leaves_no_thread_behind() -> None:
    with scripted(endless) as scene:
        source = scene.source("1777")
        sweep = source.sweep()
        next(sweep)
        sweep.close()
        assert eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("ozon-1777")])
        source.close()


def eventually(is_true: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not is_true() and time.monotonic() < end:
        time.sleep(0.005)
    return is_true()


def test_several_pages_travel_over_one_connection() -> None:
    with scripted(endless) as scene:
        source = scene.source(max_pages=5)
        with pytest.raises(SourceError):
            list(source.sweep())
        assert len({asked.port for asked in scene.asked}) == 1
        source.close()


def looked_up(script: Script, *numbers: str) -> tuple[dict[str, Posting], list[Asked]]:
    with scripted(script) as scene:
        source = scene.source()
        try:
            return source.lookup(numbers), scene.asked
        finally:
            source.close()


def posting(number: str, status: str = "delivering") -> dict[str, str]:
    return {"posting_number": number, "status": status}


def test_postings_are_looked_up_by_their_orders_and_only_those_asked_for_return() -> None:
    def script(asked: Asked) -> Reply:
        assert asked.path == LISTED
        return says({"postings": [posting("1-1-1"), posting("1-1-2"), posting("2-1-1", "cancelled")]})

    found, asked = looked_up(script, "1-1-1", "2-1-1", "1-1-1")
    assert {number: found[number].status for number in found} == {"1-1-1": "delivering", "2-1-1": "cancelled"}
    assert asked[0].body == {
        "limit": 100,
        "sort_dir": "ASC",
        "cursor": "",
        "with": {"analytics_data": True},
        "filter": {"since": "2025-12-25T06:00:00Z", "to": "2026-12-20T06:00:00Z", "order_numbers": ["1-1", "2-1"]},
    }


def test_what_its_order_does_not_bring_up_is_asked_for_one_by_one() -> None:
    def script(asked: Asked) -> Reply:
        if asked.path == LISTED:
            return page()
        number = asked.body["posting_number"]
        return MISSING if number == "2-1-1" else says({"result": posting(number)})

    found, asked = looked_up(script, "1-1-1", "2-1-1", "noorder")
    assert sorted(found) == ["1-1-1", "noorder"]
    assert [each.path for each in asked] == [LISTED, SINGLE, SINGLE, SINGLE]
    bodies = sorted((each.body for each in asked[1:]), key=lambda body: str(body["posting_number"]))
    assert bodies[0] == {"posting_number": "1-1-1", "with": {"analytics_data": True}}


def test_many_lookups_go_a_hundred_orders_at_a_time_and_follow_cursors() -> None:
    numbers = [f"{n:04d}-1-1" for n in range(150)]

    def script(asked: Asked) -> Reply:
        orders = asked.body["filter"]["order_numbers"]
        assert len(orders) <= 100
        half = len(orders) // 2
        if not asked.body["cursor"]:
            return page(*(f"{order}-1" for order in orders[:half]), cursor="more", more=True)
        return page(*(f"{order}-1" for order in orders[half:]))

    found, asked = looked_up(script, *numbers)
    assert sorted(found) == numbers
    assert len(asked) == 4


def test_an_unreadable_posting_is_left_out_of_a_lookup_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def script(asked: Asked) -> Reply:
        broken = posting("1-1-1") | {"shipment_date": "soon"}
        return says({"postings": [broken, posting("1-1-2")]}) if asked.path == LISTED else says({"result": broken})

    found, _ = looked_up(script, "1-1-1", "1-1-2")
    assert list(found) == ["1-1-2"]
    assert "1-1-1 $.postings[0].shipment_date" in caplog.text


def test_nothing_to_look_up_costs_no_request() -> None:
    assert looked_up(in_turn(Reply(500))) == ({}, [])


def test_the_key_is_asked_for_its_roles_with_an_empty_body() -> None:
    with scripted(in_turn(says({"expires_at": None, "roles": [{"name": "Admin"}]}))) as scene:
        source = scene.source()
        assert source.key_info() == KeyInfo(None, ("Admin",))
        source.close()
    assert (scene.asked[0].path, scene.asked[0].content) == (ROLES, b"")
