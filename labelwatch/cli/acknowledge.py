"""`ack`: acknowledge an alert."""

import getpass

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.terminal import complain, say
from labelwatch.cli.words import phrases
from labelwatch.core.alert import Alert


def ack(posting: Posting, config: ConfigFile = None, shop: OneShop = None, by: By = None, note: Note = "") -> None:
    """Say that you take care of a posting.

    Nobody is reminded of it any more, unless it gets worse.
    """
    settings = settings_of_database(config)
    who = by or user(settings.language)
    with database(settings) as db:
        changed = db.actions.acknowledge(posting, by=who, note=note, shop=shop)
    report(changed, posting, settings.language, "taken", who=who)


def report(changed: list[Alert], posting: str, language: str, what: str, **values: str) -> None:
    """Print what was done to these alerts of a posting; none: exit 1."""
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
