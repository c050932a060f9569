"""The options that several commands share, each explained once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from labelwatch.cli.completion import late_postings, names_of


class Language(StrEnum):
    ZH = "zh"
    RU = "ru"
    EN = "en"


def _before_or_after(context: typer.Context, value: Path | None) -> Path | None:
    """`labelwatch --config x late` means `labelwatch late --config x`."""
    given: Path | None = context.find_root().params.get("config")
    return value or given


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        callback=_before_or_after,
        help="The configuration. Without it: $LABELWATCH_CONFIG, ./labelwatch.toml, "
        "~/.config/labelwatch/labelwatch.toml, /etc/labelwatch/labelwatch.toml.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, times in RFC 3339 UTC.")]
Speak = Annotated[
    Language | None,
    typer.Option("--language", show_default=False, help="The language of the texts."),
]
Posting = Annotated[
    str,
    typer.Argument(metavar="POSTING", help="The posting number, like 41517061-0214-1.", autocompletion=late_postings),
]
OneShop = Annotated[
    str | None,
    typer.Option(
        "--shop",
        metavar="NAME",
        show_default=False,
        help="This shop only, by its name.",
        autocompletion=names_of("shop"),
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", show_default=False, help="Your name. Default: that of the user."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", show_default=False, help="Note for the others.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]
