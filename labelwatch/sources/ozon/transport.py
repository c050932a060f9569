"""One POST and its answer over HTTP/1.1: persistent connections, one deadline for the whole of it, a size limit.

An httpx client over a transport of our own, as httpx's lacks two things: a deadline for the whole request (a read
timeout restarts with each read, so a slow response never ends), and a `close` that wakes a reading thread.
"""

import functools
import re
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from socket import SHUT_RDWR
from typing import Any

import httpcore
import httpx

from labelwatch.net.backend import Backend, proxy_at
from labelwatch.net.body import BodyError, DamagedError, whole
from labelwatch.net.connect import Lookup, looked_up
from labelwatch.net.descriptors import is_out_of_files
from labelwatch.net.proxy import ProxyError
from labelwatch.net.tls import CertificatesError, trusted
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.errors import Answer, clean

BODY_LIMIT = 32 * 2**20
"""Bytes of a body, both as sent and inflated; a page of 100 postings stays well under one megabyte."""

IDLE_SECONDS = 30.0
"""For how long an unused connection is kept."""
ProxyFor = Callable[[str], str]
"""URL -> the address of its proxy, empty = none; may raise ProxyError."""


class Idle:
    """The connections that are open and unused, for all shops of a process: the one used last is taken first.

    So there are as many connections as requests at the same time, not as shops. Each is a client with a pool of its
    own: httpcore looks at all connections of a pool at each request.
    """

    def __init__(self) -> None:
        self._clients: dict[Place, list[tuple[float, httpx.Client]]] = {}
        self._users = Counter[Place]()
        self._lock = threading.Lock()

    def join(self, place: "Place") -> None:
        """One more shop uses this place."""
        with self._lock:
            self._users[place] += 1

    def leave(self, place: "Place") -> None:
        """A shop no longer does; with the last one its connections are closed."""
        with self._lock:
            self._users[place] -= 1
            gone = [] if self._users[place] else self._clients.pop(place, [])
        for _, client in gone:
            client.close()

    def take(self, place: "Place") -> httpx.Client | None:
        """An open connection to this place; None = there is none."""
        with self._lock:
            idle = self._clients.get(place)
            client = idle.pop()[1] if idle else None
        self._close_old(place)
        return client

    def put(self, place: "Place", client: httpx.Client) -> None:
        with self._lock:
            if is_wanted := self._users[place] > 0:
                self._clients.setdefault(place, []).append((time.monotonic(), client))
        if not is_wanted:
            client.close()

    def _close_old(self, place: "Place") -> None:
        with self._lock:
            idle, old = self._clients.get(place, []), time.monotonic() - IDLE_SECONDS
            number = next((n for n, (since, _) in enumerate(idle) if since > old), len(idle))
            gone, idle[:number] = idle[:number], []
        for _, client in gone:
            client.close()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a connection leads, and by which proxy; `timeout` in seconds for one request."""

    base_url: str
    proxy: str
    timeout: float

    def opened(self) -> httpx.Client:
        """A new client, which connects when it is used; raises CertificatesError."""
        is_tls = self.base_url.startswith("https:")
        return httpx.Client(transport=Transport(self.timeout, is_tls=is_tls, proxy=self.proxy), trust_env=False)


_IDLE = Idle()


class HttpClient:
    """The requests of one shop; thread-safe, and `close` ends running ones."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], *, timeout: timedelta, proxy: ProxyFor, secret: str
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = httpx.Headers(encoded(headers))
        self._timeout = timeout.total_seconds()
        self._secret = secret
        self._proxy = proxy
        self._lock = threading.Lock()
        self._place: Place | None = None
        self._used: set[httpx.Client] = set()
        self._is_closed = False

    def post(self, path: str, content: bytes) -> Answer:
        """Send one request and read its whole answer, of any status; redirects are not followed.

        Raises SourceError(OZON_DOWN) when no complete answer came in time, NOT_UNDERSTOOD when it is too big,
        OUT_OF_FILES when this process may open no more connections.
        """
        with self._client(path) as client:
            return self._answer(client, path, content)

    def _answer(self, client: httpx.Client, path: str, content: bytes) -> Answer:
        try:
            # Built by hand, not by the client: it would merge defaults and cookies into every one of them.
            request = httpx.Request("POST", _url(self._base + path), headers=self._headers, content=content)
            with closing(client.send(request, stream=True)) as response:
                assert isinstance(response.stream, httpx.SyncByteStream)
                body = whole(response.stream, response.headers, most=BODY_LIMIT)
        except BodyError as error:
            trouble = Trouble.OZON_DOWN if isinstance(error, DamagedError) else Trouble.NOT_UNDERSTOOD
            raise SourceError(trouble, f"{path}: {error}") from error
        except httpcore.TimeoutException:
            problem = f"no complete answer within {self._timeout:g} s"
            raise SourceError(Trouble.OZON_DOWN, f"{path}: {problem}") from None
        except Exception as error:  # any transport error is reported for this shop, and never ends a poll
            problem = clean(f"{type(error).__name__}: {error}", 200)
            raise SourceError(_trouble(error), f"{path}: {problem}") from error
        told = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in response.headers.raw}
        return Answer(path, response.status_code, told, body, self._secret)

    def close(self) -> None:
        with self._lock:
            used, place = list(self._used), None if self._is_closed else self._place
            self._is_closed = True
        for client in used:
            client.close()
        if place is not None:
            _IDLE.leave(place)

    @contextmanager
    def _client(self, path: str) -> Iterator[httpx.Client]:
        """A connection for one request; after it, others may use it."""
        place = self._opened(path)
        try:
            client = _IDLE.take(place) or place.opened()
        except CertificatesError as error:
            raise SourceError(_trouble(error), f"{path}: {error}") from error
        with self._lock:
            self._used.add(client)
            if self._is_closed:
                client.close()
        try:
            yield client
        finally:
            with self._lock:
                self._used.discard(client)
                is_closed = self._is_closed
            client.close() if is_closed else _IDLE.put(place, client)

    def _opened(self, path: str) -> Place:
        """Where to connect to; an invalid environment fails each request, not the start, until it is corrected."""
        with self._lock:
            if self._is_closed:
                raise SourceError(Trouble.OZON_DOWN, f"{path}: the connections are closed")
            if self._place is None:
                try:
                    self._place = Place(self._base, self._proxy(self._base), self._timeout)
                except ProxyError as error:
                    raise SourceError(Trouble.OZON_DOWN, f"{path}: {error}") from error
                _IDLE.join(self._place)
            return self._place


class Transport(httpx.BaseTransport):
    """A connection pool of httpcore, each request of which has `timeout` seconds from its start to its last byte."""

    def __init__(self, timeout: float, *, is_tls: bool, proxy: str, lookup: Lookup = looked_up) -> None:
        self._timeout = timeout
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted() if is_tls else None,
            proxy=proxy_at(proxy),
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Backend(lookup),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + self._timeout
        url = request.url
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.content,
            extensions={"timeout": {"connect": end, "read": end, "write": end, "pool": self._timeout}},
        )
        response = self._pool.handle_request(sent)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an httpcore response, as httpx expects it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Stream(httpcore.NetworkStream):
    """A connection that takes each `timeout` as a time of the monotonic clock, not as a number of seconds."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        # Closing alone does not wake a thread that is reading.
        with suppress(OSError):
            self._inner.get_extra_info("socket").shutdown(SHUT_RDWR)
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that know the deadline of the whole request."""

    def __init__(self, lookup: Lookup) -> None:
        self._inner = Backend(lookup=lookup)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, _left(timeout), local_address, socket_options))


def _trouble(error: Exception) -> Trouble:
    return Trouble.OUT_OF_FILES if is_out_of_files(error) else Trouble.OZON_DOWN


def _left(end: float | None) -> float | None:
    if end is None:
        return None
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise httpcore.ReadTimeout("the time for the whole request is over")
    return seconds


@functools.lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    # Parsing one costs as much as the rest of a request, and there are only a few.
    return httpx.URL(text)


def sendable(text: str) -> str:
    """The text as a valid header value.

    A key with an invalid character is sent changed, and Ozon rejects it; an exception here would contain the key.
    """
    return re.sub("[^ -~]", "?", text.strip())


def encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers that are sent exactly as given."""
    return [(name.encode("ascii"), sendable(text).encode("ascii")) for name, text in headers.items()]
