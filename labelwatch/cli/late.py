"""`late`: the open alerts, most urgent first, once or live."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelwatch.cli import late_table
from labelwatch.cli.open import Database, database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, Speak
from labelwatch.cli.terminal import as_json, is_terminal, say, table
from labelwatch.cli.words import phrases
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import rfc3339, view
from labelwatch.messages.time_format import RenderContext

if TYPE_CHECKING:
    from labelwatch.queries import Overview

Watch = Annotated[bool, typer.Option("--watch", help="Show it live on this terminal; q ends it.")]


def late(config: ConfigFile = None, language: Speak = None, live: Watch = False, as_document: Json = False) -> None:
    """List what is late now, the most urgent first.

    It also shows how fresh the data of each shop are, and which channel does not work. It reads only the database,
    written by the service or the last `labelwatch poll`. With --watch it stays on the screen and is refreshed every
    few seconds.
    """
    settings = settings_of_database(config)
    spoken = language or settings.language
    if live:
        _require_a_screen(spoken, as_document=as_document)
    with database(settings) as db:
        if live:
            _watch(db, spoken)
            return
        overview, zone = db.queries.overview(), settings.timezone
    if as_document:
        as_json(document(overview, language=spoken, timezone=zone))
    else:
        print_board(overview, late_table.context(spoken, zone, overview.as_of))


def print_board(overview: "Overview", speaker: RenderContext) -> None:
    """The open alerts, most urgent first, how fresh the data of each shop are, and which channel does not work."""
    if is_terminal():
        from labelwatch.cli.late_screen import show_board

        show_board(overview, speaker)
        return
    said = phrases(speaker.words.language, "board")
    for text, _ in late_table.incidents(overview, speaker):
        say(text)
    if overview.alerts:
        table(late_table.headings(said), (late_table.row(alert, speaker, said) for alert in overview.alerts))
    else:
        say(said["nothing_late"])
    for text, _ in (*late_table.shop_lines(overview.shops, speaker), *late_table.mute(overview, speaker)):
        say(text)


def document(overview: "Overview", *, language: str, timezone: str) -> dict[str, Any]:
    """What `late --json` prints."""
    return {
        "as_of": rfc3339(overview.as_of),
        "shops": [
            {
                "shop": shop.name,
                "state": shop.state,
                "read_at": rfc3339(shop.read_at) if shop.read_at else None,
                "postings": shop.postings,
                "cause": shop.cause,
                "detail": shop.detail,
            }
            for shop in overview.shops
        ],
        "incidents": [
            view(incident, language=language, now=overview.as_of, zone=timezone) for incident in overview.incidents
        ],
        "alerts": [view(alert, language=language, now=overview.as_of, zone=timezone) for alert in overview.alerts],
        "channels": [
            {"channel": trouble.name, "since": rfc3339(trouble.since), "reason": translate(trouble.reason, "en")}
            for trouble in overview.troubles
        ],
    }


def _require_a_screen(language: str, *, as_document: bool) -> None:
    said = phrases(language, "late")
    if as_document:
        raise typer.BadParameter(said["json"], param_hint="--watch")
    if not is_terminal():
        raise typer.BadParameter(said["terminal"], param_hint="--watch")


def _watch(db: Database, language: str) -> None:
    from labelwatch.cli.drawing import Screen, lines
    from labelwatch.cli.errors import error_lines
    from labelwatch.cli.late_screen import screen
    from labelwatch.cli.watch import watch
    from labelwatch.store import StoreError

    queries = db.queries

    def draw(width: int, height: int) -> Screen:
        try:
            overview = queries.overview()
        except StoreError as error:  # may be temporary: keep the screen
            told = error_lines(error, language)
            return Screen((), tuple(lines(told[0] if told else str(error), "bold red", width=width)))
        speaker = late_table.context(language, db.config.timezone, overview.as_of)
        return screen(overview, speaker, width=width, height=height)

    watch(draw)
