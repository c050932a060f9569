"""`ack` and `snooze`: say that somebody takes care, or that it can wait."""

import getpass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from labelwatch.cli.options import By, ConfigFile, Note, OneShop, Posting
from labelwatch.cli.terminal import complain, say
from labelwatch.cli.troubles import FOUND_TROUBLE

if TYPE_CHECKING:
    from labelwatch.core.model import Alert

LONGEST_SNOOZE = timedelta(days=30)

For = Annotated[str, typer.Argument(metavar="TIME", help="How long, like 30m, 2h or 1d; at most 30d.")]


def ack(posting: Posting, config: ConfigFile = None, shop: OneShop = None, by: By = None, note: Note = "") -> None:
    """Say that you take care of a posting.

    Nobody is reminded of it any more, unless it gets worse.
    """
    from labelwatch.cli.opening import configuration, opened

    who = by or user()
    with opened(configuration(config)) as app:
        changed = app.acknowledge(posting, by=who, note=note, shop=shop)
    _report(changed, posting, f"{who} takes care of it; no reminders unless it gets worse")


def snooze(
    posting: Posting,
    time: For,
    config: ConfigFile = None,
    shop: OneShop = None,
    by: By = None,
    note: Note = "",
) -> None:
    """Silence a posting for a while.

    If it gets worse it is told all the same; when the time is over, people are reminded.
    """
    from labelwatch.cli.opening import configuration, opened
    from labelwatch.config import parse_duration

    span = parse_duration(time)
    if not span:
        raise typer.BadParameter("a time with its unit is needed, like 30m, 2h or 1d", param_hint="TIME")
    if span > LONGEST_SNOOZE:
        days = f"at most {LONGEST_SNOOZE.days}d, so that nothing is forgotten; when it is over, snooze it again"
        raise typer.BadParameter(days, param_hint="TIME")
    with opened(configuration(config)) as app:
        changed = app.snooze(posting, span=span, by=by or user(), note=note, shop=shop)
    _report(changed, posting, f"quiet for {time} unless it gets worse")


def _report(changed: "list[Alert]", posting: str, what: str) -> None:
    if not changed:
        complain(f"{posting} has no open alert, so there is nothing to do; `labelwatch late` lists those that have")
        raise typer.Exit(FOUND_TROUBLE)
    for alert in changed:
        where = f" ({alert.diagnosis.shop})" if alert.diagnosis.shop else ""
        say(f"{posting}{where}: {what}")


def user() -> str:
    """The name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for the user id, as in some containers; Windows has no pwd
        return "somebody"
