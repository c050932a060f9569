"""The board on a real socket: it ends when told to, comes back by itself, and nobody can hold it up for long."""

import contextlib
import http.client
import socket
import threading
import time
from asyncio import CancelledError
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from labelwatch.app import App
from labelwatch.config import Address, Web
from labelwatch.web import server
from labelwatch.web.application import create
from labelwatch.web.server import LARGEST_HEAD, Serving, start
from tests.support.place import until
from tests.web.build import WEB, furnish

ANYWHERE = replace(WEB, listen=Address("127.0.0.1", 0))


@pytest.fixture
def served(app: App) -> Iterator[Serving]:
    """A board that is served on a port of its own."""
    furnish(app.store)
    with serving(app) as running:
        yield running


@contextlib.contextmanager
def serving(app: App, settings: Web = ANYWHERE) -> Iterator[Serving]:
    stop = threading.Event()
    running = start(app, settings, stop=stop, again_after=timedelta(milliseconds=100))
    running.ready.wait(10)
    yield running
    stop.set()
    running.join()
    assert running.thread
    assert not running.thread.is_alive()


def connection(running: Serving) -> socket.socket:
    place = urlsplit(running.url)
    return socket.create_connection((place.hostname, place.port), timeout=10)


def status(running: Serving, path: str = "/healthz") -> int:
    place = urlsplit(running.url)
    asked = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
    with contextlib.closing(asked):
        asked.request("GET", path)
        return asked.getresponse().status


def raw(running: Serving, request: bytes) -> bytes:
    """All that is answered to some bytes."""
    with connection(running) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_it_answers_and_says_nothing_about_its_server(served: Serving) -> None:
    answer = raw(served, b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"uvicorn" not in answer.lower()


def test_it_answers_at_once_over_a_connection_that_is_kept(served: Serving) -> None:
    """Head and body are sent apart: with Nagle's algorithm the second waits for 40 ms."""
    place = urlsplit(served.url)
    line = http.client.HTTPConnection(str(place.hostname), place.port, timeout=10)
    took = []
    with contextlib.closing(line):
        for _ in range(8):
            began = time.monotonic()
            line.request("GET", "/static/board.css")
            line.getresponse().read()
            took.append(time.monotonic() - began)
    assert min(took[1:]) < 0.03


BOTH_LENGTHS = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADS: list[tuple[bytes, bytes]] = [
    (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    (b"GET / HTTP/1.0\r\n\r\n", b"421"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
    (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"400",
    ),
    (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"400",
    ),
    (BOTH_LENGTHS + HEALTH, b"400"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nby=x&", b"400"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"400"),
    (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", b"400"),
    (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"421"),
    (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * LARGEST_HEAD, b"400"),
    (b"GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"404"),
    (b"GET //evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"303"),
    (b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", b"400"),
    (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
]


@pytest.mark.parametrize(("request_", "said"), HEADS)
def test_what_is_no_request_to_us_is_refused(served: Serving, request_: bytes, said: bytes) -> None:
    answer = raw(served, request_)
    assert answer.split(b" ", 2)[1] == said
    assert answer.count(b"HTTP/1.1 ") == 1, "nothing behind it is taken for a request"
    assert b"root:" not in answer
    assert status(served) in (200, 503)


CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("waits", [False, True], ids=["while it is answered", "after it was"])
@pytest.mark.parametrize("body", [b"zz\r\n", b"-1\r\nx\r\n", b"f" * 40 + b"\r\n"], ids=["no size", "less", "more"])
def test_a_stranger_s_wrong_body_is_answered_once_and_leaves_the_log_as_it_is(
    served: Serving, caplog: pytest.LogCaptureFixture, body: bytes, waits: bool
) -> None:
    with connection(served) as line:
        line.sendall(CHUNKED if waits else CHUNKED + body)
        answer = line.recv(65536)
        if waits:
            line.sendall(body)
        answer += b"".join(iter(lambda: line.recv(65536), b""))
    assert (answer.split(b" ", 2)[1], answer.count(b"HTTP/1.1 ")) == (b"415" if waits else b"400", 1)
    assert status(served) in (200, 503)
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


def test_a_websocket_is_not_opened(served: Serving) -> None:
    answer = raw(
        served,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )
    assert b" 101 " not in answer.partition(b"\r\n")[0]


def test_who_sends_slowly_is_hung_up_on(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_WITHIN", timedelta(seconds=0.3))
    with serving(app) as running, connection(running) as silent, connection(running) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert ended(slow)
        assert time.monotonic() - began < 5


FORM = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\npassword="
)


def test_a_form_that_never_ends_is_given_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labelwatch.web.auth.guard.BODY_WITHIN", 0.3)
    with serving(app) as running:
        answer = raw(running, FORM)
    assert answer.startswith(b"HTTP/1.1 408 ")


def ended(line: socket.socket) -> bool:
    try:
        return line.recv(65536) == b""
    except ConnectionResetError:
        return True


def test_many_connections_leave_the_process_its_files(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 8)
    with serving(app) as running, contextlib.ExitStack() as held:
        lines = [held.enter_context(connection(running)) for _ in range(40)]
        until(lambda: sum(is_open(line) for line in lines) <= 8, seconds=10)
        for line in lines:
            line.close()
        until(lambda: answers(running), seconds=5)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n", FORM], ids=["nothing", "half a head", "half a body"])
def test_whoever_sends_a_whole_request_is_answered_while_others_hold_connections(
    app: App, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 8)
    with serving(app) as running, contextlib.ExitStack() as held:
        for _ in range(12):
            held.enter_context(connection(running)).sendall(sent)
        for _ in range(3):
            assert status(running) in (200, 503)


def test_it_tells_whether_all_is_well_while_all_its_threads_wait(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def waiting(app: App, settings: Web) -> Starlette:
        board = create(app, settings)
        board.router.routes.insert(0, Route("/waits", lambda _: PlainTextResponse(str(over.wait(20)))))
        return board

    monkeypatch.setattr(server, "create", waiting)
    monkeypatch.setattr("labelwatch.web.application.THREADS", 1)
    with serving(app) as running, contextlib.ExitStack() as held:
        for _ in range(3):
            line = held.enter_context(connection(running))
            line.sendall(b"GET /waits HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        try:
            assert status(running) in (200, 503)
        finally:
            over.set()


def is_open(line: socket.socket) -> bool:
    line.settimeout(0.05)
    try:
        return line.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def answers(running: Serving) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return status(running) in (200, 503)
    return False


def test_it_ends_within_seconds_even_while_somebody_is_connected(app: App) -> None:
    with serving(app) as running, connection(running) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        began = time.monotonic()
        running.stop.set()
        running.join()
        assert time.monotonic() - began < 4


def test_a_port_that_is_taken_is_said_and_tried_again(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stop = threading.Event()
        running = start(
            app, replace(WEB, listen=Address("127.0.0.1", port)), stop=stop, again_after=timedelta(seconds=0.1)
        )
        running.ready.wait(10)
        assert running.trouble == f"cannot listen on 127.0.0.1:{port}: Address already in use"
        time.sleep(0.3)
    until(lambda: running.url != "" and answers(running), seconds=5)
    assert running.trouble == ""
    stop.set()
    running.join()
    said = [record.message for record in caplog.records if record.levelname == "CRITICAL"]
    assert len(said) == 1
    assert "everything else continues" in said[0]


def test_systemd_is_told_of_a_board_that_is_not_there() -> None:
    told: list[str] = []
    running = Serving(WEB, threading.Event())
    notify = running.noting(told.append)
    notify("STATUS=fine")
    running.trouble = "cannot listen"
    notify("STATUS=fine")
    notify("WATCHDOG=1")
    assert told == ["STATUS=fine", "STATUS=fine; no board: cannot listen", "WATCHDOG=1"]


def test_a_board_that_fails_comes_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([RuntimeError("the first time"), SystemExit(3), CancelledError(), KeyboardInterrupt()])

    def create_or_fail(app: App, settings: Web) -> Starlette:
        for failure in failures:
            raise failure
        return create(app, settings)

    monkeypatch.setattr(server, "create", create_or_fail)
    with serving(app) as running:
        until(lambda: running.url != "" and answers(running), seconds=5)
