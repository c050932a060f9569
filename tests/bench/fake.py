"""A fast fake of Ozon's list in a process of its own: pages lie ready, compressed; it only looks at the cursor.

It is steered over a pipe, not over HTTP, so nothing of that is in the measurements.
"""

import asyncio
import re
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from typing import Any

from tests.bench.world import PAGE, facts, fingerprint, page

_CURSOR = re.compile(rb'"cursor":\s*"(\d+)"')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_CLIENT = re.compile(rb"client-id:\s*(\d+)", re.IGNORECASE)
_CHANGES = 120
"""How often one of many shops changes at most."""
_BY_ARRIVAL = b"POST /v4/posting/fbs/list "
_END = b"\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d" + _END


@dataclass(frozen=True, slots=True)
class Fake:
    """The fake as the benchmark holds it: its address, and what it can be told."""

    port: int
    pipe: Connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stock(self, postings: int) -> None:
        """Open a new shop with this many open postings."""
        self._tell("stock", postings)

    def change(self, share: float) -> int:
        """Let this share of the postings move on a step; how many did."""
        return int(self._tell("change", share))

    def truth(self) -> str:
        """The fingerprint of what every contestant must have in its database after a poll."""
        return str(self._tell("truth"))

    def stock_many(self, postings: int, share: float) -> None:
        """Give every Client-Id a shop of its own with one page; this share of its answers differs from the last."""
        self._tell("stock_many", postings, share)

    def slow_down(self, seconds: float) -> None:
        """Wait so long before each answer."""
        self._tell("slow_down", seconds)

    def arrivals(self) -> list[float]:
        """When each request came since this was asked last, in seconds of a steady clock."""
        return list(self._tell("take_arrivals"))

    def _tell(self, what: str, *values: object) -> Any:
        self.pipe.send((what, values))
        return self.pipe.recv()


@contextmanager
def running(began: datetime) -> Iterator[Fake]:
    """The fake, served from another process until the block ends; all its times are counted from `began`."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs, began), daemon=True)
    process.start()
    try:
        yield Fake(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()


class _Shop:
    """Whole HTTP responses, one a page; how often each posting has changed; when requests came."""

    def __init__(self, began: datetime) -> None:
        self.answers: list[bytes] = []
        self.latency = 0.0
        self.arrivals: list[float] = []
        self._began = began
        self._versions = array("H")
        self._luck = Random(began.timestamp())
        self._changes: dict[bytes, int] = {}
        """Client-Id -> how often its shop has changed, if there are many."""
        self._share: float | None = None

    def answer(self, request: bytes) -> bytes:
        """The page that a request asks for."""
        if self._share is None:
            cursor = _CURSOR.search(request)
            return self.answers[int(cursor[1]) if cursor else 0]
        found = _CLIENT.search(request)
        assert found is not None
        step = self._changes.get(found[1], 0) + (self._luck.random() < self._share)
        self._changes[found[1]] = step = min(step, _CHANGES)
        return self.answers[step]

    def stock_many(self, postings: int, share: float) -> None:
        self._versions, self._changes, self._share = array("H", bytes(2 * postings)), {}, share
        self.answers = [_response(self._page(0))]
        for step in range(_CHANGES):
            self._versions[step % postings] += 1
            self.answers.append(_response(self._page(0)))

    def stock(self, postings: int) -> None:
        self._share = None
        self._versions = array("H", bytes(2 * postings))
        self.answers = [_response(self._page(which)) for which in range(-(-postings // PAGE))]

    def change(self, share: float) -> int:
        count = len(self._versions)
        chosen = self._luck.sample(range(count), round(count * share))
        for index in chosen:
            self._versions[index] += 1
        for which in {index // PAGE for index in chosen}:
            self.answers[which] = _response(self._page(which))
        return len(chosen)

    def truth(self) -> str:
        return fingerprint(facts(index, version, self._began) for index, version in enumerate(self._versions))

    def slow_down(self, seconds: float) -> None:
        self.latency = seconds

    def take_arrivals(self) -> list[float]:
        taken, self.arrivals = self.arrivals, []
        return taken

    def _page(self, which: int) -> bytes:
        end = min((which + 1) * PAGE, len(self._versions))
        following = str(which + 1) if end < len(self._versions) else ""
        return page(range(which * PAGE, end), self._versions, began=self._began, following=following)


def _response(body: bytes) -> bytes:
    squeezer = zlib.compressobj(6, wbits=31)
    packed = squeezer.compress(body) + squeezer.flush()
    return _HEAD % len(packed) + packed


_NO_POSTINGS = _response(b'{"postings":[],"has_next":false,"cursor":""}')


class _Visitor(asyncio.Protocol):
    """One connection; its requests are answered in the order in which they come."""

    def __init__(self, shop: _Shop) -> None:
        self._shop = shop
        self._unread = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head = self._unread.find(_END)
        if head < 0:
            return
        length = _LENGTH.search(self._unread, 0, head)
        whole = head + len(_END) + (int(length[1]) if length else 0)
        if len(self._unread) >= whole:
            request, self._unread = self._unread[:whole], self._unread[whole:]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._shop.arrivals.append(loop.time())
        # The list by arrival is asked for the last days only: its postings are older.
        answer = _NO_POSTINGS if _BY_ARRIVAL in request else self._shop.answer(request)
        if self._shop.latency:
            loop.call_later(self._shop.latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _serve(pipe: Connection, began: datetime) -> None:
    asyncio.run(_listen(pipe, _Shop(began)))


async def _listen(pipe: Connection, shop: _Shop) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Visitor(shop), "127.0.0.1", 0)

    def obey() -> None:
        what, values = pipe.recv()
        pipe.send(getattr(shop, what)(*values))

    loop.add_reader(pipe.fileno(), obey)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
