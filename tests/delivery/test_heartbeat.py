"""The pings of the dead man's switch: taken or not, they never stop anything and never tell their address."""

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from labelwatch.delivery.heartbeat import Heartbeat, ping
from tests.support.http_server import Act, Hook, answer, closed_port, drip

CANARY = "canary-token-4711"


def test_a_ping_is_one_request() -> None:
    with Hook([answer(200)]) as hook:
        assert ping(f"http://127.0.0.1:{hook.port}/{CANARY}") == 200
    assert [request.line for request in hook.requests] == [f"GET /{CANARY} HTTP/1.1"]


@pytest.mark.parametrize(("act", "status"), [(answer(404, CANARY), 404), (drip, 0), (None, 0)])
def test_a_ping_that_is_not_taken_is_only_logged(
    act: Act | None, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Hook([act or answer(200)]) as hook:
        port = hook.port if act else closed_port()
        assert ping(f"http://127.0.0.1:{port}/{CANARY}", deadline=timedelta(seconds=0.3)) == status
    assert "the heartbeat was not taken" in caplog.text
    assert CANARY not in caplog.text


def _round(heartbeat: Heartbeat) -> None:
    heartbeat.start()
    heartbeat.complete()


def _two_rounds(heartbeat: Heartbeat) -> None:
    _round(heartbeat)
    _round(heartbeat)


@pytest.mark.parametrize(
    ("address", "acts", "life", "lines"),
    [
        ("/uuid", [200], _round, ["GET /uuid/start", "GET /uuid"]),
        ("/uuid/", [200], _round, ["GET /uuid/start", "GET /uuid/"]),
        ("/uuid", [404, 200], _two_rounds, ["GET /uuid/start", "GET /uuid", "GET /uuid"]),
        ("/uuid", [503, 200], _two_rounds, ["GET /uuid/start", "GET /uuid", "GET /uuid/start", "GET /uuid"]),
        ("/push?status=up", [200], _round, ["GET /push?status=up"]),
        ("/uuid", [200], lambda heartbeat: heartbeat.fail("nobody can be told"), ["POST /uuid/fail"]),
        ("/push?status=up", [200], lambda heartbeat: heartbeat.fail("nobody can be told"), []),
    ],
    ids=["healthchecks", "with a slash", "knows no start", "is down for a moment", "a query", "fail", "no fail"],
)
def test_the_signals_of_a_round(
    address: str, acts: list[int], life: Callable[[Heartbeat], None], lines: list[str]
) -> None:
    hook = Hook([answer(status) for status in acts])
    with hook, closing(Heartbeat(f"http://127.0.0.1:{hook.port}{address}")) as heartbeat:
        life(heartbeat)
        heartbeat.close()
    assert [request.line.removesuffix(" HTTP/1.1") for request in hook.requests] == lines
    assert [request.body for request in hook.requests if request.line.startswith("POST")] in (
        [],
        [b"nobody can be told"],
    )
