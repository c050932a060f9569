"""Whether a marketplace can be reached, and what time it is there; needs no key and sends none."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import httpcore

from labelwatch.net.errors import chain_of
from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.net.tls import CertificatesError
from labelwatch.sources import SourceError
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.transport import HttpClient

ASKED = "/v1/roles"
_ROUNDED = timedelta(seconds=0.5)
"""A Date header omits fractions of a second: half a second on average."""


class Failure(StrEnum):
    """Why the marketplace cannot be reached."""

    NAME = "name"
    """No name server knows the host."""
    CERTIFICATE = "certificate"
    PROXY = "proxy"
    TIME = "time"
    """No answer came in time."""
    CONNECTION = "connection"


_FAILURES = (
    ((socket.gaierror,), Failure.NAME),
    ((ssl.SSLCertVerificationError, CertificatesError), Failure.CERTIFICATE),
    ((httpcore.ProxyError, ProxyError), Failure.PROXY),
    ((httpcore.TimeoutException, TimeoutError), Failure.TIME),
)


@dataclass(frozen=True, slots=True)
class Connectivity:
    """The result of the check. `skew` is how far our clock is ahead of theirs; None = unknown."""

    proxy: str
    """The address of the proxy from the environment, without its password; empty = none."""
    barrier: Failure | None = None
    detail: str = ""
    skew: timedelta | None = None


def check_connectivity(
    base_url: str, *, timeout: timedelta, user_agent: str, now: Callable[[], datetime]
) -> Connectivity:
    """Send one request without a key; any answer will do, as it includes the time. Never raises for the network."""
    try:
        proxy = proxy_for(base_url)
    except ProxyError as error:
        return Connectivity("", Failure.PROXY, str(error))
    shown = proxy.rpartition("@")[2].rpartition("//")[2]
    client = HttpClient(base_url, {"User-Agent": user_agent}, timeout=timeout, proxy=lambda _: proxy, secret="")
    began = now()
    try:
        answer = client.post(ASKED, b"{}")
    except SourceError as error:
        return Connectivity(shown, _failure(error, shown), error.detail)
    finally:
        client.close()
    return Connectivity(shown, skew=_skew(answer, began + (now() - began) / 2))


def _failure(error: SourceError, proxy: str) -> Failure:
    chain = list(chain_of(error))
    kinds = (failure for kind, failure in _FAILURES if any(isinstance(one, kind) for one in chain))
    known = next(kinds, Failure.CONNECTION)
    # With a proxy, we connect to the proxy and look up its name.
    return Failure.PROXY if proxy and known in (Failure.CONNECTION, Failure.NAME) else known


def _skew(answer: Answer, answered: datetime) -> timedelta | None:
    return answered - answer.told_at - _ROUNDED if answer.told_at else None
