"""`audit`: what has changed in the settings of the shops at Ozon."""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from labelwatch.cli.errors import FOUND_TROUBLE, UNREACHABLE, about_a_shop
from labelwatch.cli.late_table import context
from labelwatch.cli.open import configuration, opened_beside_service
from labelwatch.cli.options import ConfigFile, Json, OneShop
from labelwatch.cli.poll import chosen_shops
from labelwatch.cli.terminal import as_json, complain, say, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config
from labelwatch.core.settings import ShopSettings
from labelwatch.messages.index_text import lines
from labelwatch.messages.settings_text import change_line, key_line

if TYPE_CHECKING:
    from labelwatch.polling.audit import Audit


def audit(config: ConfigFile = None, shop: OneShop = None, as_document: Json = False) -> None:
    """Show what has changed in the settings at Ozon.

    Compares the delivery methods, the warehouses, the roles of the key, its expiry and the zone of the error index
    with those read before. The service does the same once a day. A change is shown once and sent over the channels;
    the first audit of a shop has nothing to compare with.
    """
    settings, stop = configuration(config), threading.Event()
    names, said = chosen_shops(settings, shop), phrases(settings.language, "audit")
    with opened_beside_service(settings, stop=stop) as (app, is_alone):
        with working(said["reading"].format(shops=", ".join(names))):
            found = [app.audit(name) for name in names]
        if is_alone:
            app.tell()
        now = app.clock.now()
    if as_document:
        as_json({"shops": [_document(one) for one in found]})
    else:
        _print(found, settings, now)
    if any(one.error for one in found):
        raise typer.Exit(UNREACHABLE)
    if any(one.changes and not one.is_first for one in found):
        raise typer.Exit(FOUND_TROUBLE)


def _document(found: "Audit") -> dict[str, Any]:
    return {
        "shop": found.shop,
        "changes": [
            {
                "what": one.what,
                "id": one.id,
                "name": one.name,
                "before": one.before,
                "after": one.after,
                "orders": one.orders,
            }
            for one in found.changes
        ],
        "error_index": _index(found),
        "key_expires_at": found.key_expires_at.isoformat() if found.key_expires_at else None,
        "cause": str(found.cause) if found.cause else None,
        "error": found.error or None,
    }


def _index(found: "Audit") -> dict[str, Any] | None:
    index, ahead = found.index, found.ahead
    if index is None:
        return None
    return {
        "value": index.value,
        "zone": str(index.zone),
        "from": index.since.isoformat() if index.since else None,
        "to": index.until.isoformat() if index.until else None,
        "charged": str(index.cost),
        "currency": index.currency or None,
        "ahead": {"zone": str(ahead.zone), "on": ahead.on.isoformat()} if ahead else None,
    }


def _print(found: "Sequence[Audit]", settings: Config, now: datetime) -> None:
    said, speaker = phrases(settings.language, "audit"), context(settings.language, settings.timezone, now)
    for one in found:
        if one.error:
            error = about_a_shop(one.shop, one.cause, one.error, settings.language)
            complain(said["trouble"].format(shop=one.shop, error=error))
            continue
        heading = "first" if one.is_first else "changed" if one.changes else "same"
        say(said[heading].format(shop=one.shop), style="bold" if one.changes else "")
        for change in one.changes:
            say(f"• {change_line(speaker, change)}", indent=2)
        if one.key_expires_at is not None:
            say(key_line(speaker, one.shop, one.key_expires_at), indent=2)
        for line in lines(speaker, ShopSettings(index=one.index, zone_ahead=one.ahead)):
            say(line, indent=2)
