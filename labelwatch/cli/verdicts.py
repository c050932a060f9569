"""`cause`: record what the cause really was; and how often labelwatch was right."""

from difflib import get_close_matches
from typing import Annotated, Any

import typer

from labelwatch.cli import completion
from labelwatch.cli.acknowledge import user
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.open import Database, database, settings_of_database
from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.terminal import as_json, complain, say, table
from labelwatch.cli.words import phrases
from labelwatch.core.rules import CAUSES

Real = Annotated[
    str,
    typer.Argument(
        metavar="CAUSE", help="One of the ids that `labelwatch causes` lists.", autocompletion=completion.causes
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
    """Record what really delayed a label.

    `labelwatch causes --accuracy` then shows how often the cause that was named was the right one.
    """
    settings = settings_of_database(config)
    words = phrases(settings.language, "verdict")
    if really not in CAUSES:
        close = get_close_matches(really, CAUSES, n=1)
        hint = words["meant"].format(cause=close[0]) if close else words["listed"]
        raise typer.BadParameter(words["no_cause"].format(cause=really, hint=hint), param_hint="CAUSE")
    with database(settings) as db:
        judged = db.actions.judge(posting, really=really, by=by or user(settings.language), note=note, shop=shop)
    if not judged:
        complain(words["never_late"].format(posting=posting))
        raise typer.Exit(FOUND_TROUBLE)
    for where, said in judged:
        template = words["right" if said == really else "wrong"]
        say(template.format(posting=posting, shop=where, cause=really, named=said))


def accuracy(db: Database, language: str, *, as_document: bool) -> None:
    """Print the named causes and the real ones, most frequent first."""
    counted = sorted(db.store.verdicts.counts(), key=lambda one: (-one[2], one))
    total = sum(count for _, _, count in counted)
    right = sum(count for said, really, count in counted if said == really)
    words = phrases(language, "verdict")
    if as_document:
        as_json(_document(counted, right, total))
    elif not counted:
        say(words["none"])
    else:
        headings = (words["named"], words["really"], words["times"], "")
        table(
            headings,
            ((said, really, str(n), words["mark"] if said == really else "") for said, really, n in counted),
        )
        say(words["total"].format(right=right, total=total, percent=100 * right // total))


def _document(counted: list[tuple[str, str, int]], right: int, total: int) -> dict[str, Any]:
    named = [{"named": said, "really": really, "count": count} for said, really, count in counted]
    return {"verdicts": named, "right": right, "total": total}
