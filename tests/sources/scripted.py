"""A server on a real socket that answers as a test scripts it, and remembers what it was asked."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from labelwatch.sources.ozon.client import Access, OzonSource

KEY = "0f5e9c1a-canary-key-7d3b"
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived; `at` is monotonic seconds, `port` that of the client's end of the connection."""

    path: str
    headers: Mapping[str, str]
    content: bytes
    at: float
    port: int

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `raw` replaces all of it: pieces sent as they are, `pause` seconds apart, then the end."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Sequence[bytes] = ()
    pause: float = 0.0


Script = Callable[[Asked], Reply]


def says(body: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; underscores in header names are dashes."""
    content = json.dumps(body, ensure_ascii=False).encode()
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, content, {"Content-Type": "application/json", **named})


def page(*numbers: str, cursor: str = "", more: bool = False) -> Reply:
    """A page of the v4 list with the barest postings."""
    postings = [{"posting_number": number, "status": "awaiting_packaging"} for number in numbers]
    return says({"cursor": cursor, "has_next": more, "postings": postings})


def in_turn(*replies: Reply) -> Script:
    """One answer after the other, the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@dataclass(frozen=True, slots=True)
class Scene:
    """A running server: where it is and what it was asked so far."""

    url: str
    asked: list[Asked]
    sources: ExitStack
    """Closes the connections of every source at the end."""

    def source(self, client_id: str = "1001", **changes: Any) -> OzonSource:
        """A source of this server that never really sleeps; it is closed with the server."""
        settings: dict[str, Any] = {
            "base_url": self.url,
            "requests_per_second": 100_000,
            "timeout": timedelta(seconds=5),
            "clock": lambda: NOW,
            "user_agent": "labelwatch-test",
            "sleep": lambda _: None,
            "jitter": lambda: 0.5,
            "proxy": "",
        }
        settings |= changes
        access = {f.name: settings.pop(f.name) for f in fields(Access) if f.name in settings}
        return self.sources.enter_context(closing(OzonSource(Access(client_id, KEY, **access), **settings)))


class Server(ThreadingHTTPServer):
    """Answers by its script and keeps what it was asked."""

    request_queue_size = 64  # five, as it comes, keep a crowd of clients waiting for a second

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection to a scripted server."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): text for name, text in self.headers.items()}
        asked = Asked(self.path, headers, content, time.monotonic(), self.client_address[1])
        self.server.asked.append(asked)
        try:
            self._send(self.server.script(asked))
        except OSError:
            self.close_connection = True  # the client has hung up, as some tests want it to

    def do_GET(self) -> None:
        self.do_POST()

    def _send(self, reply: Reply) -> None:
        if reply.raw:
            self._send_raw(reply)
            return
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _send_raw(self, reply: Reply) -> None:
        for piece in reply.raw:
            self.wfile.write(piece)
            self.wfile.flush()
            time.sleep(reply.pause)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Tests read what was asked, not stderr."""


@contextmanager
def scripted(script: Script) -> Iterator[Scene]:
    """The server, on a free port of 127.0.0.1, until the end of the block."""
    server = Server(script)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        with ExitStack() as sources:
            yield Scene(f"http://127.0.0.1:{server.server_port}", server.asked, sources)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
