"""The control endpoints, for those who cannot reach into the process."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from labelwatch.sandbox import Sandbox
from labelwatch.sandbox.scenarios import many
from labelwatch.sandbox.scenarios.stage import HOME
from tests.support.sandbox_player import LIST, LONG, START, playing


def test_the_front_page_says_whom_to_be_and_what_to_call() -> None:
    with playing(many(START, 1)) as play:
        text = play.client.get("/sandbox/").text
    assert f"{HOME.client_id}  {HOME.api_key}  {HOME.name}" in text
    assert "/v4/posting/fbs/unfulfilled/list" in text
    assert "stuck_cursor" in text


def test_the_clock_can_be_moved_and_hurried() -> None:
    with playing(many(START, 1)) as play:
        moved = play.client.post("/sandbox/clock", json={"advance": 90}).json()
        assert moved == {"now": "2026-11-20T06:01:30Z", "speed": 0}
        assert play.client.post("/sandbox/clock", json={"speed": 3600}).json()["speed"] == 3600
        assert play.clock.now() >= START + timedelta(seconds=90)


def test_a_clock_that_is_not_the_sandboxs_stays() -> None:
    with Sandbox(many(START, 1), lambda: START) as sandbox, httpx.Client(base_url=sandbox.base_url) as client:
        assert client.post("/sandbox/clock", json={"advance": 1}).status_code == 400


def test_faults_are_set_and_cleared() -> None:
    with playing(many(START, 1)) as play:
        told = play.client.post("/sandbox/fault", json={"kind": "html", "status": 503}).json()
        assert told["status"] == 503
        assert play.ask("/v1/roles").status_code == 503
        play.client.post("/sandbox/fault", json={"clear": True})
        assert play.ask("/v1/roles").status_code == 200


WRONG: list[tuple[str, str, Any]] = [
    ("/sandbox/fault", "kind is missing", {}),
    ("/sandbox/fault", "earthquake", {"kind": "earthquake"}),
    ("/sandbox/fault", "magnitude", {"kind": "html", "magnitude": 9}),
    ("/sandbox/fault", "times must be a number", {"kind": "html", "times": "3"}),
    ("/sandbox/clock", "could not convert", {"advance": "soon"}),
    ("/sandbox/clock", "speed", {"speed": -1}),
    ("/sandbox/clock", "object", []),
]


@pytest.mark.parametrize(("path", "words", "body"), WRONG)
def test_what_is_wrong_is_said_in_plain_text(path: str, words: str, body: Any) -> None:
    with playing(many(START, 1)) as play:
        response = play.client.post(path, json=body)
    assert response.status_code == 400
    assert words in response.text


def test_the_log_can_be_read_and_is_not_in_itself() -> None:
    with playing(many(START, 1)) as play:
        play.ask(LIST, {"limit": 1, "filter": LONG})
        log = play.client.get("/sandbox/requests").json()["requests"]
    assert [(row["at"], row["path"], row["body"]["limit"], row["status"]) for row in log] == [
        ("2026-11-20T06:00:00Z", LIST, 1, 200)
    ]


def test_there_is_nothing_else_under_sandbox() -> None:
    with playing(many(START, 1)) as play:
        assert play.client.get("/sandbox/secrets").status_code == 404
