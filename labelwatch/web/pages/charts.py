"""`/plots`: how long labels take, when they become late, and what was late, of all shops or of one."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import App
from labelwatch.core.baseline import LEARN_WITHIN
from labelwatch.polling.learned_limits import LEARN_FROM
from labelwatch.store.charts import LabelTimes, Open
from labelwatch.web.charts import Figure, Heat, Kind, Table, by_cause, days_until, heat, of_method, of_methods
from labelwatch.web.page import Reader, app_of, reader_of, respond

DRAWN = 8
"""Delivery methods that are drawn, those with most labels; up to LISTED are in the table."""
LISTED = 200
FRESH = timedelta(minutes=1)
"""How long a drawn page is cached."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the store, the same for every language."""

    at: datetime
    times: Sequence[LabelTimes]
    days: Sequence[date]
    open_in: Sequence[Open]
    opened: Mapping[datetime, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The page in one language."""

    at: datetime
    methods: Sequence[Figure]
    all_methods: Table
    heat: Heat
    causes: Figure
    legend: Sequence[Kind]


@dataclass(frozen=True, slots=True)
class Drawings:
    """Cache of counts and drawings; one thread fills it at a time, and the others then use it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    counted: dict[str, Counted] = field(default_factory=dict)
    """By shop; empty = all."""
    drawn: dict[tuple[str, str], Drawn] = field(default_factory=dict)
    """By language and shop."""


def page(request: Request) -> Response:
    """All shops, or the one that ?shop= names."""
    app, reader = app_of(request), reader_of(request)
    names = [name for name, _ in app.shops()]
    chosen = request.query_params.get("shop", "")
    if chosen and chosen not in names:
        return respond(request, "trouble.html", status=404, key="no_page", detail="")
    state = request.app.state
    if not hasattr(state, "drawings"):
        state.drawings = Drawings()
    drawn = _lately(state.drawings, app, reader, chosen)
    return respond(request, "plots.html", drawn=drawn, shops=names, chosen=chosen)


def _lately(drawings: Drawings, app: App, reader: Reader, chosen: str) -> Drawn:
    with drawings.lock:
        _forget(drawings.counted, reader.now)
        _forget(drawings.drawn, reader.now)
        if chosen not in drawings.counted:
            drawings.counted[chosen] = _counted(app, reader, chosen)
        if (reader.language, chosen) not in drawings.drawn:
            drawings.drawn[reader.language, chosen] = _drawn(drawings.counted[chosen], reader)
        return drawings.drawn[reader.language, chosen]


def _forget(kept: dict[Any, Any], now: datetime) -> None:
    for key in [key for key, old in kept.items() if abs(now - old.at) >= FRESH]:
        del kept[key]


def _counted(app: App, reader: Reader, chosen: str) -> Counted:
    shops = {name: every for name, every in app.shops() if chosen in ("", name)}
    since, days = reader.now - LEARN_FROM, days_until(reader.now, reader.context.zone)
    error = max([LEARN_WITHIN, *(3 * every for every in shops.values())])
    asked = app.store.charts
    return Counted(
        at=reader.now,
        times=asked.label_times(shops=shops, since=since, now=reader.now, error=error),
        days=[day for day, _ in days],
        open_in=asked.open_in([span for _, span in days], shops=shops),
        opened=asked.opened(shops=shops, since=since),
    )


def _drawn(counted: Counted, reader: Reader) -> Drawn:
    said, context = reader.words, reader.context
    several = len({one.shop for one in counted.times}) > 1
    causes, legend = by_cause(counted.open_in, counted.days, said, context)
    methods = [
        of_method(one, said, context, key=f"method-{place}", with_shop=several)
        for place, one in enumerate(counted.times[:DRAWN])
    ]
    return Drawn(
        at=counted.at,
        methods=methods,
        all_methods=of_methods(counted.times[:LISTED], said, context, with_shop=several),
        heat=heat(counted.opened, said, context),
        causes=causes,
        legend=legend,
    )
