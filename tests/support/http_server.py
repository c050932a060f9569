"""A webhook on 127.0.0.1 that records what it gets and answers as it was told, byte by byte if need be."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Request:
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Act = Callable[[socket.socket], None]


def answer(status: int, body: str = "", **headers: str) -> Act:
    """A complete answer; header names are written with underscores."""
    fields = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    content = body.encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    text = f"HTTP/1.1 {status} Whatever\r\n{head}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return lambda connection: connection.sendall(text.encode() + content)


def hang_up(connection: socket.socket) -> None:
    """Took the request, says nothing."""


def hang_up_in_the_middle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def drip(connection: socket.socket) -> None:
    """One byte of the head now and then: no socket timeout ever fires."""
    for _ in range(200):
        connection.sendall(b"H")
        time.sleep(0.05)


@dataclass
class Hook:
    """Answers in the order of `acts`, the last one again and again."""

    acts: Sequence[Act]
    requests: list[Request] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def url(self, path: str = "/hook") -> str:
        return f"json://127.0.0.1:{self.port}{path}"

    @property
    def keys(self) -> list[str]:
        return [request.headers["idempotency-key"] for request in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, raw: socket.socket) -> None:
        try:
            with self.tls.wrap_socket(raw, server_side=True) if self.tls else raw as connection:
                self._answer(connection)
        except OSError:  # the other side gave up first
            return

    def _answer(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        with self._lock:
            self.requests.append(request)
            act = self.acts[min(len(self.requests), len(self.acts)) - 1]
        act(connection)


def _read(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return None
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    while len(body) < int(headers.get("content-length", 0)):
        piece = connection.recv(65536)
        if not piece:
            return None
        body += piece
    return Request(line, headers, body)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
