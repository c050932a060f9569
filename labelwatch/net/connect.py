"""TCP connections by happy eyeballs (RFC 8305): an unresponsive address delays a connection but does not prevent it.

resolve | alternate the families | start the next attempt after 250 ms or a failure | the first one wins
"""

import errno
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, zip_longest

Lookup = Callable[[str, int], Iterable[str]]
"""Host and port -> its addresses, the best one first; OSError for an unknown name."""

ATTEMPT_DELAY = 0.25
"""Seconds until the next address is tried beside those that have not answered (RFC 8305, section 8)."""

_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""Errors of a missing network on this machine, which say nothing about the host."""


def looked_up(host: str, port: int) -> list[str]:
    """The addresses of a host in the order of the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def connect(host: str, port: int, seconds: float | None, *, lookup: Lookup = looked_up) -> socket.socket:
    """A blocking socket connected to a host, `seconds` after the call at the latest.

    Raises TimeoutError when no address answered in time, else the OSError of the most telling failure.
    """
    end = None if seconds is None else time.monotonic() + seconds
    addresses = _alternating(list(lookup(host, port)))
    if not addresses:
        raise OSError(errno.EHOSTUNREACH, f"{host} has no address")
    with _Race(addresses, port, end) as race:
        sock = race.won()
    sock.settimeout(seconds)
    return sock


def _alternating(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 alternately, beginning with the family of the best address (RFC 8305, section 4)."""
    by_family: dict[bool, list[str]] = {}
    for address in addresses:
        by_family.setdefault(":" in address, []).append(address)
    return [one for one in chain(*zip_longest(*by_family.values())) if one is not None]


class _Race:
    """Parallel attempts; leaving the block closes all but the winner."""

    def __init__(self, addresses: Sequence[str], port: int, end: float | None) -> None:
        self._left = list(reversed(addresses))
        self._port = port
        self._end = end
        self._next_at = time.monotonic()
        self._errors: list[OSError] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "_Race":
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            self._socket(key).close()
        self._selector.close()

    def won(self) -> socket.socket:
        """The first connection that succeeds."""
        while self._left or self._selector.get_map():
            now = time.monotonic()
            if self._end is not None and now >= self._end:
                raise TimeoutError("timed out")
            if self._left and (now >= self._next_at or not self._selector.get_map()):
                self._begin(self._left.pop())
                continue
            for key, _ in self._selector.select(self._patience(now)):
                if self._is_connected(sock := self._socket(key)):
                    return sock
        raise next((error for error in self._errors if error.errno not in _NO_ROUTE), self._errors[-1])

    def _begin(self, address: str) -> None:
        self._next_at = time.monotonic() + ATTEMPT_DELAY
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            where = socket.getaddrinfo(address, self._port, family, socket.SOCK_STREAM)[0][4]
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            self._failed(error)
            return
        sock.setblocking(False)
        code = sock.connect_ex(where)
        if code in _UNDER_WAY:
            self._selector.register(sock, selectors.EVENT_WRITE)
        else:
            sock.close()
            self._failed(OSError(code, os.strerror(code)))

    def _is_connected(self, sock: socket.socket) -> bool:
        self._selector.unregister(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            return True
        sock.close()
        self._failed(OSError(code, os.strerror(code)))
        return False

    def _failed(self, error: OSError) -> None:
        """Start with the next address at once."""
        self._errors.append(error)
        self._next_at = time.monotonic()

    def _patience(self, now: float) -> float | None:
        moments = [self._next_at] * bool(self._left) + [self._end] * (self._end is not None)
        return max(min(moment for moment in moments if moment is not None) - now, 0) if moments else None

    @staticmethod
    def _socket(key: selectors.SelectorKey) -> socket.socket:
        assert isinstance(key.fileobj, socket.socket)
        return key.fileobj
