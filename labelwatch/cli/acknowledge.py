"""`ack` and `snooze`: acknowledge an alert, or silence it for a while."""

import getpass
from datetime import timedelta
from typing import Annotated

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.terminal import complain, say
from labelwatch.cli.words import phrases
from labelwatch.config import parse_duration
from labelwatch.core.alert import Alert
from labelwatch.messages.time_format import duration

LONGEST_SNOOZE = timedelta(days=30)

For = Annotated[str, typer.Argument(metavar="TIME", help="How long, like 30m, 2h or 1d; at most 30d.")]


def ack(posting: Posting, config: ConfigFile = None, shop: OneShop = None, by: By = None, note: Note = "") -> None:
    """Say that you take care of a posting.

    Nobody is reminded of it any more, unless it gets worse.
    """
    settings = settings_of_database(config)
    who = by or user(settings.language)
    with database(settings) as db:
        changed = db.actions.acknowledge(posting, by=who, note=note, shop=shop)
    _report(changed, posting, settings.language, "taken", who=who)


def snooze(
    posting: Posting,
    time: For,
    config: ConfigFile = None,
    shop: OneShop = None,
    by: By = None,
    note: Note = "",
) -> None:
    """Silence a posting for a while.

    If it gets worse, people are notified nevertheless; when the time is over, they are reminded.
    """
    settings = settings_of_database(config)
    language, span = settings.language, parse_duration(time)
    if not span:
        raise typer.BadParameter(phrases(language, "handling")["time"], param_hint="TIME")
    if span > LONGEST_SNOOZE:
        longest = phrases(language, "handling")["longest"].format(days=LONGEST_SNOOZE.days)
        raise typer.BadParameter(longest, param_hint="TIME")
    with database(settings) as db:
        changed = db.actions.snooze(posting, span=span, by=by or user(language), note=note, shop=shop)
        words = duration(context(language, settings.timezone, db.clock.now()), span)
    _report(changed, posting, language, "quiet", time=words)


def _report(changed: list[Alert], posting: str, language: str, what: str, **values: str) -> None:
    said = phrases(language, "handling")
    if not changed:
        complain(said["nothing"].format(posting=posting))
        raise typer.Exit(FOUND_TROUBLE)
    for alert in changed:
        where = said["where"].format(shop=alert.diagnosis.shop) if alert.diagnosis.shop else ""
        say(said[what].format(posting=posting, where=where, **values))


def user(language: str = "en") -> str:
    """The name of the user who runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for the user id, as in some containers; Windows has no pwd
        return phrases(language, "handling")["somebody"]
