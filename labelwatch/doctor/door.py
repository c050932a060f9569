"""Whether the server of a channel, or of the heartbeat, takes a connection; nothing is sent."""

import socket
from urllib.parse import urlsplit

from labelwatch.config import Channel
from labelwatch.notify.channels.services import plugin
from labelwatch.sources.ozon_http import environment_proxy

KNOCK_FOR = 5.0
"""Seconds until a server that does not answer the door counts as gone."""

_MAIL = 25
_PORTS = {"https": 443, "http": 80, "socks5": 1080, "socks5h": 1080}

Door = tuple[str, int]
"""Host and port."""


def knocked(door: Door) -> str:
    """Why nobody opens; empty = somebody does."""
    try:
        socket.create_connection(door, timeout=KNOCK_FOR).close()
    except (OSError, UnicodeError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ""


def door_of(channel: Channel) -> Door | None:
    """The server that a channel's messages go to first, which may be a proxy; None = it is not known here."""
    service = plugin(channel.url.get_secret_value())
    if service is None:
        return None
    mail_server = getattr(service, "smtp_host", None)
    if mail_server:
        return str(mail_server), int(service.port or _MAIL)
    proxy = channel.proxy.get_secret_value() if channel.proxy else ""
    return door_to(channel.api_base or _address(channel.url.get_secret_value()), proxy)


def door_to(address: str, proxy: str = "") -> Door | None:
    """The way to a web address: straight, through `proxy`, or through the one that the environment names."""
    parts = urlsplit(proxy or environment_proxy(address) or address)
    return (parts.hostname, parts.port or _PORTS.get(parts.scheme, 443)) if parts.hostname else None


def _address(url: str) -> str:
    """Where a service is; the place of the host in an Apprise URL may hold a token instead."""
    service, scheme = plugin(url), url.partition("://")[0].lower()
    if scheme in ("json", "jsons") and service is not None:
        kind = "https" if service.secure else "http"
        return f"{kind}://{service.host}:{service.port or _PORTS[kind]}"
    addresses = (getattr(service, name, None) for name in ("notify_url", "api_url", "cloud_notify_url"))
    return next((str(address) for address in addresses if address), "")
