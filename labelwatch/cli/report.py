"""`report`: the last day or week in numbers, and the one thing to change first."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, OneShop, Speak
from labelwatch.cli.terminal import as_json, say
from labelwatch.cli.words import phrases
from labelwatch.messages import report_json, report_text
from labelwatch.messages.message import Message

Week = Annotated[bool, typer.Option("--week", help="The last seven days; the default.")]
Day = Annotated[bool, typer.Option("--day", help="The last 24 hours.")]
Html = Annotated[bool, typer.Option("--html", help="Print it as the HTML page that a mail has.")]


def report(
    config: ConfigFile = None,
    week: Week = False,
    day: Day = False,
    shop: OneShop = None,
    language: Speak = None,
    html: Html = False,
    as_document: Json = False,
) -> None:
    """Print the report of the last week or day.

    What was late by cause, told, rescued before the deadline and missed, how long it waited, the money at stake, what
    recurs, and first of all the one thing to change. Nothing is said of days that nobody watched.
    """
    settings = settings_of_database(config)
    spoken = str(language or settings.language)
    said = phrases(spoken, "report")
    if week and day:
        raise typer.BadParameter(said["either"], param_hint="--day")
    if shop is not None and shop not in {one.name for one in settings.shops}:
        raise typer.BadParameter(said["no_shop"].format(shop=shop), param_hint="--shop")
    with database(settings) as db:
        found = db.queries.report(timedelta(days=1 if day else 7), shops=[shop] if shop else [])
    reader = context(spoken, settings.timezone, found.within.latest)
    if as_document:
        as_json(report_json.as_document(found, advice=report_text.advice(reader, found)))
    else:
        _print(report_text.message(reader, found, name=shop or ""), html=html)


def _print(made: Message, *, html: bool) -> None:
    if html:
        from labelwatch.channels.email.html import page

        sys.stdout.write(page(made) + "\n")
        return
    say(made.title, style="bold")
    for section in made.sections:
        say()
        say(section.text, style="dim" if section.aside else "")
