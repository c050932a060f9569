"""The origin of a request: whether it was sent to our host name, and by our page. Pure functions."""

import re
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
    """The host names of the board."""

    hosts: frozenset[str]
    by_number: bool
    """Any IP address is accepted: we listen on all of them. No foreign site can use one as its own name."""
    public: str = ""
    """The public origin (https://host:port) of `public_url`."""

    def know(self, header: str | None) -> bool:
        """Whether a Host header is one of ours, with any port; a foreign site whose name resolves to this machine
        sends its own (DNS rebinding)."""
        host = _host(header or "")
        return host in self.hosts or (self.by_number and _is_number(host))

    def are_public(self, header: str | None) -> bool:
        """Whether the request was sent to the public name, over TLS as the browser sees it."""
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
    """Whether a page of the board sent this form, as far as the browser says; the form's token must be right too.

    `none` is a person at the address bar, not a site. A foreign page sends its own Origin, or "null".
    """
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    return _is_same(origin, headers.get("host", "")) or (bool(ours.public) and origin.lower() == ours.public)


def is_passed_on(headers: Mapping[str, str]) -> bool:
    """Whether a proxy has forwarded the request; a proxy that sets no header cannot be recognised."""
    return any(name in headers for name in _OF_PROXIES)


def local_path(text: str) -> str:
    """A path within the board; anything that could lead elsewhere becomes its first page."""
    fine = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if fine and len(text) < 1000 else "/"


def _host(netloc: str) -> str:
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port
    except ValueError:
        return ""
    is_bare = not parts.path and not parts.query and "@" not in netloc
    return (parts.hostname or "") if is_bare and re.fullmatch(r"[^\[\]]*|\[[^\[\]]*\](:.*)?", netloc) else ""


def _is_number(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _is_same(origin: str, host: str) -> bool:
    scheme, _, netloc = origin.lower().partition("://")
    return scheme in ("http", "https") and netloc == host.lower()
