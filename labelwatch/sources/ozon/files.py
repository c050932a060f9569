"""One GET for a file that Ozon names: without our keys, only to a permitted address, and of limited size.

An address in an answer is not trusted: behind it may be a machine of our own network that trusts internal
clients. So the host is resolved here, and only a public address is connected to. Ozon's own files are
on a public host (https://ir.ozone.ru/s3/...) and need no credentials.
"""

from contextlib import closing
from datetime import timedelta
from ipaddress import ip_address

import httpcore
import httpx

from labelwatch.net.addresses import NotPublicError, addresses, is_public, is_this_machine
from labelwatch.net.body import BodyError, TooBigError, whole
from labelwatch.net.connect import looked_up
from labelwatch.net.proxy import ProxyError
from labelwatch.net.tls import CertificatesError
from labelwatch.sources import LabelUnavailable, Missing
from labelwatch.sources.ozon.errors import clean
from labelwatch.sources.ozon.transport import ProxyFor, Transport, encoded

MOST = 10 * 2**20
"""Bytes; the label of one posting has some tens of thousands."""


class Files:
    """Downloads files; thread-safe, and `close` ends running requests.

    `base_url` is the API's: only if that is on this machine, as in tests, may a file be there too, and use plain
    HTTP. `proxy` returns the proxy for an address, empty = none; what a proxy resolves cannot be checked here.
    """

    def __init__(self, base_url: str, user_agent: str, *, timeout: timedelta, proxy: ProxyFor) -> None:
        self._at_home = is_this_machine(httpx.URL(base_url).host)
        headers = {"User-Agent": user_agent, "Accept": "application/pdf, */*", "Accept-Encoding": "identity"}
        self._headers = httpx.Headers(encoded(headers))
        self._timeout = timeout.total_seconds()
        self._proxy = proxy
        self._open: set[Transport] = set()

    def get(self, address: str) -> bytes | LabelUnavailable:
        """The whole file, within the time of one request, with any Content-Type; redirects are not followed."""
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            return LabelUnavailable(Missing.UNSAFE_ADDRESS, "its address is invalid")
        host = clean(url.host, 80)  # nothing more is ever shown: the address gives access to the label
        try:
            if wrong := self._objection(url):
                return LabelUnavailable(Missing.UNSAFE_ADDRESS, f"{host} {wrong}")
            return self._get(url, host)
        except NotPublicError:
            return LabelUnavailable(Missing.UNSAFE_ADDRESS, f"{host} is not a public host")
        except httpcore.TimeoutException:
            return LabelUnavailable(Missing.NOT_REACHED, f"{host}: not whole within {self._timeout:g} s")
        except Exception as error:  # any error: the message is sent without its label
            return LabelUnavailable(Missing.NOT_REACHED, f"{host}: {type(error).__name__}")

    def close(self) -> None:
        """End running requests."""
        for transport in list(self._open):
            transport.close()

    def _objection(self, url: httpx.URL) -> str:
        """What is wrong with the form of an address; empty = nothing."""
        is_home = self._at_home and is_this_machine(url.host)
        if url.scheme != "https" and not (url.scheme == "http" and is_home):
            return "does not use https"
        if url.userinfo:
            return "contains a password"
        return "" if is_home or _may_be_public(url.host) else "is not a public host"

    def _get(self, url: httpx.URL, host: str) -> bytes | LabelUnavailable:
        try:
            proxy = self._proxy(str(url))
            lookup = looked_up if proxy else self._allowed
            transport = Transport(self._timeout, is_tls=url.scheme == "https", proxy=proxy, lookup=lookup)
        except (ProxyError, CertificatesError) as error:
            return LabelUnavailable(Missing.NOT_REACHED, f"{host}: {error}")
        self._open.add(transport)
        try:
            with closing(transport.handle_request(httpx.Request("GET", url, headers=self._headers))) as response:
                if 300 <= response.status_code < 400:
                    return LabelUnavailable(Missing.UNSAFE_ADDRESS, f"{host} leads to another address")
                if response.status_code != 200:
                    return LabelUnavailable(Missing.NOT_REACHED, f"{host}: HTTP {response.status_code}")
                return _content(response)
        finally:
            self._open.discard(transport)
            transport.close()

    def _allowed(self, host: str, port: int) -> list[str]:
        return addresses(host, port, allowed=lambda ip: is_public(ip) or (self._at_home and ip.is_loopback))


def _content(response: httpx.Response) -> bytes | LabelUnavailable:
    assert isinstance(response.stream, httpx.SyncByteStream)
    try:
        return whole(response.stream, response.headers, most=MOST)
    except TooBigError:
        return LabelUnavailable(Missing.TOO_BIG, f"the file has more than {MOST // 2**20} MB")
    except BodyError as error:
        return LabelUnavailable(Missing.UNREADABLE, str(error))


def _may_be_public(host: str) -> bool:
    """False for an address that is not public; a name is checked when it is resolved, unless a proxy does that."""
    try:
        return is_public(ip_address(host))
    except ValueError:
        return bool(host) and not is_this_machine(host)
