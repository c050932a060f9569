"""The limit: a bare socket, one inflate, a hash of each posting, and sqlite3. It meets no error and no surprise.

It keeps the promises of the job and nothing else: memory does not follow what is open, so hashes are compared page
by page with the database; what was stored is on the disk when the poll ends.
"""

import socket
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha1
from pathlib import Path

import msgspec

from tests.bench.contestants import database
from tests.bench.world import PAGE, milliseconds

_REQUEST = (
    b"POST /v4/posting/fbs/unfulfilled/list HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n"
    b"Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n%s"
)
_TABLES = """
CREATE TABLE posting
(number TEXT PRIMARY KEY, status TEXT, substatus TEXT, tracking TEXT, cutoff INTEGER, digest BLOB);
CREATE INDEX by_digest ON posting (digest)
"""
_STORED = f"SELECT digest FROM posting WHERE digest IN ({','.join('?' * PAGE)})"
_PUT = "INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?, ?, ?)"


class _Page(msgspec.Struct, gc=False):
    postings: list[msgspec.Raw]
    cursor: str
    has_next: bool


class _Posting(msgspec.Struct, gc=False):
    posting_number: str
    status: str
    substatus: str
    tracking_number: str
    shipment_date: str


_page = msgspec.json.Decoder(_Page).decode
_posting = msgspec.json.Decoder(_Posting).decode


class Limit:
    """Asks for the next page before it works on this one, and commits once."""

    def __init__(self, port: int, folder: Path) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._db = sqlite3.connect(database(folder))
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    def poll(self) -> int:
        changed = 0
        for postings in self.pages():
            changed += self._take(postings)
        self._db.commit()
        return changed

    def pages(self) -> Iterator[list[msgspec.Raw]]:
        """All pages, each cut into its postings; the next one is asked for beforehand."""
        self._ask("")
        while True:
            page = _page(zlib.decompress(self._receive(), wbits=31))
            if page.has_next:
                self._ask(page.cursor)
            yield page.postings
            if not page.has_next:
                return

    def bodies(self, pages: int) -> Iterator[memoryview]:
        """The same number of pages as they came, compressed: what the transfer alone costs."""
        for which in range(pages):
            self._ask(str(which))
            yield self._receive()

    def facts(self) -> Iterable[tuple[object, ...]]:
        return self._db.execute("SELECT number, status, substatus, tracking, cutoff FROM posting ORDER BY number")

    def close(self) -> None:
        self._socket.close()
        self._db.close()

    def _take(self, postings: list[msgspec.Raw]) -> int:
        views = [memoryview(raw) for raw in postings]
        digests = [sha1(raw, usedforsecurity=False).digest() for raw in views]
        stored = {digest for (digest,) in self._db.execute(_STORED, digests)}
        fresh = [_row(*pair) for pair in zip(views, digests, strict=True) if pair[1] not in stored]
        if fresh:
            self._db.executemany(_PUT, fresh)
        return len(fresh)

    def _ask(self, cursor: str) -> None:
        question = b'{"cursor":"%s","limit":100}' % cursor.encode()
        self._socket.sendall(_REQUEST % (len(question), question))

    def _receive(self) -> memoryview:
        got = self._socket.recv(65536)
        head, _, start = got.partition(b"\r\n\r\n")
        body = bytearray(int(head.rpartition(b" ")[2]))  # the fake names the length last
        body[: len(start)] = start
        view, at = memoryview(body), len(start)
        while at < len(body):
            at += self._socket.recv_into(view[at:])
        return view


def _row(raw: memoryview, digest: bytes) -> tuple[object, ...]:
    new = _posting(raw)
    cutoff = milliseconds(new.shipment_date)
    return new.posting_number, new.status, new.substatus, new.tracking_number, cutoff, digest
