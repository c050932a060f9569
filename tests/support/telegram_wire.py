"""How the Telegram on 127.0.0.1 speaks HTTP, and the ways in which it fails."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: a status, and JSON or a page."""

    status: int
    body: bytes
    mime: str = "application/json"


class LostError(Exception):
    """The connection ends here without an answer."""


Act = Callable[[Callable[[], Said]], Said]
"""What is done with a question; its argument does what was asked."""
Answers = Callable[[str, str, dict[str, Any]], Said]
"""Token, method and its parameters -> the answer."""


def good(result: Any) -> Said:
    return Said(200, json.dumps({"ok": True, "result": result}).encode())


def bad(code: int, description: str, **parameters: Any) -> Said:
    error = {"ok": False, "error_code": code, "description": description}
    return Said(code, json.dumps(error | ({"parameters": parameters} if parameters else {})).encode())


def refused(code: int, description: str, **parameters: Any) -> Act:
    return lambda take: bad(code, description, **parameters)


def too_many(seconds: int) -> Act:
    return refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def page(status: int, text: str = "<html><body>Bad Gateway</body></html>") -> Act:
    return lambda take: Said(status, text.encode(), "text/html")


def plainly(status: int, content: Any) -> Act:
    """Any JSON under any status."""
    return lambda take: Said(status, json.dumps(content).encode())


def taken_and_dropped(take: Callable[[], Said]) -> Said:
    """It did what was asked, and the connection was lost before it could say so."""
    take()
    raise LostError


def dropped(take: Callable[[], Said]) -> Said:
    raise LostError


def hanging(seconds: float) -> Act:
    def act(take: Callable[[], Said]) -> Said:
        time.sleep(seconds)
        raise LostError

    return act


def normal(take: Callable[[], Said]) -> Said:
    return take()


def serve(answer: Answers, port: int) -> ThreadingHTTPServer:
    """A server on this port, 0 = any that is free; it is not started."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            bot, _, method = urlsplit(self.path).path.strip("/").partition("/")
            try:
                said = answer(bot.removeprefix("bot"), method, _fields(self.headers["Content-Type"], content))
            except LostError:
                return
            self.send_response(said.status)
            self.send_header("Content-Type", said.mime)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever asked has given up."""

    return Server(("127.0.0.1", port), Handler)


def _fields(mime: str, content: bytes) -> dict[str, Any]:
    """The parameters, as JSON or as a form with files."""
    if mime.startswith("application/json"):
        return dict(json.loads(content))
    fields: dict[str, Any] = {}
    for part in (
        BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + mime.encode() + b"\r\n\r\n" + content).iter_parts()
    ):
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        assert isinstance(value, bytes)
        file = part.get_filename()
        fields[str(name)] = (file, value) if file else _read(value.decode())
    return fields


def _read(value: str) -> Any:
    """A field of a form: objects come as JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value
