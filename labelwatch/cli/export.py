"""`export`: the stored data as a table for Excel and for programs."""

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.export_columns import COLUMNS, TIMES, rows_of
from labelwatch.cli.export_readable import headings, readable
from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, Speak
from labelwatch.cli.terminal import complain, working
from labelwatch.cli.words import phrases
from labelwatch.config import parse_duration
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import rfc3339
from labelwatch.messages.csv_text import FORMULA as FORMULA
from labelwatch.messages.csv_text import csv_cell
from labelwatch.messages.plain import printable


class What(StrEnum):
    ALERTS = "alerts"
    POSTINGS = "postings"
    HISTORY = "history"
    OUTBOX = "outbox"


Target = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        show_default=False,
        help="The file to write; it must not be there yet. With .xlsx at its end it is an Excel file. Without it, or "
        "with -: standard output.",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", show_default=False, help="As CSV (RFC 4180, UTF-8), the only format.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Period up to now, like 12h or 30d.")]
Kind = Annotated[
    What,
    typer.Option("--what", help="Late labels, watched postings, each change of them, or sent notifications."),
]
Excel = Annotated[
    bool,
    typer.Option(
        "--excel", help="For Excel to open it by a double click: marked as UTF-8; if the language is ru, with `;`."
    ),
]

Raw = Annotated[
    bool,
    typer.Option("--raw", help="For programs: ids in place of words, English headings, times in RFC 3339 UTC."),
]

MARK = "\ufeff"
EXCEL = ".xlsx"
_LONGEST_CELL = 32_767
"""Characters that a cell of Excel can hold."""


def export(
    file: Target = None,
    config: ConfigFile = None,
    what: Kind = What.ALERTS,
    since: Since = "30d",
    excel: Excel = False,
    raw: Raw = False,
    language: Speak = None,
    as_csv: Csv = True,
) -> None:
    """Write alerts, postings, history or the outbox as a table.

    One line each, oldest first, in words and with times in the zone of the configuration; with --raw for
    programs. A text that a spreadsheet would take for a formula gets an apostrophe in front. It contains nothing
    about buyers, as labelwatch stores nothing about them.
    """
    settings = settings_of_database(config)
    spoken = str(language or settings.language)
    said, span, columns = phrases(spoken, "export"), _span(since, spoken), COLUMNS[what]
    is_sheet = file is not None and file.suffix.lower() == EXCEL
    separator = ";" if excel and spoken == "ru" else ","
    with database(settings) as db, written(file, said["closed"]) as out, working(said["writing"]):
        now = db.clock.now()
        rows = rows_of(db.store.export, what, since=now - span)
        if not raw:
            reader = context(spoken, settings.timezone, now)
            rows, columns = readable(what, columns, rows, reader), headings(columns, TIMES, reader)
        if is_sheet:
            write_sheet(out.buffer, columns, rows)
        else:
            write(out, columns, rows, mark=excel, separator=separator)


def write(
    out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]], *, mark: bool, separator: str
) -> None:
    """Headings and rows as CSV, each as soon as it is read."""
    out.write(MARK if mark else "")
    table = csv.writer(out, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    table.writerow(columns)
    table.writerows([cell(value) for value in row] for row in rows)


def write_sheet(out: BinaryIO, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The same as an Excel file, in which a text is never a formula."""
    from xlsxwriter import Workbook

    with Workbook(out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(chain((columns,), rows)):
            for column, value in enumerate(row):
                if isinstance(value, int) and not isinstance(value, bool):
                    sheet.write_number(at, column, value)
                else:
                    sheet.write_string(at, column, printable(_plain(value))[:_LONGEST_CELL])


def cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula."""
    return printable(_plain(value)) if isinstance(value, int) else csv_cell(_plain(value))


def _plain(value: object) -> str:
    if isinstance(value, Text):
        return translate(value, "en")
    if isinstance(value, datetime):
        return rfc3339(value)
    return "" if value is None else str(value)


def _span(text: str, language: str) -> timedelta:
    span = parse_duration(text)
    if not span:
        raise typer.BadParameter(phrases(language, "export")["unit"], param_hint="--since")
    return span


@contextmanager
def written(file: Path | None, closed: str) -> Iterator[TextIO]:
    """Standard output without newline translation; or a new file for its owner only, removed if writing fails."""
    if file is None or str(file) == "-":
        with raw(sys.stdout) as out:
            yield out
        return
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        complain(f"labelwatch: {closed.format(file=file, why=error.strerror)}")
        raise typer.Exit(FOUND_TROUBLE) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            yield out
    except BaseException:
        file.unlink(missing_ok=True)
        raise


@contextmanager
def raw(stream: TextIO) -> Iterator[TextIO]:
    """A stream without newline translation."""
    buffer = getattr(stream, "buffer", None)
    if buffer is None:  # replaced to capture the output
        yield stream
        return
    stream.flush()
    out = io.TextIOWrapper(buffer, encoding="utf-8", newline="")
    try:
        yield out
        out.flush()
    finally:
        out.detach()
