"""Backends for httpcore that connect by happy eyeballs."""

from collections.abc import Iterable
from socket import IPPROTO_TCP, TCP_NODELAY
from urllib.parse import unquote, urlsplit

import httpcore
from httpcore._backends.sync import SyncStream  # httpcore has no public way to make a stream of a socket

from labelwatch.net.connect import Lookup, connect, looked_up
from labelwatch.net.proxy import is_usable
from labelwatch.net.tls import trusted


class Backend(httpcore.NetworkBackend):
    """Connects to the addresses that `lookup` gives; exceptions other than OSError are passed on."""

    def __init__(self, *, lookup: Lookup = looked_up) -> None:
        self._lookup = lookup

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            sock = connect(host, port, timeout, lookup=self._lookup)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            sock.setsockopt(*option)
        sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        return SyncStream(sock)


def proxy_at(address: str) -> httpcore.Proxy | None:
    """The proxy at an address, which may contain a user and a password; None if the address is empty.

    ValueError if it is not usable.
    """
    if not address:
        return None
    if not is_usable(address):
        raise ValueError("the proxy's address is not understood")
    parts = urlsplit(address)
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return httpcore.Proxy(address, auth=login, ssl_context=trusted() if parts.scheme == "https" else None)
