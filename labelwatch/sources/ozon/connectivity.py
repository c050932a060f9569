"""Whether the way to a marketplace is open, and what time it is there; needs no key and tells none."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.sources import SourceError
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.transport import HttpClient

ASKED = "/v1/roles"
_ROUNDED = timedelta(seconds=0.5)
"""A Date header leaves out what is less than a second: half of one on the average."""


class Failure(StrEnum):
    """What stands in the way."""

    NAME = "name"
    """No name server knows the host."""
    CERTIFICATE = "certificate"
    PROXY = "proxy"
    TIME = "time"
    """Nobody answered in time."""
    CONNECTION = "connection"


_BARRIERS = (
    (re.compile(r"name or service not known|name resolution|getaddrinfo|nodename|no address", re.I), Failure.NAME),
    (re.compile(r"certificate|self.signed|SSL_CERT_", re.I), Failure.CERTIFICATE),
    (re.compile(r"proxy", re.I), Failure.PROXY),
    (re.compile(r"no complete answer within", re.I), Failure.TIME),
)


@dataclass(frozen=True, slots=True)
class Connectivity:
    """What came of knocking. `skew` is how far our clock is ahead of theirs; None = they did not say."""

    proxy: str
    """Where the proxy is that the environment names, without its password; empty = none."""
    barrier: Failure | None = None
    detail: str = ""
    skew: timedelta | None = None


def check_connectivity(
    base_url: str, *, timeout: timedelta, user_agent: str, now: Callable[[], datetime]
) -> Connectivity:
    """Send one request without a key; any answer will do, as it comes with the time. Never raises for the network."""
    try:
        proxy = proxy_for(base_url)
    except ProxyError as error:
        return Connectivity("", Failure.PROXY, str(error))
    shown = proxy.rpartition("@")[2].rpartition("//")[2]
    wire = HttpClient(base_url, {"User-Agent": user_agent}, timeout=timeout, proxy=lambda _: proxy, secret="")
    began = now()
    try:
        answer = wire.post(ASKED, b"{}")
    except SourceError as error:
        return Connectivity(shown, _barrier(error.detail, shown), error.detail)
    finally:
        wire.close()
    return Connectivity(shown, skew=_skew(answer, began + (now() - began) / 2))


def _barrier(detail: str, proxy: str) -> Failure:
    known = next((barrier for looks, barrier in _BARRIERS if looks.search(detail)), Failure.CONNECTION)
    # With a proxy it is the proxy that we connect to, and whose name we look up.
    return Failure.PROXY if proxy and known in (Failure.CONNECTION, Failure.NAME) else known


def _skew(answer: Answer, heard: datetime) -> timedelta | None:
    return heard - answer.told_at - _ROUNDED if answer.told_at else None
