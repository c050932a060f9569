"""`/plots`: how long labels take, when they become late, and what was late, of all shops or of one."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import LEARN_FROM, LEARN_WITHIN, App
from labelwatch.web.figures import Figure, Heat, Kind, Table, by_cause, days_until, heat, of_method, of_methods
from labelwatch.web.page import Reader, app_of, reader_of, respond

DRAWN = 8
"""So many delivery methods are drawn, those with most labels; up to LISTED stand in the table."""
LISTED = 200
FRESH = timedelta(minutes=1)
"""So long a page is shown again as it was drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The page as it was drawn for one language."""

    at: datetime
    methods: Sequence[Figure]
    all_methods: Table
    heat: Heat
    causes: Figure
    legend: Sequence[Kind]


@dataclass(frozen=True, slots=True)
class Drawings:
    """What was drawn lately, by language and shop; one thread draws at a time, and the others use it then."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: dict[tuple[str, str], Drawn] = field(default_factory=dict)


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
        for key, old in list(drawings.kept.items()):
            if abs(reader.now - old.at) >= FRESH:
                del drawings.kept[key]
        if (reader.language, chosen) not in drawings.kept:
            drawings.kept[reader.language, chosen] = _drawn(app, reader, chosen)
        return drawings.kept[reader.language, chosen]


def _drawn(app: App, reader: Reader, chosen: str) -> Drawn:
    said, voice, asked = reader.words, reader.voice, app.store.plots
    every = {name: interval for name, interval in app.shops() if chosen in ("", name)}
    since = reader.now - LEARN_FROM
    error = max([LEARN_WITHIN, *(3 * interval for interval in every.values())])
    times = asked.label_times(shops=every, since=since, now=reader.now, error=error)
    days = days_until(reader.now, voice.zone)
    open_in = asked.open_in([span for _, span in days], shops=every)
    causes, legend = by_cause(open_in, [day for day, _ in days], said, voice)
    several = len(every) > 1
    return Drawn(
        at=reader.now,
        methods=[
            of_method(one, said, voice, key=f"method-{place}", with_shop=several)
            for place, one in enumerate(times[:DRAWN])
        ],
        all_methods=of_methods(times[:LISTED], said, voice, with_shop=several),
        heat=heat(asked.opened(shops=every, since=since), said, voice),
        causes=causes,
        legend=legend,
    )
