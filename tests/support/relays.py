"""Proxies on 127.0.0.1: they pass on what they get, and remember for whom."""

import base64
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

Handshake = Callable[[socket.socket, list[str]], socket.socket | None]
"""Agree with the client on where to go and note it down; None = it was turned away."""


@dataclass
class Relay:
    handshake: Handshake
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

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
                client, _ = self._server.accept()
            except OSError:  # closed: the test is over
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with client:
            upstream = self.handshake(client, self.asked)
            if upstream is None:
                return
            with upstream:
                threading.Thread(target=_pump, args=(client, upstream), daemon=True).start()
                _pump(upstream, client)


def http(*, login: str = "", refusal: str = "") -> Handshake:
    """A proxy for CONNECT and for whole addresses; `login` is user:password, `refusal` the end of a status line."""

    def handshake(client: socket.socket, asked: list[str]) -> socket.socket | None:
        head = _head(client)
        if not head:
            return None
        asked.append(head.partition("\r\n")[0])
        if refusal or (login and _basic(login) not in head):
            client.sendall(f"HTTP/1.1 {refusal or '407 Login'}\r\nContent-Length: 0\r\n\r\n".encode())
            return None
        method, target, _ = asked[-1].split(" ")
        if method == "CONNECT":
            host, _, port = target.partition(":")
            client.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
            return socket.create_connection((host, int(port)))
        parts = urlsplit(target)
        upstream = socket.create_connection((parts.hostname, parts.port))
        upstream.sendall(head.replace(target, f"{parts.path}?{parts.query}", 1).encode())
        return upstream

    return handshake


def socks5(client: socket.socket, asked: list[str]) -> socket.socket | None:
    """SOCKS 5 with user and password or without, by address or name."""
    greeting = client.recv(2 + 255)
    if not greeting:
        return None
    methods = greeting[2:]
    client.sendall(b"\x05\x02" if 2 in methods else b"\x05\x00")
    if 2 in methods:
        asked.append(client.recv(513)[2:].decode())
        client.sendall(b"\x01\x00")
    request = client.recv(4 + 256 + 2)
    host = socket.inet_ntoa(request[4:8]) if request[3] == 1 else request[5:-2].decode()
    port = int.from_bytes(request[-2:], "big")
    asked.append(f"{host}:{port}")
    client.sendall(b"\x05\x00\x00\x01" + bytes(6))
    return socket.create_connection((host, port))


def _head(client: socket.socket) -> str:
    """Empty where the other side went before it had asked."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = client.recv(65536)
        if not piece:
            return ""
        received += piece
    return received.decode()


def _basic(login: str) -> str:
    return f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one of them has gone
        return
