"""`/channels`: the state of each channel, what did not arrive and can be sent again, and recent messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.core.alert import Alert
from labelwatch.i18n import translate
from labelwatch.messages import diagnosis_text
from labelwatch.messages.plain import plain
from labelwatch.store import ChannelState
from labelwatch.web.notifications import sent_messages
from labelwatch.web.page import Reader, app_of, reader_of, respond

FAILED = 50
LATELY = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A channel in words."""

    name: str
    state: str
    """well, failing, paused or new: for style and icon."""
    said: str
    sent: str
    waiting: int
    why: str
    steps: Sequence[str]


def page(request: Request) -> Response:
    """Every channel in use, those that do not work first; ?channel= filters the messages."""
    app, reader = app_of(request), reader_of(request)
    names = [destination.name for destination in app.config.destinations()]
    chosen = request.query_params.get("channel", "")
    chosen = chosen if chosen in names else ""
    store, board = app.store, app.store.board
    states, troubles, waiting = store.channels.states(), store.alerts.open_of_channels(), board.waiting()
    rows = [
        _row(reader, states.get(name, ChannelState(name)), troubles.get(name), waiting.get(name, 0)) for name in names
    ]
    failed = [row for row in board.failed(limit=FAILED) if chosen in ("", row.notification.channel)]
    lately = app.store.outbox.find(channel=chosen or None, limit=LATELY)
    trail = store.channels.trail([row.id for row in (*failed, *lately)])
    return respond(
        request,
        "channels.html",
        rows=sorted(rows, key=lambda row: (_ORDER[row.state], row.name)),
        chosen=chosen,
        failed=sent_messages(reader, failed, trail),
        lately=sent_messages(reader, lately, trail),
    )


_ORDER: Mapping[str, int] = {"failing": 0, "paused": 1, "new": 2, "well": 3}


def _row(reader: Reader, channel: ChannelState, alert: Alert | None, waiting: int) -> Row:
    state = _state(reader, channel, alert)
    since = channel.failing_since or (alert.opened_at if alert else None)
    at = reader.at(since if state == "failing" else channel.paused_until)
    return Row(
        name=channel.name,
        state=state,
        said=reader.say(
            "channels", state, time=at, error=plain(translate(channel.error or "", reader.words.language), 240)
        ),
        sent=reader.say("channels", "sent", ago=reader.ago(channel.sent_at)) if channel.sent_at else "",
        waiting=waiting,
        why=diagnosis_text.why(reader.context, alert.diagnosis) if alert else "",
        steps=diagnosis_text.steps(reader.context, alert.diagnosis) if alert else (),
    )


def _state(reader: Reader, channel: ChannelState, alert: Alert | None) -> str:
    if alert is not None or channel.failing_since is not None:
        return "failing"
    if channel.paused_until is not None and channel.paused_until > reader.now:
        return "paused"
    return "well" if channel.sent_at is not None else "new"
