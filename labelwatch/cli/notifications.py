"""`test-alert` and `outbox`: what was sent to whom, and the result."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from labelwatch.cli.completion import late_postings, names_of
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.open import configuration, database, opened_beside_service, settings_of_database
from labelwatch.cli.options import ConfigFile, Json
from labelwatch.cli.posting_document import notification
from labelwatch.cli.terminal import as_json, complain, say, table, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config
from labelwatch.core.routing import WORTH_TELLING_FOR
from labelwatch.i18n import translate
from labelwatch.messages.catalog import catalog

if TYPE_CHECKING:
    from labelwatch.core.alert import Diagnosis
    from labelwatch.store import Attempt, OutboxRow

OneChannel = Annotated[
    str | None,
    typer.Option(
        "--channel",
        metavar="NAME",
        show_default=False,
        help="This channel only, by its name.",
        autocompletion=names_of("channel"),
    ),
]
OneState = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="STATE",
        show_default=False,
        help="pending, leased, sent, unverified, retry, dead, superseded or expired.",
    ),
]
OnePosting = Annotated[
    str | None,
    typer.Option(
        "--posting",
        metavar="POSTING",
        show_default=False,
        help="Messages about this posting only.",
        autocompletion=late_postings,
    ),
]
Most = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show the latest N.")]
Row = Annotated[int, typer.Argument(metavar="ID", help="The number in the first column of `labelwatch outbox`.")]
Rows = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID", show_default=False, help="Numbers in the first column of `labelwatch outbox`."),
]
COLUMNS = ("id", "state", "channel", "reason", "posting", "tries", "when", "came")


def try_channels(config: ConfigFile = None, channel: OneChannel = None, as_document: Json = False) -> None:
    """Send a made-up alert over every channel.

    It is sent in the same way as a real one. Prints the receipt of each channel, or the error.
    """

    settings = configuration(config)
    names, said = _names(settings, channel), phrases(settings.language, "test")
    with opened_beside_service(settings, log_level=logging.ERROR) as (app, _), working(said["sending"]):
        rows = sorted(app.test_alert(names), key=lambda row: names.index(row.notification.channel))
    if as_document:
        as_json([notification(row) for row in rows])
    else:
        say("\n".join(outcome(row, settings.language) for row in rows))
    if not all(arrived(row) for row in rows):
        raise typer.Exit(FOUND_TROUBLE)


def outbox(
    context: typer.Context,
    config: ConfigFile = None,
    channel: OneChannel = None,
    state: OneState = None,
    posting: OnePosting = None,
    limit: Most = 100,
    as_document: Json = False,
) -> None:
    """List what was sent to whom, what waits, and what failed and why.

    The latest is first; `labelwatch outbox show ID` lists every attempt.
    """
    if context.invoked_subcommand is not None:
        return
    from labelwatch.store import OutboxState

    settings = settings_of_database(config)
    said = phrases(settings.language, "outbox")
    if state is not None and state not in list(OutboxState):
        raise typer.BadParameter(said["states"].format(states=", ".join(OutboxState)), param_hint="--state")
    with database(settings) as db:
        rows = db.store.outbox.find(
            channel=channel,
            states=[OutboxState(state)] if state else None,
            posting_number=posting,
            limit=limit,
        )
        tries = db.store.channels.trail([row.id for row in rows]) if as_document else {}
    if as_document:
        as_json([notification(row, tries.get(row.id, ())) for row in rows])
    elif rows:
        _table(rows, settings)
    else:
        say(said["none"])


def retry(rows: Rows = None, config: ConfigFile = None, channel: OneChannel = None) -> None:
    """Send again what is dead, expired or superseded.

    What waits for a retry is sent at once. Give the messages by their numbers in `labelwatch outbox`, or with
    --channel all that wait or failed there.
    """
    from labelwatch.store import OutboxState

    settings = settings_of_database(config)
    said = phrases(settings.language, "outbox")
    if not rows and channel is None:
        raise typer.BadParameter(said["name"])
    with database(settings) as db:
        now, ids = db.clock.now(), list(rows or ())
        if channel is not None:
            stuck = db.store.outbox.find(channel=channel, states=[OutboxState.DEAD, OutboxState.RETRY])
            ids += [row.id for row in stuck]
        count = db.store.outbox.retry(ids, at=now, expires_at=now + WORTH_TELLING_FOR)
    if not count:
        complain(said["not_stuck"])
        raise typer.Exit(FOUND_TROUBLE)
    say(said["again"].format(count=count))


def trail(row: Row, config: ConfigFile = None, as_document: Json = False) -> None:
    """Show one message and every attempt to send it.

    Each with its receipt, or with the error.
    """

    settings = settings_of_database(config)
    said = phrases(settings.language, "outbox")
    with database(settings) as db:
        found = db.store.outbox.by_id(row)
        tries = db.store.channels.trail([row]).get(row, [])
    if found is None:
        complain(said["no_such"].format(id=row))
        raise typer.Exit(FOUND_TROUBLE)
    if as_document:
        as_json(notification(found, tries))
        return
    _table([found], settings)
    if tries:
        table(
            (said["tried"].format(zone=_zone(settings)), said["outcome"], said["said"]),
            (_try(one, settings) for one in tries),
        )
    else:
        say(said["untried"])


def _names(settings: Config, channel: str | None) -> list[str]:
    names = [destination.name for destination in settings.destinations()]
    said = phrases(settings.language, "test")
    if not names:
        complain(said["no_channel"])
        raise typer.Exit(FOUND_TROUBLE)
    if channel is not None and channel not in names:
        raise typer.BadParameter(said["which"].format(names=", ".join(names)), param_hint="--channel")
    return [channel] if channel is not None else names


def arrived(row: "OutboxRow") -> bool:
    return row.state in ("sent", "unverified")


def outcome(row: "OutboxRow", language: str) -> str:
    said = phrases(language, "test")
    what = "perhaps" if row.state == "retry" and row.possible_duplicate else str(row.state)
    outcome = said.get(what, said["late"]).format(receipt=row.receipt, error=translate(row.error or "", language))
    return said["outcome"].format(channel=row.notification.channel, outcome=outcome)


def _table(rows: "Sequence[OutboxRow]", settings: Config) -> None:
    said, zone = phrases(settings.language, "outbox"), _zone(settings)
    table([said[column].format(zone=zone) for column in COLUMNS], (_row(row, settings) for row in rows))


def _row(row: "OutboxRow", settings: Config) -> tuple[str, ...]:
    language, told = settings.language, row.notification
    return (
        str(row.id),
        phrases(language, "state")[row.state],
        told.channel,
        phrases(language, "reason")[told.reason],
        _about(told.alert.diagnosis),
        str(row.attempts),
        _clock(row.sent_at or told.due_at, settings),
        translate(row.error, language) if row.error else row.receipt,
    )


def _try(one: "Attempt", settings: Config) -> tuple[str, ...]:
    outcome = phrases(settings.language, "attempt").get(one.outcome, one.outcome)
    return _clock(one.at, settings), outcome, translate(one.said, settings.language)


def _clock(at: datetime, settings: Config) -> str:
    return f"{at.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M:%S}"


def _zone(settings: Config) -> str:
    return catalog(settings.language).zone.get(settings.timezone, settings.timezone)


def _about(diagnosis: "Diagnosis") -> str:
    return diagnosis.posting_number or str(diagnosis.event or diagnosis.shop)
