"""Which addresses are everybody's, and which belong to this machine or to a network of its own.

Behind a name may be a machine that trusts whoever asks from inside: a router, a database, the metadata of a cloud. So
a name is looked up here, once, and what was looked at is what is connected to: asked twice, it may answer twice.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from labelwatch.net.connect import Lookup, connect, looked_up

Ip = IPv4Address | IPv6Address

_MADE_UP = ip_network("198.18.0.0/15")
"""Given out for every name by the proxies that many people in China and Russia run on their routers; nobody's own."""
_CARRYING = (IPv6Network("::/96"), IPv6Network("64:ff9b::/96"))
"""Addresses of the old kind in the last 32 bits of the new one."""


class NotPublicError(Exception):
    """A name stands for an address that is not everybody's."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} stands for {address}, which is no public address")


def is_public(ip: Ip) -> bool:
    """Whether everybody reaches the same machine under it."""
    ip = _carried(ip)
    if ip in _MADE_UP:
        return True
    return ip.is_global and not ip.is_multicast and not (isinstance(ip, IPv6Address) and ip.is_site_local)


def is_this_machine(host: str) -> bool:
    """Whether a host, as it is written, is this machine."""
    try:
        return _carried(ip_address(host)).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_written_out(host: str) -> bool:
    """An address in figures or this machine's own name: it never turns into another, and who writes it means it."""
    try:
        ip_address(host)
    except ValueError:
        return is_this_machine(host)
    return True


def addresses(
    host: str, port: int, *, allowed: Callable[[Ip], bool] = is_public, lookup: Lookup = looked_up
) -> list[str]:
    """The addresses of a host; NotPublicError if one of them is not `allowed`, OSError if the name is not known."""
    found = list(lookup(host, port))
    for address in found:
        if not allowed(_carried(ip_address(address))):
            raise NotPublicError(host, address)
    return found


def connection(host: str, port: int, seconds: float, *, private: bool) -> socket.socket:
    """A connection to a host, wherever it is if `private` or written out, else only to a public address."""
    return connect(host, port, seconds, lookup=looked_up if private or is_written_out(host) else addresses)


def _carried(ip: Ip) -> Ip:
    """The address that is meant by one that only carries it."""
    if not isinstance(ip, IPv6Address):
        return ip
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour or ip
    is_carrying = any(ip in network for network in _CARRYING) and int(ip) > 1
    return IPv4Address(int(ip) & 0xFFFFFFFF) if is_carrying else ip
