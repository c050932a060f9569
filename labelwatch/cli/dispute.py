"""`dispute`: everything recorded about one posting, to be shown to Ozon, as one HTML document or a ZIP."""

from pathlib import Path
from typing import Annotated

import typer

from labelwatch.cli.export import written
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, OneShop, Posting, Speak
from labelwatch.cli.show import the_one
from labelwatch.cli.terminal import is_terminal
from labelwatch.cli.words import phrases
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
    spoken, zone = str(language or settings.language), settings.timezone
    with database(settings) as db:
        pack = the_one(db.queries.dispute_packs(posting), posting, shop, language=spoken)
    file = out or Path(f"dispute-{safe(posting)}.html" if is_terminal() else "-")
    is_archive = file.suffix.lower() == ".zip"
    with written(file, phrases(spoken, "export")["closed"]) as opened:
        if is_archive:
            opened.buffer.write(as_zip(pack, language=spoken, zone=zone))
        else:
            opened.write(as_html(pack, language=spoken, zone=zone))
    if str(file) != "-":
        print(phrases(spoken, "dispute")["written"].format(file=file))
