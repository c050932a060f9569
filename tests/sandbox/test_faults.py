"""Every fault does on the wire what it says."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from labelwatch.sandbox import At, Fault, Kind, World
from labelwatch.sandbox.scenarios import many
from labelwatch.sandbox.scenarios.stage import HOME, STAR
from tests.support.sandbox_player import LIST, LONG, START, UNFULFILLED, WIDE, Play, numbers, pages, playing

ASKED = {"limit": 10, "filter": WIDE}


def faulty(world: World, *faults: Fault) -> World:
    world.plan(*(At(minutes=0, fault=fault) for fault in faults))
    return world


def no_json(response: httpx.Response) -> bool:
    try:
        json.loads(response.content)
    except ValueError:
        return True
    return False


def is_html(response: httpx.Response) -> bool:
    return response.headers["content-type"] == "text/html" and b"<html>" in response.content and no_json(response)


INSTEAD: list[tuple[Fault, int, Callable[[httpx.Response], bool]]] = [
    (Fault(kind=Kind.HTML), 502, is_html),
    (Fault(kind=Kind.HTML, status=500), 500, is_html),
    (Fault(kind=Kind.HTML, status=503), 503, is_html),
    (Fault(kind=Kind.HTML, status=504), 504, is_html),
    (Fault(kind=Kind.HTML, status=200), 200, is_html),
    (Fault(kind=Kind.EMPTY, status=200), 200, lambda r: r.content == b""),
    (Fault(kind=Kind.NULL), 200, lambda r: r.json() is None),
    (Fault(kind=Kind.OBJECT), 200, lambda r: r.json() == {}),
    (Fault(kind=Kind.ERROR, status=500), 500, lambda r: r.json()["message"] == "Internal error"),
    (Fault(kind=Kind.ERROR, status=403, code=7, message="no"), 403, lambda r: r.json()["code"] == 7),
    (Fault(kind=Kind.ERROR_200), 200, lambda r: r.json()["code"] == 13),
    (Fault(kind=Kind.LEGACY_ERROR), 200, lambda r: r.json()["error"]["message"] == "Internal error"),
    (Fault(kind=Kind.TOO_MANY), 429, lambda r: "retry-after" not in r.headers and r.json()["code"] == 8),
    (Fault(kind=Kind.TOO_MANY, retry_after=7), 429, lambda r: r.headers["retry-after"] == "7"),
    (Fault(kind=Kind.CIRCLE), 500, lambda r: r.json()["message"] == "Circle is open"),
    (Fault(kind=Kind.REDIRECT), 302, lambda r: r.headers["location"] == "http://127.0.0.1:9/"),
    (Fault(kind=Kind.TRUNCATED), 200, no_json),
    (Fault(kind=Kind.INVALID_UTF8), 200, lambda r: b"\xff" in r.content and no_json(r)),
]


@pytest.mark.parametrize(("fault", "status", "holds"), INSTEAD, ids=[f"{f.kind}-{s}" for f, s, _ in INSTEAD])
def test_an_answer_is_spoiled_as_named(fault: Fault, status: int, holds: Callable[[httpx.Response], bool]) -> None:
    with playing(faulty(many(START, 3), fault)) as play:
        response = play.ask(UNFULFILLED, ASKED)
    assert response.status_code == status
    assert holds(response)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(Kind.CUT, httpx.RemoteProtocolError), (Kind.RESET, httpx.ReadError)],
)
def test_a_connection_breaks_and_the_next_one_works(kind: Kind, error: type[Exception]) -> None:
    with playing(faulty(many(START, 3), Fault(kind=kind, times=1))) as play:
        with pytest.raises(error):
            play.ask(UNFULFILLED, ASKED)
        assert play.ask(UNFULFILLED, ASKED).status_code == 200


def test_a_dripping_answer_takes_its_time_and_is_true() -> None:
    with playing(faulty(many(START, 1), Fault(kind=Kind.DRIP, pause=0.002))) as play:
        began = time.monotonic()
        response = play.ask("/v1/roles")
        took = time.monotonic() - began
    assert response.json()["roles"]
    assert took >= 0.002 * len(response.content)


def test_closing_the_sandbox_ends_a_drip() -> None:
    began = time.monotonic()
    with playing(faulty(many(START, 1), Fault(kind=Kind.DRIP, pause=3600))) as play:
        headers = {"Client-Id": HOME.client_id, "Api-Key": HOME.api_key}
        with play.client.stream("POST", "/v1/roles", headers=headers) as response:
            assert response.status_code == 200
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", [Kind.BOMB, Kind.HUGE])
def test_a_body_grows_beyond_measure(kind: Kind) -> None:
    with playing(faulty(many(START, 1), Fault(kind=kind, megabytes=3))) as play:
        response = play.ask(UNFULFILLED, ASKED)
    assert len(response.content) == 3 * 2**20
    assert (int(response.headers["content-length"]) < 10_000) is (kind is Kind.BOMB)


def test_a_stuck_cursor_never_ends() -> None:
    with playing(faulty(many(START, 25), Fault(kind=Kind.STUCK_CURSOR))) as play:
        found = pages(play, UNFULFILLED, ASKED, most=6)
    assert all(page["has_next"] for page in found)
    assert len({page["cursor"] for page in found}) == 1
    assert numbers(found[1]) == numbers(found[5])


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_overlap_by_one_posting(direction: str) -> None:
    with playing(faulty(many(START, 25), Fault(kind=Kind.DUPLICATES))) as play:
        found = pages(play, UNFULFILLED, {**ASKED, "sort_dir": direction})
    assert [numbers(page)[0] for page in found[1:]] == [numbers(page)[-1] for page in found[:-1]]
    assert len({number for page in found for number in numbers(page)}) == 25


def test_an_empty_page_stands_in_the_middle_and_nothing_is_lost() -> None:
    with playing(faulty(many(START, 25), Fault(kind=Kind.EMPTY_PAGE, times=1))) as play:
        found = pages(play, UNFULFILLED, ASKED)
    assert [len(page["postings"]) for page in found] == [10, 0, 10, 5]
    assert len({number for page in found for number in numbers(page)}) == 25


def test_one_posting_of_a_page_is_malformed() -> None:
    fault = Fault(kind=Kind.MALFORMED, change={"in_process_at": 17})
    with playing(faulty(many(START, 5), fault)) as play:
        postings = play.answer(UNFULFILLED, ASKED)["postings"]
    assert [posting["in_process_at"] == 17 for posting in postings] == [False, False, True, False, False]


def test_ids_turn_into_text() -> None:
    with playing(faulty(many(START, 1), Fault(kind=Kind.TEXT_IDS))) as play:
        posting = play.answer(UNFULFILLED, ASKED)["postings"][0]
    ids = (posting["order_id"], posting["delivery_method"]["id"], posting["products"][0]["sku"])
    assert all(isinstance(value, str) for value in ids)


def statuses(play: Play, path: str = LIST, n: int = 3) -> list[int]:
    body: dict[str, Any] = {"limit": 1, "filter": LONG if path == LIST else WIDE}
    return [play.ask(path, body).status_code for _ in range(n)]


def test_a_fault_hits_so_many_times() -> None:
    with playing(faulty(many(START, 1), Fault(kind=Kind.HTML, times=2))) as play:
        assert statuses(play) == [502, 502, 200]


def test_faults_queue_up_in_their_order() -> None:
    script = (Fault(kind=Kind.TOO_MANY, times=1), Fault(kind=Kind.HTML, times=1))
    with playing(faulty(many(START, 1), *script)) as play:
        assert statuses(play) == [429, 502, 200]


def test_a_fault_lasts_so_long_on_the_told_clock() -> None:
    with playing(faulty(many(START, 1), Fault(kind=Kind.HTML, seconds=60))) as play:
        assert statuses(play) == [502, 502, 502]
        play.wait(seconds=60)
        assert statuses(play) == [200, 200, 200]


def test_a_fault_hits_one_path_or_one_shop() -> None:
    fault = Fault(kind=Kind.HTML, path=LIST, client_id=HOME.client_id)
    with playing(faulty(many(START, 1), fault)) as play:
        assert statuses(play, LIST, 1) == [502]
        assert statuses(play, UNFULFILLED, 1) == [200]
        assert play.ask(LIST, {"limit": 1, "filter": LONG}, shop=STAR).status_code == 200


def test_a_fault_may_be_told_to_a_running_sandbox() -> None:
    with playing(many(START, 1)) as play:
        play.sandbox.fault(replace(Fault(kind=Kind.EMPTY), status=503, times=1))
        assert statuses(play) == [503, 200, 200]
