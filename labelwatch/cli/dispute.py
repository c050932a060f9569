"""`dispute`: everything recorded about one posting, to be shown to Ozon, as one HTML document or a ZIP."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, OneShop, Posting, Speak
from labelwatch.cli.terminal import complain, is_terminal
from labelwatch.cli.words import phrases
from labelwatch.core.dispute import Pack
from labelwatch.messages.dispute import as_html, as_zip, safe

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        show_default=False,
        help="The file to write; it must not be there yet. With .zip at its end: HTML, CSV, JSON and their SHA-256. "
        "Without it: an HTML file named after the posting, or standard output in a pipe.",
    ),
]


def dispute(
    posting: Posting, config: ConfigFile = None, out: Out = None, shop: OneShop = None, language: Speak = None
) -> None:
    """Write the pack for a dispute with Ozon about one posting.

    Every change of its status with its time, what Ozon answered word for word, who was told with the receipts, and a
    text for support in Russian, on one or two printed pages. It contains nothing about the buyer, and the same data
    give the same bytes.
    """
    settings = settings_of_database(config)
    spoken = str(language or settings.language)
    with database(settings) as db:
        pack = _the_one(db.queries.dispute_packs(posting), posting, shop, language=spoken)
    if out is not None and out.suffix.lower() == ".zip":
        _write(out, as_zip(pack, language=spoken, zone=settings.timezone), spoken)
        return
    page = as_html(pack, language=spoken, zone=settings.timezone)
    if str(out) == "-" or (out is None and not is_terminal()):
        sys.stdout.write(page)
        return
    _write(out or Path(f"dispute-{safe(posting)}.html"), page.encode(), spoken)


def _the_one(found: Sequence[Pack], posting: str, shop: str | None, *, language: str) -> Pack:
    said = phrases(language, "show")
    of_shop = [pack for pack in found if shop in (None, pack.shop)]
    if not of_shop:
        complain(said["never_seen_in" if shop else "never_seen"].format(posting=posting, shop=shop))
        raise typer.Exit(FOUND_TROUBLE)
    if len(of_shop) > 1:
        names = ", ".join(pack.shop for pack in of_shop)
        raise typer.BadParameter(said["several"].format(posting=posting, names=names), param_hint="--shop")
    return of_shop[0]


def _write(file: Path, content: bytes, language: str) -> None:
    """A new file for its owner only, removed if writing fails."""
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    except OSError as error:
        complain(f"labelwatch: {phrases(language, 'export')['closed'].format(file=file, why=error.strerror)}")
        raise typer.Exit(FOUND_TROUBLE) from None
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    print(phrases(language, "dispute")["written"].format(file=file))
