"""An address that swallows packets, refuses or has no route delays a connection by a moment."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest

from labelwatch.net.backend import Backend
from labelwatch.net.connect import ATTEMPT_DELAY, Lookup, connect
from labelwatch.sources.ozon.transport import Transport
from tests.support.http_server import Hook, answer

GOOD = "127.0.0.1"


@contextmanager
def silent(address: str, port: int) -> Iterator[None]:
    """Somebody who answers no connection: the queue of those who wait is full, so the system drops the next."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket(family))
        full.bind((address, port))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket(family))
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server((GOOD, 0)) as server:
        server.settimeout(5)
        yield server, server.getsockname()[1]


def says(*found: str) -> Lookup:
    return lambda host, port: found


def took(port: int, *found: str, seconds: float = 5) -> tuple[str, float]:
    """Which address was connected to, and after how many seconds."""
    began = time.monotonic()
    with closing(connect("ozon.invalid", port, seconds, lookup=says(*found))) as sock:
        return str(sock.getpeername()[0]), time.monotonic() - began


@pytest.mark.parametrize("swallows", ["::1", "127.0.0.2"])
def test_an_address_that_swallows_packets_costs_a_quarter_of_a_second(swallows: str) -> None:
    with listening() as (_, port), silent(swallows, port):
        address, seconds = took(port, swallows, GOOD)
    assert address == GOOD
    assert ATTEMPT_DELAY <= seconds < 1


def test_two_families_are_tried_in_turn_so_that_a_dead_one_is_left_at_once() -> None:
    with ExitStack() as stack:
        _, port = stack.enter_context(listening())
        for address in ("::1", "127.0.0.2"):
            stack.enter_context(silent(address, port))
        address, seconds = took(port, "::1", "::1", "::1", GOOD)
    assert address == GOOD
    assert seconds < 2 * ATTEMPT_DELAY + 0.2


def test_a_refusal_is_followed_by_the_next_address_at_once() -> None:
    with listening() as (_, port):
        address, seconds = took(port, "127.0.0.3", "::1", "127.0.0.2", GOOD)
    assert address == GOOD
    assert seconds < ATTEMPT_DELAY


def test_an_address_that_answers_late_still_wins_over_those_that_never_do() -> None:
    """The first attempt goes on while others are made."""
    with listening() as (server, port), silent("127.0.0.2", port):
        address, _ = took(port, GOOD, "127.0.0.2", "127.0.0.2")
        assert address == GOOD
        server.accept()[0].close()


def test_all_addresses_share_one_deadline() -> None:
    with listening() as (_, port), silent("127.0.0.2", port), silent("127.0.0.3", port), silent("::1", port):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connect("ozon.invalid", port, 0.7, lookup=says("::1", "127.0.0.2", "127.0.0.3"))
        assert time.monotonic() - began < 1.2


def test_what_the_host_said_is_told_not_that_this_machine_has_no_such_network() -> None:
    with listening() as (server, port):
        server.close()
        for found in (("127.0.0.1", "ff02::1"), ("ff02::1", "127.0.0.1")):
            with pytest.raises(ConnectionRefusedError):
                connect("ozon.invalid", port, 5, lookup=says(*found))


def test_no_attempt_is_left_open() -> None:
    with listening() as (server, port), silent("127.0.0.2", port):
        connect("ozon.invalid", port, 5, lookup=says("127.0.0.2", GOOD)).close()
        peer, _ = server.accept()
        with peer:
            peer.settimeout(5)
            assert peer.recv(1) == b""


def test_a_request_to_ozon_takes_the_address_that_answers() -> None:
    with Hook([answer(200, "{}")]) as hook, silent("127.0.0.2", hook.port):
        transport = Transport(5, is_tls=False, proxy="", lookup=says("127.0.0.2", GOOD))
        with closing(httpx.Client(transport=transport)) as client:
            began = time.monotonic()
            assert client.post(f"http://ozon.invalid:{hook.port}/v1/roles", content=b"{}").status_code == 200
            assert time.monotonic() - began < 1


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_a_stream_of_a_channel_talks_over_the_socket_that_won(delay: float) -> None:
    with listening() as (server, port), silent("::1", port):

        def reply() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(4)
                time.sleep(delay)
                peer.sendall(b"pong")

        answering = threading.Thread(target=reply)
        answering.start()
        stream = Backend(lookup=says("::1", GOOD)).connect_tcp("hook.invalid", port, 5)
        stream.write(b"ping", 5)
        assert stream.read(4, 5) == b"pong"
        stream.close()
        answering.join()
