"""One request to a service within a deadline; failures are returned as values."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from labelwatch.channels.base import Ambiguous, Permanent, RateLimited, Retry
from labelwatch.channels.network_errors import reason
from labelwatch.channels.redaction import quoted
from labelwatch.channels.time_limit import no_answer_within, within_time
from labelwatch.core.text import Text
from labelwatch.net.addresses import NotPublicError, addresses, is_written_out
from labelwatch.net.backend import Backend, proxy_at
from labelwatch.net.body import BodyError, beginning
from labelwatch.net.connect import looked_up
from labelwatch.net.proxy import ProxyError, proxy_for
from labelwatch.net.tls import CertificatesError, trusted, unverified

READ_AT_MOST = 64 * 1024
"""Bytes of an answer: a receipt is short."""
_CONNECT = timedelta(seconds=10)
_TRY_AGAIN = frozenset({408, 425})
_TOO_MANY = 429
_PROXY_WANTS_LOGIN = 407
_PROXY_REFUSES = re.compile(r"\b40[137]\b|username|auth", re.IGNORECASE)
_LONGEST = timedelta(hours=24)
_DIGITS = 7
"""Digits of a number of seconds; more are longer than any wait."""
_UNLESS_TOLD = timedelta(seconds=30)
"""How long to pause if a service says "too many" without a time."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How a service is reached; secrets are never shown."""

    deadline: timedelta
    """For one request from first byte to last."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    proxy: str = field(default="", repr=False)
    """http://, https://, socks5:// or socks5h:// address of a proxy; empty = from the environment."""
    verify: bool = True
    private: bool = False
    """Whether a name may resolve to an address of a private network."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a service: the beginning of its body, and in `said` one sanitized line of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    said: str

    @property
    def line(self) -> str:
        """Its status and what it said, as a receipt."""
        return f"HTTP {self.status} {self.said}".rstrip()

    @property
    def text(self) -> Text:
        """The same as an error."""
        return Text("status_said" if self.said else "status", {"status": self.status, "raw": self.said})

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, as of a captive portal or a proxy: no service answers so."""
        beginning = self.body.lstrip()[:9].lower()
        return "html" in self.headers.get("Content-Type", "") or beginning.startswith((b"<!doctype", b"<html"))

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body; empty if it is anything else."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


Failure = Retry | RateLimited | Ambiguous | Permanent


def exchange(line: HttpOptions, method: str, address: str, **request: Any) -> Answer | Failure:
    """Send one request; `request` are the arguments of httpx.Client.request. Redirects are not followed, so that no
    credential is sent elsewhere, nor names of private addresses. Never raises for failures of service or network.
    """
    timeout = httpx.Timeout(line.deadline.total_seconds(), connect=_CONNECT.total_seconds())
    try:
        line = replace(line, proxy=line.proxy or proxy_for(address))
        # Leaving the block closes the socket, which ends a thread that still waits for a slow server.
        with httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
            transport=_transport(line, address),
            trust_env=False,
        ) as client:
            answer = within_time(line.deadline, lambda: _ask(line, client, method, address, request))
    except (ProxyError, CertificatesError) as error:
        return Permanent(error.text)
    except (ValueError, httpx.InvalidURL) as error:
        return Permanent(_text(line, "not_sendable", error))
    return answer or Ambiguous(no_answer_within(line.deadline))


def judged(answer: Answer) -> Failure | None:
    """What a bad status, or a web page with any status, means for every service; None = the body decides."""
    said = answer.text
    if answer.status == _TOO_MANY:
        return RateLimited(said, retry_after(answer) or _UNLESS_TOLD)
    if answer.status >= 500 or answer.status in _TRY_AGAIN:
        wish = retry_after(answer)
        return RateLimited(said, wish) if wish else Retry(said)
    if answer.status == _PROXY_WANTS_LOGIN:
        return Permanent(Text("proxy_login", {"raw": answer.line}))
    if 300 <= answer.status < 400:
        return Permanent(Text("redirect", {"status": answer.status}))
    if answer.is_good and answer.is_page:
        return Retry(Text("web_page", {"raw": answer.line}))
    return None


def retry_after(answer: Answer) -> timedelta | None:
    """Seconds, or a date relative to the server's own clock; None if it is neither."""
    wish = answer.headers.get("Retry-After", "").strip()
    if wish.isdecimal():
        return min(timedelta(seconds=int(wish[:_DIGITS])), _LONGEST)
    try:
        ahead = parsedate_to_datetime(wish) - parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, TypeError):  # not dates, or only one of them with a zone
        return None
    return min(max(ahead, timedelta(0)), _LONGEST)


def _transport(line: HttpOptions, address: str) -> httpx.HTTPTransport:
    """The transport to an address; refuses a private one if no proxy resolves the name."""
    verify = trusted() if line.verify and address.startswith("https:") else unverified()
    is_open = line.proxy or line.private or is_written_out(httpx.URL(address).host)
    transport = httpx.HTTPTransport(verify=verify)
    # httpx has no argument for the backend of httpcore.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=verify,
        proxy=proxy_at(line.proxy),
        network_backend=Backend(lookup=looked_up if is_open else addresses),
    )
    return transport


def _ask(
    line: HttpOptions, client: httpx.Client, method: str, address: str, request: dict[str, Any]
) -> Answer | Failure:
    auth = request.pop("auth", None)
    try:
        question = client.build_request(method, address, **request)
        with_answer = client.send(question, auth=auth, stream=True)
        body = beginning(with_answer.iter_raw(), with_answer.headers, most=READ_AT_MOST)
        said = quoted(body.decode("utf-8", "replace"), line.secrets, 100)
        return Answer(with_answer.status_code, with_answer.headers, body, said)
    except NotPublicError as error:
        return Permanent(error.text)
    except BodyError as error:
        return Ambiguous(_text(line, "not_understood", error))
    except httpx.ProxyError as error:
        refused = Permanent if _PROXY_REFUSES.search(str(error)) else Retry
        return refused(_no_way(line, "no_way", error))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        return Retry(_no_way(line, "connect", error))
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
        return Permanent(_text(line, "not_sendable", error))
    except httpx.TimeoutException:  # the same timeout as that of `within`, a little earlier
        return Ambiguous(no_answer_within(line.deadline))
    except httpx.HTTPError as error:
        return Ambiguous(_text(line, "incomplete", error))


def _text(line: HttpOptions, key: str, error: Exception) -> Text:
    return Text(key, {"raw": quoted(str(error), line.secrets, 160) or type(error).__name__})


def _no_way(line: HttpOptions, key: str, error: Exception) -> Text:
    """Why there is no connection, and through which proxy, without its login."""
    _, _, host = urlsplit(line.proxy).netloc.rpartition("@")
    why = reason(error, line.secrets)
    return Text(f"{key}_proxy", {"host": host, "why": why}) if host else Text(key, {"why": why})
