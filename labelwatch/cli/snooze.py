"""`snooze`: silence an alert for a while."""

from datetime import timedelta
from typing import Annotated

import typer

from labelwatch.cli.acknowledge import report, user
from labelwatch.cli.late_table import context
from labelwatch.cli.open import database, settings_of_database
from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.words import phrases
from labelwatch.config import parse_duration
from labelwatch.messages.time_format import duration

LONGEST_SNOOZE = timedelta(days=30)

For = Annotated[str, typer.Argument(metavar="TIME", help="How long, like 30m, 2h or 1d; at most 30d.")]


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
    report(changed, posting, language, "quiet", time=words)
