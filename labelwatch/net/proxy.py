"""The proxy of the environment for an address, read as curl does.

    HTTPS_PROXY, HTTP_PROXY   for this scheme; lower case first; an empty one is ignored
    ALL_PROXY                 for every other
    NO_PROXY                  names and domains, addresses, networks like 10.0.0.0/8, or * for everything

An address without a scheme is an HTTP proxy, one without a port is at 1080 (https: 443). `socks://`, as desktops
write it, is SOCKS 5.
"""

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from labelwatch.net.errors import NetError

SCHEMES = ("http", "https", "socks5", "socks5h")
"""Supported schemes of a proxy."""
_CURLS_PORT = 1080


class ProxyError(NetError):
    """The proxy of the environment cannot be used; the text names the variable and what to write."""


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The address of the proxy for a URL, with scheme and port; empty = connect directly. Raises ProxyError."""
    parts = urlsplit(url)
    if not parts.hostname or is_exempt(parts.hostname, _value("no_proxy", environ)[1]):
        return ""
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        variable, value = _value(name, environ)
        if value:
            return _complete(variable, value)
    return _of_the_system(parts.scheme, parts.hostname) if environ is os.environ else ""


def mistakes(environ: Mapping[str, str] = os.environ) -> list[ProxyError]:
    """What is wrong with the variables themselves, for any address."""
    found = []
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        variable, value = _value(name, environ)
        try:
            _complete(variable, value)
        except ProxyError as error:
            found.append(error)
    return found


def is_usable(proxy: str) -> bool:
    """Whether an address is a supported proxy, or empty for none."""
    try:
        parts = urlsplit(proxy)
        is_complete = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
        return not proxy or (is_complete and proxy.isprintable() and " " not in proxy)
    except ValueError:
        return False


def is_exempt(host: str, exceptions: str) -> bool:
    """Whether NO_PROXY excludes a host."""
    name = host.strip("[]").rstrip(".").lower()
    return any(_covers(one.lower(), name) for one in re.split(r"[,\s]+", exceptions) if one)


def _covers(exception: str, name: str) -> bool:
    if exception == "*":
        return True
    try:
        return ip_address(name) in ip_network(exception.strip("[]"), strict=False)
    except ValueError:  # one of the two is a name
        domain = exception.strip(".")
        return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _value(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The variable that applies, and its value."""
    for variable in (name, name.upper()):
        if value := environ.get(variable, "").strip():
            return variable, value
    return name.upper(), ""


def _complete(variable: str, value: str) -> str:
    """The address with its scheme and its port."""
    if not value:
        return ""
    address = value if "://" in value else f"http://{value}"
    scheme, _, rest = address.partition("://")
    scheme = {"socks": "socks5"}.get(scheme.lower(), scheme.lower())
    if scheme not in SCHEMES:
        raise ProxyError("proxy_kind", variable=variable, kind=_plain(scheme))
    address = f"{scheme}://{rest.partition('/')[0]}"
    if not is_usable(address):
        raise ProxyError("proxy_wrong", variable=variable)
    return address if urlsplit(address).port else f"{address}:{443 if scheme == 'https' else _CURLS_PORT}"


def _plain(scheme: str) -> str:
    """The part of a supposed scheme that may be shown."""
    return scheme if re.fullmatch(r"[a-z][a-z0-9+.-]{0,15}", scheme) else "?"


def _of_the_system(scheme: str, host: str) -> str:
    """The proxy in the settings of Windows or macOS, if the environment has none."""
    if getproxies_environment() or not (found := getproxies()) or proxy_bypass(host):
        return ""
    return _complete("the system's proxy setting", found.get(scheme) or found.get("all") or "")
