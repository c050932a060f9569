"""Checks of a channel's base address and proxy; error texts contain no secrets."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from labelwatch.channels.push_services import PUSH_SERVICES

_OWN = frozenset({"tgram", "wecombot", "dingtalk", "feishu", "lark", "max", "vk"})
BASED = _OWN | {name for name, service in PUSH_SERVICES.items() if service.home}
"""Services with a fixed address, which can be replaced."""
PROXIED = _OWN | {"json", "jsons"}

_EXAMPLE = {"api_base": "https://bots.example.com", "proxy": "socks5://127.0.0.1:1080"}
_PROXIES = ("http", "https", "socks5", "socks5h")
_AT_HOME = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Domains that no public name server resolves."""


def way_mistake(scheme: str, api_base: str, proxy: str) -> str | None:
    """What is wrong with these two for a service; both may be empty."""
    return _checked(api_base, "api_base", scheme, BASED, _base_mistake) or _checked(
        proxy, "proxy", scheme, PROXIED, _proxy_mistake
    )


def credentials_of(proxy: str) -> tuple[str, ...]:
    """User and password of a proxy, as written and decoded; its host is not secret."""
    login, at, _ = proxy.partition("://")[2].partition("/")[0].rpartition("@")
    if not at:
        return ()
    parts = login.partition(":")[::2]
    return tuple(form for part in parts for form in dict.fromkeys((part, unquote(part))) if form)


def _checked(
    address: str, name: str, scheme: str, takers: frozenset[str], mistake: Callable[[SplitResult], str | None]
) -> str | None:
    if not address:
        return None
    if scheme not in takers:
        return f"has {name}, which {scheme}:// cannot use: only {_listed(takers)} can"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
        httpx.URL(address)
    except (ValueError, httpx.InvalidURL):
        return f"has {name} that is no address: check its brackets, its port and its characters"
    if not host:
        return f"has {name} without a host: it reads like {_EXAMPLE[name]}"
    wrong = mistake(parts)
    return wrong and f"has {name} {wrong}"


def _base_mistake(parts: SplitResult) -> str | None:
    if parts.scheme not in ("http", "https"):
        return "that is neither http:// nor https://"
    if parts.username is not None or parts.password is not None:
        return "with a user or a password, which nobody would be asked for: leave them out"
    if parts.query or parts.fragment:
        return "with ? or #: leave out what follows the host and its path"
    if parts.scheme == "http" and not _is_private(parts.hostname or ""):
        return "over plain http to a public host, where the channel's token could be read on the way: use https://"
    return None


def _proxy_mistake(parts: SplitResult) -> str | None:
    if parts.scheme not in _PROXIES:
        return f"of a kind that is not known: it begins with {_listed(f'{kind}://' for kind in _PROXIES)}"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "with a path: leave out what follows the host and its port"
    return None


def _is_private(host: str) -> bool:
    """Whether the host is local: an address of a private network or a name that only that resolves."""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_AT_HOME)
    return address.is_private or address.is_loopback


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}"
