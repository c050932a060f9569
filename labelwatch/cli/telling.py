"""`test-alert` and `outbox`: what is told to whom, and what became of it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from labelwatch.cli.completing import late_postings, names_of
from labelwatch.cli.options import ConfigFile, Json
from labelwatch.cli.terminal import as_json, complain, say, table, working
from labelwatch.cli.troubles import FOUND_TROUBLE
from labelwatch.config import Config

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.core.model import Diagnosis
    from labelwatch.store import OutboxRow

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
        help="What was told of this posting.",
        autocompletion=late_postings,
    ),
]
Most = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The latest N.")]
Row = Annotated[int, typer.Argument(metavar="ID", help="The number in the first column of `labelwatch outbox`.")]
Rows = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID", show_default=False, help="Numbers in the first column of `labelwatch outbox`."),
]
HEADINGS = ("ID", "State", "Channel", "Reason", "Posting", "Tries", "When (UTC)", "What came of it")


def try_channels(config: ConfigFile = None, channel: OneChannel = None, as_document: Json = False) -> None:
    """Send a made-up alert over every channel.

    It goes the same way as a real one. Prints the receipt of each channel, or why there is none.
    """
    from labelwatch.cli.dossier import telling
    from labelwatch.cli.opening import configuration

    settings = configuration(config)
    names = _names(settings, channel)
    with _beside_the_service(settings) as app, working("sending"):
        rows = sorted(app.test_alert(names), key=lambda row: names.index(row.notification.channel))
    if as_document:
        as_json([telling(row) for row in rows])
    else:
        say("\n".join(map(_outcome, rows)))
    if not all(_arrived(row) for row in rows):
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
    """List what was told to whom, what waits, and what died and why.

    The latest stands first; `labelwatch outbox show ID` tells of every try.
    """
    if context.invoked_subcommand is not None:
        return
    from labelwatch.cli.dossier import telling
    from labelwatch.cli.opening import configuration, opened
    from labelwatch.store import OutboxState

    if state is not None and state not in list(OutboxState):
        raise typer.BadParameter(f"there is {', '.join(OutboxState)}", param_hint="--state")
    with opened(configuration(config)) as app:
        rows = app.store.notifications(
            channel=channel,
            states=[OutboxState(state)] if state else None,
            posting_number=posting,
            limit=limit,
        )
        tries = app.store.outgoing.trail([row.id for row in rows]) if as_document else {}
    if as_document:
        as_json([telling(row, tries.get(row.id, ())) for row in rows])
    elif rows:
        table(HEADINGS, map(_row, rows))
    else:
        say("There is nothing of that kind.")


def retry(rows: Rows = None, config: ConfigFile = None, channel: OneChannel = None) -> None:
    """Send again what is dead, expired or superseded.

    What waits for its next try is sent at once. Name the messages by their numbers in `labelwatch outbox`, or with
    --channel all that wait or died there.
    """
    from labelwatch.cli.opening import configuration, opened
    from labelwatch.core.telling import WORTH_TELLING_FOR
    from labelwatch.store import OutboxState

    if not rows and channel is None:
        raise typer.BadParameter("name the messages by their numbers, or a channel with --channel")
    with opened(configuration(config)) as app:
        now, ids = app.clock.now(), list(rows or ())
        if channel is not None:
            stuck = app.store.notifications(channel=channel, states=[OutboxState.DEAD, OutboxState.RETRY])
            ids += [row.id for row in stuck]
        count = app.store.retry(ids, at=now, expires_at=now + WORTH_TELLING_FOR)
    if not count:
        complain("none of these waits or is dead, expired or superseded; see `labelwatch outbox`")
        raise typer.Exit(FOUND_TROUBLE)
    say(f"{count} to be sent again; `run` does so at once, else `labelwatch poll` does")


def trail(row: Row, config: ConfigFile = None, as_document: Json = False) -> None:
    """Show one message and every try to send it.

    Each with its receipt, or with the reason of failure.
    """
    from labelwatch.cli.dossier import telling
    from labelwatch.cli.opening import configuration, opened

    with opened(configuration(config)) as app:
        found = app.store.notifications(ids=[row])
        tries = app.store.outgoing.trail([row]).get(row, [])
    if not found:
        complain(f"there is no message {row}; see `labelwatch outbox`")
        raise typer.Exit(FOUND_TROUBLE)
    if as_document:
        as_json(telling(found[0], tries))
        return
    table(HEADINGS, [_row(found[0])])
    if tries:
        table(
            ("Tried at (UTC)", "Outcome", "Said"),
            [(f"{one.at:%Y-%m-%d %H:%M:%S}", one.outcome, one.said) for one in tries],
        )
    else:
        say("It was not tried yet.")


def _names(settings: Config, channel: str | None) -> list[str]:
    names = [destination.name for destination in settings.destinations()]
    if not names:
        complain("there is no [[channel]] in use in the configuration")
        raise typer.Exit(FOUND_TROUBLE)
    if channel is not None and channel not in names:
        raise typer.BadParameter(f"no channel of this name; there are {', '.join(names)}", param_hint="--channel")
    return [channel] if channel is not None else names


@contextmanager
def _beside_the_service(settings: Config) -> "Iterator[App]":
    """Alone with the database, which may be new; or together with the service that holds it."""
    from labelwatch.cli.opening import opened
    from labelwatch.store import AlreadyRunning

    with ExitStack() as stack:
        try:
            app = stack.enter_context(opened(settings, alone=True, log_level=logging.ERROR))
        except AlreadyRunning:
            app = stack.enter_context(opened(settings, log_level=logging.ERROR))
        yield app


def _arrived(row: "OutboxRow") -> bool:
    return row.state in ("sent", "unverified")


def _outcome(row: "OutboxRow") -> str:
    said = {
        "sent": f"delivered ({row.receipt})",
        "unverified": "handed over; this service gives no receipt, so look whether it arrived",
        "retry": f"{'it may have arrived' if row.possible_duplicate else 'not delivered'}: {row.error}",
        "dead": f"refused: {row.error}",
    }
    return f"{row.notification.channel}: {said.get(row.state, 'not sent in time')}"


def _row(row: "OutboxRow") -> tuple[str, ...]:
    told = row.notification
    return (
        str(row.id),
        str(row.state),
        told.channel,
        str(told.reason),
        _about(told.alert.diagnosis),
        str(row.attempts),
        f"{row.sent_at or told.due_at:%Y-%m-%d %H:%M:%S}",
        row.error or row.receipt,
    )


def _about(diagnosis: "Diagnosis") -> str:
    return diagnosis.posting_number or diagnosis.incident or diagnosis.shop
