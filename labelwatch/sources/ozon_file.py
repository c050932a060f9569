"""One GET for a file that Ozon names: without any key of ours, only to where such a file may be, and of limited size.

An address in an answer is a stranger's word, and behind it may be a machine of our own network that trusts whoever
asks from inside. So the host is resolved here, and nothing but a public address is connected to. Ozon's own files are
on a public host (https://ir.ozone.ru/s3/...) and need no credentials.
"""

import socket
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpcore
import httpx

from labelwatch.sources import Missing, NoSheet
from labelwatch.sources.ozon_errors import clean
from labelwatch.sources.ozon_http import Backend, Transport, encoded, is_understood

MOST = 10 * 2**20
"""Bytes; the label of one posting has some tens of thousands."""


class Files:
    """Gets files; several threads may use it, and `close` ends what is in flight.

    `base_url` is the API's: only if that is on this machine, as in tests, may a file be there too, and come over
    plain HTTP. `proxy` tells the proxy for an address, empty = none; what a proxy resolves cannot be looked at here.
    """

    def __init__(self, base_url: str, user_agent: str, *, timeout: timedelta, proxy: Callable[[str], str]) -> None:
        self._at_home = _is_this_machine(httpx.URL(base_url).host)
        headers = {"User-Agent": user_agent, "Accept": "application/pdf, */*", "Accept-Encoding": "identity"}
        self._headers = httpx.Headers(encoded(headers))
        self._timeout = timeout.total_seconds()
        self._proxy = proxy
        self._open: set[Transport] = set()

    def get(self, address: str) -> bytes | NoSheet:
        """The whole file, within the time of one request, whatever its Content-Type; redirects are not followed."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            return NoSheet(Missing.UNSAFE_ADDRESS, "its address cannot be understood")
        host = clean(url.host, 80)  # and no more is ever said of it: whoever has the address has the label
        try:
            if wrong := self._objection(url):
                return NoSheet(Missing.UNSAFE_ADDRESS, f"{host} {wrong}")
            return self._get(url, host)
        except _NotPublicError:
            return NoSheet(Missing.UNSAFE_ADDRESS, f"{host} is not a public host")
        except httpcore.TimeoutException:
            return NoSheet(Missing.NOT_REACHED, f"{host}: not whole within {self._timeout:g} s")
        except Exception as error:  # whatever it is: without its label a message goes out all the same
            return NoSheet(Missing.NOT_REACHED, f"{host}: {type(error).__name__}")

    def close(self) -> None:
        """End what is in flight."""
        for transport in list(self._open):
            transport.close()

    def _objection(self, url: httpx.URL) -> str:
        """What is wrong with an address as it is written; empty = nothing."""
        is_home = self._at_home and _is_this_machine(url.host)
        if url.scheme != "https" and not (url.scheme == "http" and is_home):
            return "is not asked over https"
        if url.userinfo:
            return "is given a password"
        return "" if is_home or _may_be_public(url.host) else "is not a public host"

    def _get(self, url: httpx.URL, host: str) -> bytes | NoSheet:
        proxy = self._proxy(str(url))
        if not is_understood(proxy):
            return NoSheet(Missing.NOT_REACHED, f"{host}: the way to it leads through a proxy that is not understood")
        backend = None if proxy else _Guarded(at_home=self._at_home)
        transport = Transport(self._timeout, is_tls=url.scheme == "https", proxy=proxy, backend=backend)
        self._open.add(transport)
        try:
            with closing(transport.handle_request(httpx.Request("GET", url, headers=self._headers))) as response:
                if 300 <= response.status_code < 400:
                    return NoSheet(Missing.UNSAFE_ADDRESS, f"{host} leads to another address")
                if response.status_code != 200:
                    return NoSheet(Missing.NOT_REACHED, f"{host}: HTTP {response.status_code}")
                return _content(response)
        finally:
            self._open.discard(transport)
            transport.close()


def _content(response: httpx.Response) -> bytes | NoSheet:
    assert isinstance(response.stream, httpx.SyncByteStream)
    content = bytearray()
    for part in response.stream:
        content += part
        if len(content) > MOST:
            return NoSheet(Missing.TOO_BIG, f"the file has more than {MOST // 2**20} MB")
    return bytes(content)


class _NotPublicError(Exception):
    """A name stands for an address that is not everybody's."""


class _Guarded(httpcore.NetworkBackend):
    """Connects to the very addresses it has looked at: a name that is asked for twice may answer twice."""

    def __init__(self, *, at_home: bool) -> None:
        self._at_home = at_home
        self._inner = Backend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        if not all(_is_public(ip) or (self._at_home and ip.is_loopback) for ip in map(_ip, addresses)):
            raise _NotPublicError
        for address in addresses[:-1]:
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


def _is_this_machine(host: str) -> bool:
    try:
        return _ip(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _may_be_public(host: str) -> bool:
    """False for an address that is not; a name is looked at when it is resolved, if that is not a proxy's work."""
    try:
        return _is_public(_ip(host))
    except ValueError:
        return bool(host) and not _is_this_machine(host)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast


def _ip(text: str) -> IPv4Address | IPv6Address:
    ip = ip_address(text)
    return (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip
