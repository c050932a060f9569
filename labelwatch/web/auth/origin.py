"""Where a request comes from: whether it was sent to a name of ours, and by a page of ours. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from labelwatch.config import Web

_ALWAYS = ("localhost", "127.0.0.1", "::1")
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_OF_PROXIES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Names:
    """What the board is called in the address line of a browser."""

    hosts: frozenset[str]
    by_number: bool
    """Any IP address is a name of ours: we listen on all of them. No foreign site can take one for its own name."""
    public: str = ""
    """The origin (https://host:port) that it has in public, where `public_url` says so."""

    def know(self, header: str | None) -> bool:
        """Whether a Host header is one of ours, whatever its port; a foreign site that has its name point at this
        machine sends its own (DNS rebinding)."""
        host = _host(header or "")
        return host in self.hosts or (self.by_number and _is_number(host))

    def are_public(self, header: str | None) -> bool:
        """Whether the request was sent to the public name, over TLS as far as the browser can tell."""
        return self.public.startswith("https://") and _host(header or "") == _host(urlsplit(self.public).netloc)


def names(settings: Web) -> Names:
    """The names under which these settings can be reached."""
    listen = settings.listen.host.lower()
    public = urlsplit(settings.public_url or "")
    hosts = {*_ALWAYS, listen, public.hostname or "localhost"}
    return Names(
        hosts=frozenset(hosts),
        by_number=listen in _ANYWHERE,
        public=f"{public.scheme}://{public.netloc}".lower() if public.netloc else "",
    )


def is_from_us(headers: Mapping[str, str], ours: Names) -> bool:
    """Whether a page of the board sent this form, as far as the browser tells; the form's token must be right too.

    `none` is a person at the address line, not a site. A foreign page sends its own Origin, or "null".
    """
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    return _is_same(origin, headers.get("host", "")) or (bool(ours.public) and origin.lower() == ours.public)


def is_passed_on(headers: Mapping[str, str]) -> bool:
    """Whether a proxy says that somebody else asks through it; a proxy that says nothing cannot be told."""
    return any(name in headers for name in _OF_PROXIES)


def local_path(text: str) -> str:
    """Where to go on within the board; anything that could lead elsewhere is its first page."""
    fine = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if fine and len(text) < 1000 else "/"


def _host(netloc: str) -> str:
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port
    except ValueError:
        return ""
    return "" if parts.path or parts.query or "@" in netloc else (parts.hostname or "")


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    scheme, _, netloc = origin.lower().partition("://")
    return scheme in ("http", "https") and netloc == host.lower()
