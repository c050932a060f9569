"""`/carriers`: the league table of carriers over some days, with a letter to each."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.app import App
from labelwatch.core.league import Standing
from labelwatch.messages import league_text
from labelwatch.messages.league_letter import CASES, league_letter
from labelwatch.messages.letters import Letter
from labelwatch.queries import League
from labelwatch.web.page import Reader, app_of, link, reader_of, respond

DAYS = (7, 28, 90)
LETTERS = 12
"""Carriers to whom there is a letter on the page, the first ones of the table; of others the command prints it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `is_whole`: of a carrier with several delivery methods."""

    cells: Sequence[str]
    is_whole: bool


def page(request: Request) -> Response:
    """All shops, or the one that ?shop= names; ?days= chooses the period."""
    app, reader = app_of(request), reader_of(request)
    names, chosen = [name for name, _ in app.shops()], request.query_params.get("shop", "")
    days = next((one for one in DAYS if str(one) == request.query_params.get("days")), DAYS[1])
    if chosen and chosen not in names:
        return respond(request, "trouble.html", status=404, key="no_page", detail="")
    found = app.queries.league(days, shops=[chosen] if chosen else [])
    context = reader.context
    return respond(
        request,
        "carriers.html",
        title=league_text.say(context, "title", days=days),
        reading=league_text.reading(context, found.lines, days),
        headings=league_text.headings(context),
        rows=[_row(reader, found, line) for line in found.lines],
        notes=league_text.notes(context, found.lines, watched=found.watched.share, days=days),
        letters=[_letter(app, reader, found, line) for line in _named(found)[:LETTERS]],
        periods=[(one, link(request, days=one), one == days) for one in DAYS],
        shops=names,
        chosen=chosen,
        days=days,
    )


def _named(found: League) -> list[Standing]:
    return [line for line in league_text.totals(found.lines) if line.carrier]


def _row(reader: Reader, found: League, line: Standing) -> Row:
    is_whole = league_text.has_methods(found.lines, line)
    return Row(league_text.cells(reader.context, line, with_methods=is_whole), is_whole)


def _letter(app: App, reader: Reader, found: League, line: Standing) -> Letter:
    cases = app.store.carriers.longest_waits(line.carrier, found.within, shops=found.shops, limit=CASES)
    zone = reader.context.zone.key
    return league_letter(line, cases, within=found.within, language=reader.language, zone=zone, now=reader.now)
