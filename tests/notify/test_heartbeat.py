"""The ping of the dead man's switch: taken or not, it never stops anything and never tells its address."""

import logging
from datetime import timedelta

import pytest

from labelwatch.notify.heartbeat import ping
from tests.notify.loopback import Act, Hook, answer, closed_port, drip

CANARY = "canary-token-4711"


def test_a_ping_is_one_request() -> None:
    with Hook([answer(200)]) as hook:
        assert ping(f"http://127.0.0.1:{hook.port}/{CANARY}")
    assert [request.line for request in hook.requests] == [f"GET /{CANARY} HTTP/1.1"]


@pytest.mark.parametrize("act", [answer(404, CANARY), drip, None])
def test_a_ping_that_is_not_taken_is_only_logged(act: Act | None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Hook([act or answer(200)]) as hook:
        port = hook.port if act else closed_port()
        assert not ping(f"http://127.0.0.1:{port}/{CANARY}", deadline=timedelta(seconds=0.3))
    assert "the heartbeat was not taken" in caplog.text
    assert CANARY not in caplog.text
