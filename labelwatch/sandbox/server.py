"""The HTTP server: threads of the standard library, keep-alive, and deliberately broken transfers."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from labelwatch.sandbox.http import Answer, Request, Travel

IDLE_SECONDS = 30.0


class Server(ThreadingHTTPServer):
    """Answers each request with the result of `handle`; `clock` is the virtual time, `ticks` the real one."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self,
        handle: Callable[[Request], Answer],
        *,
        port: int,
        clock: Callable[[], datetime],
        ticks: Callable[[], float],
    ) -> None:
        self.handle, self.clock, self.ticks = handle, clock, ticks
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="sandbox", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and end the connections that are open."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """A client that disconnects is not an error; all others are printed by the server."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            method=self.command,
            path=self.path.partition("?")[0],
            headers={name.lower(): value for name, value in self.headers.items()},
            content=content,
            at=self.server.clock().astimezone(UTC),
            tick=self.server.ticks(),
        )
        answer = self.server.handle(request)
        _TRAVELS[answer.travel](self, answer, _head(answer, request.at))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are logged by the sandbox, not on stderr."""

    def whole(self, answer: Answer, head: bytes) -> None:
        if answer.repeat == 1:
            self.connection.sendall(head + answer.body)
            return
        self.connection.sendall(head)
        for _ in range(answer.repeat):
            self.connection.sendall(answer.body)

    def cut(self, answer: Answer, head: bytes) -> None:
        self.connection.sendall(head + answer.body[: len(answer.body) // 2])
        self.close_connection = True

    def reset(self, answer: Answer, head: bytes) -> None:
        """A linger time of zero makes the kernel send RST; the reader keeps the socket open until it is closed."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def drip(self, answer: Answer, head: bytes) -> None:
        self.connection.sendall(head)
        for at in range(len(answer.body)):
            if self.server.stopping.wait(answer.pause):
                break
            self.connection.sendall(answer.body[at : at + 1])
        self.close_connection = True


for _verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
    setattr(_Handler, f"do_{_verb}", _Handler._serve)

_TRAVELS: Mapping[Travel, Callable[[_Handler, Answer, bytes], None]] = {
    Travel.WHOLE: _Handler.whole,
    Travel.CUT: _Handler.cut,
    Travel.RESET: _Handler.reset,
    Travel.DRIP: _Handler.drip,
}


def _head(answer: Answer, now: datetime) -> bytes:
    reason = BaseHTTPRequestHandler.responses.get(answer.status, ("Unknown",))[0]
    fields = {
        "Server": "nginx",
        "Date": format_datetime(now, usegmt=True),
        "Content-Type": answer.type,
        "Content-Length": str(len(answer.body) * answer.repeat),
        **answer.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {answer.status} {reason}\r\n{lines}\r\n".encode("latin-1")
