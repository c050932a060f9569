"""Who is let in, and what the others hear."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from labelwatch.sandbox import KeyState, Role
from labelwatch.sandbox.methods import METHODS
from labelwatch.sandbox.scenarios import many
from labelwatch.sandbox.scenarios.stage import HOME, KEY_LIVES
from tests.support.sandbox_player import LIST, LONG, NO_TLS, START, UNFULFILLED, WIDE, playing

HEADERS = [
    ({}, 401, 16, "headers are required"),
    ({"Client-Id": HOME.client_id}, 401, 16, "headers are required"),
    ({"Api-Key": HOME.api_key}, 401, 16, "headers are required"),
    ({"Client-Id": "shop", "Api-Key": HOME.api_key}, 400, 3, "positive integer"),
    ({"Client-Id": "-1", "Api-Key": HOME.api_key}, 400, 3, "positive integer"),
    ({"Client-Id": "0", "Api-Key": HOME.api_key}, 400, 3, "positive integer"),
    ({"Client-Id": HOME.client_id, "Api-Key": "wrong"}, 404, 5, "Invalid Api-Key"),
    ({"Client-Id": "999", "Api-Key": HOME.api_key}, 404, 5, "Invalid Api-Key"),
]


@pytest.mark.parametrize(("headers", "status", "code", "words"), HEADERS)
def test_bad_headers_are_answered_as_ozon_does(headers: dict[str, str], status: int, code: int, words: str) -> None:
    with playing(many(START, 1)) as play:
        response = play.client.post("/v1/roles", headers=headers)
    assert response.status_code == status
    assert response.json()["code"] == code
    assert words in response.json()["message"]


KEYS: list[tuple[dict[str, Any], str]] = [
    ({"key_state": KeyState.DEACTIVATED}, "deactivated"),
    ({"key_expires_at": START - timedelta(seconds=1)}, "deactivated"),
    ({"key_state": KeyState.IP_RESTRICTED}, "restricted to specific IP addresses"),
    ({"key_state": KeyState.OFFER_NOT_SIGNED}, "Offer not signed"),
    ({"roles": (Role("Warehouse", ("/v2/warehouse",)),)}, "missing a required role"),
]


@pytest.mark.parametrize(("change", "words"), KEYS)
def test_a_key_out_of_order_says_why(change: dict[str, Any], words: str) -> None:
    world = many(START, 1)
    world.shops[HOME.client_id] = replace(HOME, **change)
    with playing(world) as play:
        response = play.ask(LIST, {"limit": 1, "filter": LONG})
    assert (response.status_code, response.json()["code"]) == (403, 7)
    assert words in response.json()["message"]


def test_a_key_may_always_ask_for_its_roles() -> None:
    world = many(START, 1)
    world.shops[HOME.client_id] = replace(world.shops[HOME.client_id], roles=(Role("Nothing", ("/nothing",)),))
    with playing(world) as play:
        answer = play.answer("/v1/roles")
    assert answer["roles"] == [{"name": "Nothing", "methods": ["/nothing"]}]
    assert answer["expires_at"] == "2027-01-19T06:00:00Z"


def test_a_key_expires_on_the_told_clock() -> None:
    with playing(many(START, 1)) as play:
        assert play.ask("/v1/seller/info").status_code == 200
        play.clock.advance(KEY_LIVES)
        assert play.ask("/v1/seller/info").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/v3/posting/fbs/list",
        "/v3/posting/fbs/unfulfilled/list",
        "/v2/posting/fbs/package-label",
        "/v2/posting/fbs/package-label/create",
        "/v1/posting/fbs/package-label/create",
        "/v1/posting/fbs/package-label/get",
        "/v9/no/such/method",
    ],
)
def test_a_retired_method_is_a_bare_404(path: str) -> None:
    with playing(many(START, 1)) as play:
        response = play.ask(path)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_a_wrong_verb_is_an_empty_405(verb: str) -> None:
    with playing(many(START, 1)) as play:
        response = play.client.request(verb, LIST)
    assert (response.status_code, response.content) == (405, b"")


def test_the_fifty_first_request_of_a_second_is_too_many() -> None:
    with playing(many(START, 1), requests_a_second=5) as play:
        responses = [play.ask("/v1/roles") for _ in range(6)]
    assert [response.status_code for response in responses] == [200] * 5 + [429]
    assert [response.headers["ratelimit-remaining"] for response in responses] == ["4", "3", "2", "1", "0", "0"]
    assert responses[-1].headers["retry-after"] == "1"
    assert responses[-1].json()["code"] == 8


def test_every_answer_bears_a_trace_and_the_told_date() -> None:
    with playing(many(START, 1)) as play:
        responses = [play.ask("/v1/roles"), play.ask("/v9/none"), play.client.post("/v1/roles")]
    traces = {response.headers["x-o3-trace-id"] for response in responses}
    assert len(traces) == 3
    assert {response.headers["date"] for response in responses} == {"Fri, 20 Nov 2026 06:00:00 GMT"}


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip", "gzip"), ("identity", None)])
def test_answers_are_gzipped_when_asked(accepts: str, encoding: str | None) -> None:
    with playing(many(START, 3)) as play:
        headers = {"Client-Id": HOME.client_id, "Api-Key": HOME.api_key, "Accept-Encoding": accepts}
        asked = {"limit": 3, "filter": {"cutoff_from": LONG["since"], "cutoff_to": LONG["to"]}}
        response = play.client.post(UNFULFILLED, json=asked, headers=headers)
    assert response.headers.get("content-encoding") == encoding
    assert len(response.json()["postings"]) == 3


def test_the_log_remembers_what_was_asked_but_no_key() -> None:
    with playing(many(START, 1)) as play:
        play.ask(LIST, {"limit": 1, "filter": LONG})
        play.client.post("/v1/roles", headers={"Client-Id": "7", "Api-Key": "secret-canary"})
        seen = play.sandbox.requests
    assert [(one.path, one.client_id, one.status) for one in seen] == [
        (LIST, HOME.client_id, 200),
        ("/v1/roles", "7", 404),
    ]
    assert seen[0].body == {"limit": 1, "filter": LONG}
    assert "secret-canary" not in repr(seen)
    assert HOME.api_key not in repr(seen)


def test_one_connection_serves_many_requests_and_many_connections_are_served_at_once() -> None:
    with playing(many(START, 1)) as play:
        headers = {"Client-Id": HOME.client_id, "Api-Key": HOME.api_key}
        clients = [httpx.Client(base_url=play.sandbox.base_url, headers=headers, verify=NO_TLS) for _ in range(40)]
        statuses = [client.post("/v1/roles").status_code for client in clients for _ in range(2)]
        for client in clients:
            client.close()
    assert statuses == [200] * 80


ODD: list[Any] = [
    {"filter": [1]},
    {"filter": {**LONG, **WIDE, "last_changed_status_date": 7}, "limit": 1},
    {"filter": {**LONG, **WIDE, "statuses": "all"}, "limit": 1},
    {"filter": {**LONG, **WIDE, "delivery_method_ids": 7}, "limit": 1},
    {"filter": {**LONG, **WIDE}, "limit": [], "with": []},
    {"filter": {**LONG, **WIDE}, "limit": 1, "cursor": 7},
    {"warehouse_ids": 7, "limit": 1, "filter": {"status": 7}},
    {"posting_number": ["1-1-1"], "with": True},
    {"posting_numbers": [None, {}], "task_id": {}, "tracking_numbers": [7], "packages": [[]]},
    {"posting_number": "80000000-0000-1", "with": 7, "new_cutoff_date": 7, "multi_box_qty": "many"},
]


@pytest.mark.parametrize("path", METHODS)
def test_odd_bodies_are_answered_too(path: str) -> None:
    with playing(many(START, 1)) as play:
        answers = [play.ask(path, body) for body in ODD]
    assert {answer.status_code for answer in answers} <= {200, 400, 404}
    assert all(answer.status_code == 200 or answer.json()["message"] for answer in answers)
