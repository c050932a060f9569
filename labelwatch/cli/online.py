"""What `check --online` asks: Ozon, whether a key is good, and the network, whether a channel's server is there."""

import threading
from typing import Any

from labelwatch.app import open_source, real_clock
from labelwatch.config import Channel, Config, Shop
from labelwatch.doctor.door import door_of, knocked
from labelwatch.notify.view import rfc3339
from labelwatch.sources import KeyInfo, SourceError


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
    door = door_of(channel)
    if door is None:
        return _finding("channel", channel.name, ok=True, said="its server is not known here, not tried")
    why = knocked(door)
    if why:
        return _finding("channel", channel.name, ok=False, said=f"its server cannot be reached: {why}")
    return _finding("channel", channel.name, ok=True, said="its server answers")


def _finding(kind: str, name: str, *, ok: bool, said: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "ok": ok, "unreachable": False, "said": said}
