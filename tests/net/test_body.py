"""A body that inflates costs no client more than its limit, whatever it says it is."""

import gzip
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import Ambiguous, Delivered, Retry
from labelwatch.channels.http import Answer, HttpOptions, exchange
from labelwatch.delivery.heartbeat import ping
from labelwatch.net.body import BodyError, DamagedError, EncodingError, TooBigError, beginning, whole
from labelwatch.sources import LabelUnavailable, SourceError
from labelwatch.sources.ozon.connectivity import check_connectivity
from labelwatch.sources.ozon.files import Files
from labelwatch.sources.ozon.transport import HttpClient
from tests.support.chat_bots import PARCEL
from tests.support.http_server import Act, Hook

MOST = 1000
PACKED = gzip.compress(b"a" * 100)


GZIP, ZLIB = 31, 15


def inflating(mebibytes: int, kind: int = GZIP) -> bytes:
    """One member of so many blanks. Its check sum is wrong: compressing them all would take ten seconds."""
    packer = zlib.compressobj(9, zlib.DEFLATED, kind)
    head, part = (packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return head + part * (mebibytes - 1) + packer.flush()


READ = [
    (b"plain", {}, b"plain"),
    (b"plain", {"content-encoding": "identity"}, b"plain"),
    (PACKED, {"content-encoding": "gzip"}, b"a" * 100),
    (PACKED, {"content-encoding": " X-GZIP "}, b"a" * 100),
    (b"", {"content-encoding": "gzip"}, b""),
    (PACKED, {"content-encoding": "gzip, gzip"}, EncodingError),
    (PACKED, {"content-encoding": "gzip, identity"}, EncodingError),
    (PACKED, {"content-encoding": "br"}, EncodingError),
    (zlib.compress(b"a"), {"content-encoding": "deflate"}, EncodingError),
    (b"no gzip", {"content-encoding": "gzip"}, DamagedError),
]
OF_THE_WHOLE = [
    (PACKED[:-9], {"content-encoding": "gzip"}, DamagedError),
    (b"a" * 1001, {}, TooBigError),
    (b"", {"content-length": "1001"}, TooBigError),
    (b"a", {"content-length": "\u0665" * 9}, b"a"),
    (gzip.compress(b"a" * 1001), {"content-encoding": "gzip"}, TooBigError),
    (inflating(50), {"content-encoding": "gzip"}, TooBigError),
]


@pytest.mark.parametrize(("body", "headers", "expected"), READ, ids=range(len(READ)))
@pytest.mark.parametrize("read", [whole, beginning])
def test_a_body_is_read(
    read: Callable[..., bytes], body: bytes, headers: dict[str, str], expected: bytes | type[BodyError]
) -> None:
    assert outcome(read, body, headers) == expected


@pytest.mark.parametrize(("body", "headers", "expected"), OF_THE_WHOLE, ids=range(len(OF_THE_WHOLE)))
def test_a_whole_body_has_a_limit_and_an_end(
    body: bytes, headers: dict[str, str], expected: bytes | type[BodyError]
) -> None:
    assert outcome(whole, body, headers) == expected


def outcome(read: Callable[..., bytes], body: bytes, headers: dict[str, str]) -> bytes | type[BodyError]:
    try:
        return read(iter([body[:4], body[4:]]), headers, most=MOST)
    except BodyError as error:
        return type(error)


def test_what_inflates_is_as_long_as_it_says() -> None:
    assert zlib.decompressobj(31).decompress(inflating(3)[:-8]) == b" " * 3 * 2**20


def test_of_a_beginning_no_more_is_read_than_is_wanted() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"a" * 300

    assert beginning(endless(), {}, most=MOST) == b"a" * MOST
    packed = gzip.compress(b"a" * 2**20)
    assert beginning(iter([packed]), {"content-encoding": "gzip"}, most=MOST) == b"a" * MOST


def bomb(encoding: str) -> Act:
    """An answer of a gigabyte of blanks, compressed as often as its encoding says."""
    # What is none of these is named only: to be refused or passed on as it is, whatever it holds.
    body = inflating(1024, ZLIB if encoding.startswith("deflate") else GZIP)
    for _ in range(encoding.count(",")):
        body = gzip.compress(body)
    lines = "".join(f"Content-Encoding: {one}\r\n" for one in encoding.split(", "))
    head = f"HTTP/1.1 200 OK\r\n{lines}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


@contextmanager
def memory() -> Iterator[list[int]]:
    """What was taken at the same time, at most, in bytes."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def address(hook: Hook) -> str:
    return f"http://127.0.0.1:{hook.port}/hook"


SOON = timedelta(seconds=20)


def by_exchange(url: str) -> object:
    return exchange(HttpOptions(SOON), "POST", url, content=b"{}")


def by_heartbeat(url: str) -> object:
    return ping(url, deadline=SOON)


def by_apprise(url: str) -> object:
    return open_channel(url.replace("http:", "form:"), deadline=SOON).send(PARCEL)


def by_poll(url: str) -> object:
    wire = HttpClient(url, {}, timeout=SOON, proxy=lambda _: "", secret="")
    with pytest.raises(SourceError) as error:
        wire.post("/v1/roles", b"{}")
    wire.close()
    return error.value


def by_download(url: str) -> object:
    files = Files(url, "labelwatch", timeout=SOON, proxy=lambda _: "")
    found = files.get(url)
    assert isinstance(found, LabelUnavailable)
    return found


def by_knock(url: str) -> object:
    return check_connectivity(url, timeout=SOON, user_agent="labelwatch", now=lambda: datetime.now(UTC))


CLIENTS = [by_exchange, by_heartbeat, by_apprise, by_poll, by_download, by_knock]


@pytest.mark.parametrize(
    "encoding", ["gzip", "gzip, gzip", "gzip, gzip, gzip", "deflate", "deflate, gzip", "br", "zstd"]
)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_bomb_costs_no_client_its_memory(client: Callable[[str], object], encoding: str) -> None:
    with Hook([bomb(encoding)]) as hook:
        with suppress(SourceError):
            client(address(hook))  # What is loaded on first use is no part of the measure
        with memory() as peak:
            client(address(hook))
    assert peak[0] < 32 * 2**20


def flood(connection: socket.socket) -> None:
    """Header lines without an end, 64 MB of them at most."""
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(64):
            connection.sendall(b"".join(b"X-%d-%d: %s\r\n" % (number, n, b"a" * 1000) for n in range(1000)))


def drip(connection: socket.socket) -> None:
    """A byte of the body now and then, so that no read times out."""
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b"a")
            time.sleep(0.1)


@pytest.mark.parametrize("client", CLIENTS)
def test_headers_without_an_end_are_given_up(client: Callable[[str], object]) -> None:
    with Hook([flood]) as hook:
        with suppress(SourceError):
            client(address(hook))
        with memory() as peak:
            client(address(hook))
    assert peak[0] < 32 * 2**20


@pytest.mark.parametrize("client", CLIENTS)
def test_an_answer_that_drips_is_given_up_at_the_deadline(
    client: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "SOON", timedelta(seconds=2))
    with Hook([drip]) as hook:
        began = time.monotonic()
        client(address(hook))
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("client", [by_exchange, by_heartbeat, by_apprise, by_download])
def test_nothing_compressed_is_asked_for(client: Callable[[str], object]) -> None:
    with Hook([bomb("gzip, gzip")]) as hook:
        client(address(hook))
    assert hook.requests[0].headers["accept-encoding"] == "identity"


def test_an_answer_packed_twice_leaves_open_whether_it_was_delivered() -> None:
    with Hook([bomb("gzip, gzip")]) as hook:
        assert isinstance(by_exchange(address(hook)), Ambiguous)
        assert isinstance(by_apprise(address(hook)), Retry)


def test_an_answer_packed_once_is_read() -> None:
    body = gzip.compress(b'{"ok": true}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with Hook([lambda connection: connection.sendall(head.encode() + body)]) as hook:
        found = by_exchange(address(hook))
        assert isinstance(found, Answer)
        assert found.json == {"ok": True}
        assert isinstance(by_apprise(address(hook)), Delivered)
