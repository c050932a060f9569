"""`/settings`: what each shop has set up at Ozon, what has changed in it, and when its key expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import App
from labelwatch.core.error_index import costliest
from labelwatch.core.posting import Interval
from labelwatch.core.settings import ShopSettings
from labelwatch.messages import index_text
from labelwatch.messages.plain import plain
from labelwatch.messages.settings_text import change_line, key_line
from labelwatch.web.page import Reader, app_of, reader_of, respond

SHOPS = 30
CHARGES_FOR = timedelta(days=30)
HISTORY = 20
"""Changes of each shop that are shown, the newest first."""


@dataclass(frozen=True, slots=True)
class ShopPage:
    """The settings of one shop in words; no rows = they were not read yet, or cannot be."""

    name: str
    read: str
    key: str
    roles: str
    methods: Sequence[Sequence[str]]
    warehouses: Sequence[Sequence[str]]
    history: Sequence[tuple[str, Sequence[str]]]
    """When something was found changed, and what."""
    index: Sequence[str]
    charges: Sequence[tuple[str, str]]
    """Each order that Ozon counts as an error, and what is known of it."""


def page(request: Request) -> Response:
    """All shops, or the one that ?shop= names."""
    app, reader = app_of(request), reader_of(request)
    names, chosen = [name for name, _ in app.shops()], request.query_params.get("shop", "")
    if chosen and chosen not in names:
        return respond(request, "trouble.html", status=404, key="no_page", detail="")
    shown = [chosen] if chosen else names[:SHOPS]
    pages = [_shop(app, reader, name) for name in shown]
    return respond(request, "settings.html", pages=pages, shops=names, chosen=chosen)


def _shop(app: App, reader: Reader, name: str) -> ShopPage:
    snapshots = app.store.settings.snapshots(name, limit=HISTORY)
    charged = app.store.charges.find([name], Interval(reader.now - CHARGES_FOR, reader.now))
    newest = snapshots[0] if snapshots else None
    settings = newest.settings if newest else ShopSettings()
    expires_at = settings.key_expires_at
    return ShopPage(
        name=name,
        read=reader.say("settings", "read", ago=reader.ago(newest.seen_at)) if newest else "",
        key=key_line(reader.context, name, expires_at) if expires_at and expires_at > reader.now else "",
        roles=", ".join(map(plain, settings.roles or ())),
        methods=_methods(reader, settings),
        warehouses=_warehouses(reader, settings),
        history=[
            (reader.at(one.taken_at), [change_line(reader.context, change) for change in one.changes])
            for one in snapshots
            if one.changes
        ],
        index=list(index_text.lines(reader.context, settings, charged)),
        charges=list(index_text.rows(reader.context, costliest(charged))),
    )


def _methods(reader: Reader, settings: ShopSettings) -> Sequence[Sequence[str]]:
    words = reader.context.words
    statuses = words.value["delivery_method.status"]
    return [
        (one.name or id_, statuses.get(one.status, one.status), words.flow.get(one.flow, one.flow), one.cutoff)
        for id_, one in (settings.methods or {}).items()
    ]


def _warehouses(reader: Reader, settings: ShopSettings) -> Sequence[Sequence[str]]:
    words = reader.context.words
    statuses, values = words.value["warehouse.status"], words.setting_value
    return [
        (
            one.name or id_,
            reader.say("settings", "paused", time=reader.at(one.paused_at))
            if one.paused_at
            else statuses.get(one.status, one.status),
            " ".join(values.get(day, day) for day in one.working_days),
            values.get(one.first_mile, one.first_mile),
        )
        for id_, one in (settings.warehouses or {}).items()
    ]
