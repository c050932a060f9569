"""What `check --online` asks: Ozon, whether a key is good, and the network, whether a channel's server is there."""

import socket
import threading
from typing import Any
from urllib.parse import urlsplit

from labelwatch.app import open_source, real_clock
from labelwatch.config import Channel, Config, Shop
from labelwatch.notify.channels.services import plugin
from labelwatch.notify.view import rfc3339
from labelwatch.sources import KeyInfo, SourceError

KNOCK_FOR = 5.0
"""Seconds until a server that does not answer the door counts as gone."""

SMTP = 25
_PORTS = {"https": 443, "http": 80}


def ask_ozon(settings: Config, shop: Shop) -> dict[str, Any]:
    """What the key of a shop may do and until when, or why Ozon does not say."""
    source = open_source(settings, shop, real_clock(threading.Event()))
    try:
        return _key(shop, source.key_info())
    except SourceError as error:
        return {
            **_finding("shop", shop.name, ok=False, said=error.detail),
            "unreachable": not error.trouble.is_final,
            "cause": str(error.trouble),
        }
    finally:
        source.close()


def _key(shop: Shop, info: KeyInfo) -> dict[str, Any]:
    roles = ", ".join(info.roles) or "none named"
    ends = f", the key ends on {info.expires_at:%Y-%m-%d}" if info.expires_at else ""
    return {
        **_finding("shop", shop.name, ok=True, said=f"Ozon accepts the key; roles: {roles}{ends}"),
        "roles": list(info.roles),
        "expires_at": rfc3339(info.expires_at) if info.expires_at else None,
    }


def ask_channel(channel: Channel) -> dict[str, Any]:
    """Whether the server of a channel takes a connection; nothing is sent."""
    door = _door(channel.url.get_secret_value())
    if door is None:
        return _finding("channel", channel.name, ok=True, said="its server is not known here, not tried")
    try:
        socket.create_connection(door, timeout=KNOCK_FOR).close()
    except OSError as error:
        said = f"its server cannot be reached: {error.strerror or type(error).__name__}"
        return _finding("channel", channel.name, ok=False, said=said)
    return _finding("channel", channel.name, ok=True, said="its server answers")


def _door(url: str) -> tuple[str, int] | None:
    """Host and port of the server behind an Apprise URL; the place of the host may hold a token instead."""
    service = plugin(url)
    scheme = url.partition("://")[0].lower()
    if service is None:
        return None
    if scheme in ("json", "jsons"):
        return str(service.host), int(service.port or _PORTS["https" if service.secure else "http"])
    mail_server = getattr(service, "smtp_host", None)
    if mail_server:
        return str(mail_server), int(service.port or SMTP)
    addresses = (getattr(service, name, None) for name in ("notify_url", "api_url", "cloud_notify_url"))
    parts = urlsplit(next(filter(None, addresses), ""))
    return (parts.hostname, parts.port or _PORTS[parts.scheme]) if parts.hostname else None


def _finding(kind: str, name: str, *, ok: bool, said: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "ok": ok, "unreachable": False, "said": said}
