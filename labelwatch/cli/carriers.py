"""`carriers`: how long the carriers take, how often they keep orders waiting, and the letter to one of them."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.export import raw, write
from labelwatch.cli.late_table import context
from labelwatch.cli.open import Database, database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, OneShop, Speak
from labelwatch.cli.terminal import as_json, complain, is_terminal, say, table
from labelwatch.cli.words import phrases
from labelwatch.core.league import Standing, Times
from labelwatch.messages import league_text as text
from labelwatch.messages.alert_json import rfc3339
from labelwatch.messages.league_letter import CASES, league_letter
from labelwatch.messages.league_text import has_methods, totals
from labelwatch.messages.time_format import RenderContext

if TYPE_CHECKING:
    from labelwatch.queries import League

Days = Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="The last N days, and N days before.")]
Csv = Annotated[bool, typer.Option("--csv", help="As CSV (RFC 4180, UTF-8), for a spreadsheet.")]
To = Annotated[
    str | None,
    typer.Option("--letter", metavar="CARRIER", show_default=False, help="Print only the letter to this carrier."),
]


NAMES, NUMBERS = 2, 7
"""Columns of the table: those up to the first are names, those up to the second short numbers."""
CSV_COLUMNS = (
    *("carrier", "delivery_method", "orders", "labelled", "late", "late_waiting", "declined"),
    *(
        f"{stage}_{name}"
        for stage in ("registration", "label")
        for name in ("median_s", "p95_s", "median_least_s", "ended", "unfinished")
    ),
    "incidents",
)


def carriers(
    config: ConfigFile = None,
    days: Days = 28,
    shop: OneShop = None,
    letter: To = None,
    language: Speak = None,
    as_csv: Csv = False,
    as_document: Json = False,
) -> None:
    """Compare the carriers: late orders, label times, worst hours.

    Of the orders that were first seen in the last days, per carrier and delivery method, and against as many days
    before. With --letter it prints a letter to a carrier or forwarder with its figures and its longest waits.
    """
    settings = settings_of_database(config)
    spoken = str(language or settings.language)
    if shop is not None and shop not in {one.name for one in settings.shops}:
        raise typer.BadParameter(phrases(spoken, "carriers")["no_shop"].format(shop=shop), param_hint="--shop")
    with database(settings) as db:
        found = db.queries.league(days, shops=[shop] if shop else [])
        reader = context(spoken, settings.timezone, found.within.latest)
        if letter is not None:
            say(_letter(db, found, letter, reader))
        elif as_document:
            as_json(document(found))
        elif as_csv:
            _write_csv(found)
        else:
            _print(found, reader)


def _letter(db: Database, found: "League", carrier: str, reader: RenderContext) -> str:
    wholes = {line.carrier.casefold(): line for line in totals(found.lines) if line.carrier}
    line = wholes.get(carrier.strip().casefold())
    if line is None:
        said, names = phrases(reader.words.language, "carriers"), ", ".join(one.carrier for one in wholes.values())
        complain(said["unknown"].format(carrier=carrier, days=found.days, names=names or said["none"]))
        raise typer.Exit(FOUND_TROUBLE)
    cases = db.store.carriers.longest_waits(line.carrier, found.within, shops=found.shops, limit=CASES)
    written = league_letter(
        line, cases, within=found.within, language=reader.words.language, zone=reader.zone.key, now=reader.now
    )
    return written.text


def _print(found: "League", reader: RenderContext) -> None:
    say(text.reading(reader, found.lines, found.days), style="bold")
    rows = [text.cells(reader, line, with_methods=text.has_methods(found.lines, line)) for line in found.lines]
    headings = text.headings(reader)
    if rows and (not is_terminal() or _fits(headings, rows)):
        table(headings, rows)
    else:
        for row in rows:
            _print_one(headings, row)
        say()
    for note in text.notes(reader, found.lines, watched=found.watched.share, days=found.days):
        say(note, style="dim")


def _fits(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether this terminal shows every column unbroken."""
    columns = zip(headings, *rows, strict=True)
    return sum(max(map(cell_len, cells)) + 2 for cells in columns) < Console().width


def _print_one(headings: Sequence[str], row: Sequence[str]) -> None:
    """A line of the table as a list, where there is no room for its columns."""
    told = [f"{heading}: {cell}" for heading, cell in zip(headings, row, strict=True) if cell]
    names, numbers = row[:NAMES], [cell for cell in row[NAMES:NUMBERS] if cell]
    say(f"\n{' · '.join(names)}", style="bold")
    say(" · ".join(told[NAMES : NAMES + len(numbers)]), indent=2)
    for line in told[NAMES + len(numbers) :]:
        say(line, indent=2)


def document(found: "League") -> dict[str, Any]:
    """What `carriers --json` prints."""
    return {
        "days": found.days,
        "from": rfc3339(found.within.earliest),
        "to": rfc3339(found.within.latest),
        "shops": list(found.shops),
        "watched_s": round(found.watched.watched.total_seconds()),
        "unwatched_s": round(found.watched.unwatched.total_seconds()),
        "carriers": [_entry(line) for line in _of_methods(found)],
        "totals": [_entry(line) for line in found.lines if has_methods(found.lines, line)],
    }


def _entry(line: Standing) -> dict[str, Any]:
    hours = line.worst_hours
    return {
        **_numbers(line),
        "incidents": line.incidents,
        "worst_hours": {"start": hours.start, "late": hours.late, "of": hours.of} if hours else None,
        "before": _numbers(line.before) if line.before else None,
    }


def _numbers(line: Standing) -> dict[str, Any]:
    return {
        "carrier": line.carrier,
        "delivery_method": line.method,
        "orders": line.orders,
        "labelled": line.labelled,
        "late": line.late,
        "late_waiting": line.late_waiting,
        "declined": line.declined,
        **_times("registration", line.registration),
        **_times("label", line.label),
    }


def _times(stage: str, times: Times) -> dict[str, Any]:
    return {
        f"{stage}_median_s": _seconds(times.median),
        f"{stage}_p95_s": _seconds(times.p95),
        f"{stage}_median_least_s": _seconds(times.least),
        f"{stage}_ended": times.ended,
        f"{stage}_unfinished": times.unfinished,
    }


def _seconds(time: timedelta | None) -> int | None:
    return None if time is None else -(-time // timedelta(seconds=1))


def _write_csv(found: "League") -> None:
    """The entries of `carriers` as in JSON, without what is nested there."""
    rows = [_numbers(line) | {"incidents": line.incidents} for line in _of_methods(found)]
    with raw(sys.stdout) as out:
        write(out, CSV_COLUMNS, ([row[name] for name in CSV_COLUMNS] for row in rows), mark=False, separator=",")


def _of_methods(found: "League") -> list[Standing]:
    """The lines of single delivery methods: without those of carriers, in which they are counted again."""
    return [line for line in found.lines if not has_methods(found.lines, line)]
