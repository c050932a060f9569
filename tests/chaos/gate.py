"""A door before a server on 127.0.0.1 that can be shut: nobody listens, nobody answers, or somebody else does."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>Log in!</html>"
"""What the captive portal of a hotel says to whoever connects, to whatever port."""


class Gate:
    """Passes on to the port `behind`, in one of four ways; those who are inside when it changes are thrown out."""

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self._inside: set[socket.socket] = set()
        self._misled = 0
        self._lock = threading.Lock()
        self._greet: Callable[[socket.socket], None] = self._pass_on
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.shut()

    def open(self) -> None:
        """All is well again."""
        self._become(self._pass_on)

    def hang(self) -> None:
        """Whoever connects hears nothing."""
        self._become(lambda client: None)

    def mislead(self, *, times: int) -> None:
        """The next so many who connect get a page to log in on."""
        self._misled = times

    def shut(self) -> None:
        """Nobody listens any more."""
        with suppress(OSError):  # it is shut already
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._throw_out()

    def _become(self, greet: Callable[[socket.socket], None]) -> None:
        self.shut()
        self._greet = greet
        self._server = _at(self.port)
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._serve, args=(self._server,), daemon=True).start()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:  # shut
                return
            with self._lock:
                self._inside.add(client)
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with self._lock:
            is_misled, self._misled = self._misled > 0, max(self._misled - 1, 0)
        with suppress(OSError):  # one of them has gone
            (_show_page if is_misled else self._greet)(client)

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.behind)) as server:
            with self._lock:
                self._inside.add(server)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)
        with self._lock:
            self._inside -= {client, server}

    def _throw_out(self) -> None:
        with self._lock:
            inside, self._inside = self._inside, set()
        for one in inside:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _at(port: int) -> socket.socket:
    """Listen at this port again; whoever has just borrowed it gives it back soon."""
    give_up_at = time.monotonic() + 10
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)


def _show_page(client: socket.socket) -> None:
    client.sendall(PAGE)
    client.shutdown(socket.SHUT_WR)
    while client.recv(65536):  # else what it still says would make a reset of our page
        pass
    client.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
