"""The checks of `check --online`: each key at Ozon, and each channel at its service."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from labelwatch.channels.verify import checked
from labelwatch.cli.errors import blind
from labelwatch.cli.words import phrases
from labelwatch.config import Channel, Config, Shop
from labelwatch.delivery.configured import open_configured
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import rfc3339
from labelwatch.service.clock import real_clock
from labelwatch.service.shop_sources import open_source
from labelwatch.sources import KeyInfo, SourceError

PATIENCE = timedelta(seconds=10)
"""With one question to a channel's service."""


def ask_ozon(settings: Config, shop: Shop) -> dict[str, Any]:
    """The roles and the expiry of a shop's key, or why Ozon does not tell."""
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


def ask_channel(channel: Channel, language: str) -> dict[str, Any]:
    """Whether a channel would deliver, as far as its service says without a message; said in this language."""
    found = checked(open_configured(channel, deadline=PATIENCE))
    return _finding("channel", channel.name, ok=found.ok, said=translate(found.said, language))


def in_words(finding: Mapping[str, Any], language: str) -> str:
    """The result for people; in the JSON it is English."""
    said = phrases(language, "check")
    if "cause" in finding:
        return blind(finding["cause"], finding["said"], language)
    if "roles" not in finding:
        return str(finding["said"])
    ends = said["ends"].format(date=finding["expires_at"][:10]) if finding["expires_at"] else ""
    return said["key"].format(roles=", ".join(finding["roles"]) or said["no_roles"]) + ends


def _finding(kind: str, name: str, *, ok: bool, said: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "ok": ok, "unreachable": False, "said": said}
