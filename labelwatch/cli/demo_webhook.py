"""The demo's phone: a webhook on 127.0.0.1 that keeps messages until they are printed."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from labelwatch.cli.terminal import is_terminal
from labelwatch.cli.wrapping import wrapped
from labelwatch.messages.plain import printable

WIDTH = 60
_COLOURS = {"failure": "red", "warning": "yellow", "success": "green"}


@dataclass(frozen=True, slots=True)
class Received:
    """One message; `kind` as Apprise names it: info, success, warning or failure."""

    at: datetime
    title: str
    body: str
    kind: str


class Webhook(ThreadingHTTPServer):
    """Accepts messages of a `json://` channel, with the time of its own clock."""

    daemon_threads = True

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._unread: SimpleQueue[Received] = SimpleQueue()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The channel URL of this webhook."""
        return f"json://127.0.0.1:{self.server_port}/"

    def take(self, content: bytes) -> None:
        sent = json.loads(content)
        self._unread.put(Received(self._now(), sent["title"], sent["message"], sent["type"]))

    def unread(self) -> Iterator[Received]:
        """The messages since the last call, in order."""
        while True:
            try:
                yield self._unread.get_nowait()
            except Empty:
                return


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.server.take(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: a line per request would be printed between the messages."""


@contextmanager
def webhook(now: Callable[[], datetime]) -> Iterator[Webhook]:
    """A webhook that listens during the block."""
    with Webhook(now) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), name="webhook", daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def show_message(message: Received) -> None:
    """Print a message as it looks on a phone, with the time in front."""
    at = f"{message.at:%H:%M}"
    lines = [printable(line) for line in (message.title, *message.body.split("\n"))]
    if not is_terminal():
        print(f"{at}  {lines[0]}", *(f"       {line}".rstrip() for line in lines[1:]), "", sep="\n", flush=True)
        return
    title, *body = ("\n".join(wrapped(line, WIDTH - 4)) for line in lines)
    content = Text("\n", overflow="fold").join((Text(title, "bold"), *map(Text, body)))
    panel = Panel(content, box=ROUNDED, width=WIDTH, border_style=_COLOURS.get(message.kind, "blue"))
    row = Table.grid(padding=(0, 1))
    row.add_row(Text(at, "dim"), panel)
    Console(highlight=False).print(row)
