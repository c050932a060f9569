"""Public addresses, and those of this machine or a private network.

A name may resolve to a machine that trusts requests from inside: a router, a database, the metadata of a cloud.
So a name is resolved here, once, and the checked address is used: a second lookup may return another one.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from labelwatch.net.connect import Lookup, connect, looked_up
from labelwatch.net.errors import NetError

Ip = IPv4Address | IPv6Address

_MADE_UP = ip_network("198.18.0.0/15")
"""Fake addresses returned for every name by proxies that are common on routers in China and Russia."""
_CARRYING = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
"""IPv6 networks with an IPv4 address in the last 32 bits."""


class NotPublicError(NetError):
    """A name resolves to an address that is not public."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__("private", host=host, address=address)


def is_public(ip: Ip) -> bool:
    """Whether the address is public."""
    ip = _carried(ip)
    if ip in _MADE_UP:
        return True
    return ip.is_global and not ip.is_multicast and not (isinstance(ip, IPv6Address) and ip.is_site_local)


def is_this_machine(host: str) -> bool:
    """Whether a host as written is this machine."""
    try:
        return _carried(ip_address(host)).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_written_out(host: str) -> bool:
    """Whether it is an IP address or this machine's own name: it never changes and is intended."""
    try:
        ip_address(host)
    except ValueError:
        return is_this_machine(host)
    return True


def addresses(
    host: str, port: int, *, allowed: Callable[[Ip], bool] = is_public, lookup: Lookup = looked_up
) -> list[str]:
    """The addresses of a host; NotPublicError if one of them is not `allowed`, OSError if the name is unknown."""
    found = list(lookup(host, port))
    for address in found:
        if not allowed(_carried(ip_address(address))):
            raise NotPublicError(host, address)
    return found


def connection(host: str, port: int, seconds: float, *, private: bool) -> socket.socket:
    """A connection to a host, at any address if `private` or written out, else only at a public one."""
    return connect(host, port, seconds, lookup=looked_up if private or is_written_out(host) else addresses)


def _carried(ip: Ip) -> Ip:
    """The IPv4 address embedded in an IPv6 address."""
    if not isinstance(ip, IPv6Address):
        return ip
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour or ip
    is_carrying = any(ip in network for network in _CARRYING) and int(ip) > 1
    return IPv4Address(int(ip) & 0xFFFFFFFF) if is_carrying else ip
