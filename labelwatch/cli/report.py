"""`report`: the last day or week in numbers, and the one thing to change first."""

import logging
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import typer

from labelwatch.cli.completion import names_of
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.late_table import context
from labelwatch.cli.open import configuration, database, opened_beside_service, settings_of_database
from labelwatch.cli.options import ConfigFile, Json, OneShop, Speak
from labelwatch.cli.terminal import as_json, complain, say, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config
from labelwatch.messages import report_json, report_text
from labelwatch.messages.message import Message

DAY, WEEK = timedelta(days=1), timedelta(days=7)

Week = Annotated[bool, typer.Option("--week", help="The last seven days; the default.")]
Day = Annotated[bool, typer.Option("--day", help="The last 24 hours.")]
Html = Annotated[bool, typer.Option("--html", help="Print it as the HTML page that a mail has.")]


Send = Annotated[
    bool, typer.Option("--send", help="Send it to the channels of the shops or the group; prints each receipt.")
]
OneGroup = Annotated[
    str | None,
    typer.Option(
        "--group",
        metavar="NAME",
        show_default=False,
        help="The shops of this group, in its language.",
        autocompletion=names_of("group"),
    ),
]


def report(
    config: ConfigFile = None,
    week: Week = False,
    day: Day = False,
    shop: OneShop = None,
    group: OneGroup = None,
    language: Speak = None,
    send: Send = False,
    html: Html = False,
    as_document: Json = False,
) -> None:
    """Print the report of the last week or day.

    What was late by cause, told, rescued before the deadline and missed, how long it waited, the money at stake, what
    recurs, and first of all the one thing to change. Nothing is said of days that nobody watched.
    """
    settings = configuration(config) if send else settings_of_database(config)
    _check(settings, str(language or settings.language), shop=shop, group=group, both=week and day)
    length = DAY if day else WEEK
    if send:
        _send(settings, length, shop=shop, group=group, as_document=as_document)
        return
    own = settings.group(group) if group else None
    with database(settings) as db:
        found = db.queries.report(length, shops=own.shops if own else [shop] if shop else [])
    spoken = language or (own.language if own else None) or settings.language
    reader = context(spoken, settings.timezone, found.within.latest)
    if as_document:
        advice = report_text.advice(reader, found)
        as_json(report_json.as_document(found, group=group or "", advice=advice))
    else:
        _print(report_text.message(reader, found, name=group or shop or ""), html=html)


def _check(settings: Config, language: str, *, shop: str | None, group: str | None, both: bool) -> None:
    said = phrases(language, "report")
    if both:
        raise typer.BadParameter(said["either"], param_hint="--day")
    if shop is not None and group is not None:
        raise typer.BadParameter(said["either_shop"], param_hint="--group")
    if shop is not None and shop not in {one.name for one in settings.shops}:
        raise typer.BadParameter(said["no_shop"].format(shop=shop), param_hint="--shop")
    if group is not None and group not in {one.name for one in settings.groups}:
        raise typer.BadParameter(said["no_group"].format(group=group), param_hint="--group")


def _send(settings: Config, length: timedelta, *, shop: str | None, group: str | None, as_document: bool) -> None:
    """Through the outbox, like a report that is due; a service that runs meanwhile may be the one that sends it."""
    from labelwatch.cli.notifications import arrived, outcome
    from labelwatch.cli.posting_document import notification
    from labelwatch.delivery.report_plans import report_plans

    said = phrases(settings.language, "report")
    plans = [plan for plan in report_plans(settings) if group in (None, plan.group)]
    if shop is not None:
        plans = [replace(plan, shops=(shop,), group="") for plan in plans if shop in plan.shops]
    if not plans:
        complain(said["nobody"])
        raise typer.Exit(FOUND_TROUBLE)
    with opened_beside_service(settings, log_level=logging.ERROR) as (app, _), working(said["sending"]):
        rows = app.notifier.send_reports(plans, length, wait=app.clock.sleep)
    if as_document:
        as_json([notification(row) for row in rows])
    else:
        say("\n".join(outcome(row, settings.language) for row in rows))
    if not all(map(arrived, rows)):
        raise typer.Exit(FOUND_TROUBLE)


def _print(made: Message, *, html: bool) -> None:
    if html:
        from labelwatch.channels.email.html import page

        sys.stdout.write(page(made) + "\n")
        return
    say(made.title, style="bold")
    for section in made.sections:
        say()
        say(section.text, style="dim" if section.aside else "")
