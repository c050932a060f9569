"""`cause`: say what it really was; and how often labelwatch was right."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelwatch.cli import completing
from labelwatch.cli.handling import user
from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.terminal import as_json, complain, say, table
from labelwatch.cli.troubles import FOUND_TROUBLE
from labelwatch.core.causes import CAUSES

if TYPE_CHECKING:
    from labelwatch.app import App

Real = Annotated[
    str,
    typer.Argument(
        metavar="CAUSE", help="One of the ids that `labelwatch causes` lists.", autocompletion=completing.causes
    ),
]


def cause(
    posting: Posting,
    really: Real,
    config: ConfigFile = None,
    shop: OneShop = None,
    by: By = None,
    note: Note = "",
) -> None:
    """Record what really held up a label.

    `labelwatch causes --accuracy` then shows how often the cause that was named was the right one.
    """
    from labelwatch.cli.opening import configuration, opened

    if really not in CAUSES:
        close = get_close_matches(really, CAUSES, n=1)
        hint = f"did you mean {close[0]}?" if close else "`labelwatch causes` lists them"
        raise typer.BadParameter(f"{really} is no cause; {hint}", param_hint="CAUSE")
    with opened(configuration(config)) as app:
        judged = app.judge(posting, really=really, by=by or user(), note=note, shop=shop)
    if not judged:
        complain(f"{posting} was never late, so no cause was named; `labelwatch show {posting}` tells what is known")
        raise typer.Exit(FOUND_TROUBLE)
    for where, said in judged:
        right = "right" if said == really else f"named as {said}"
        say(f"{posting} ({where}): it was {really}, {right}")


def accuracy(app: "App", *, as_document: bool) -> None:
    """Print the causes that were named against what they really were, most frequent first."""
    counted = sorted(app.verdicts(), key=lambda one: (-one[2], one))
    total = sum(count for _, _, count in counted)
    right = sum(count for said, really, count in counted if said == really)
    if as_document:
        as_json(_document(counted, right, total))
    elif not counted:
        say("Nobody has said yet what a cause really was: `labelwatch cause POSTING CAUSE` records it.")
    else:
        headings = ("Named", "Really", "Times", "")
        table(headings, ((said, really, str(n), "right" if said == really else "") for said, really, n in counted))
        say(f"Right: {right} of {total} ({100 * right // total} %).")


def _document(counted: list[tuple[str, str, int]], right: int, total: int) -> dict[str, Any]:
    named = [{"named": said, "really": really, "count": count} for said, really, count in counted]
    return {"verdicts": named, "right": right, "total": total}
