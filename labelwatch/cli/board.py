"""The board of what is late, for people and as JSON; `late` prints it, and so does the demo at its end."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from labelwatch.cli.terminal import say, table
from labelwatch.cli.words import Words, words
from labelwatch.core.model import Alert, AlertState
from labelwatch.notify import wording
from labelwatch.notify.catalog import catalog
from labelwatch.notify.moments import Voice, clock, duration, zoned_clock
from labelwatch.notify.plain import plain
from labelwatch.notify.view import rfc3339, view

if TYPE_CHECKING:
    from labelwatch.seen import Overview, ShopView

_NUMBER = 2


def voice(language: str, timezone: str, now: datetime) -> Voice:
    """Who speaks on the terminal."""
    return Voice(catalog(language), ZoneInfo(timezone), now)


def print_board(overview: "Overview", speaker: Voice) -> None:
    """The open alerts, most urgent first, how well each shop is seen, and which channel does not work."""
    said = words(speaker.words.language)
    board = said.board
    for incident in overview.incidents:
        event = incident.diagnosis
        say(f"{wording.subject(speaker, event)}: {wording.headline(speaker, event)}", style="bold red")
        say(wording.why(speaker, event))
    if overview.alerts:
        headings = (board.severity, board.due, board.posting, board.shop, board.act, board.state)
        table(headings, (_row(alert, speaker, said) for alert in overview.alerts), whole=(_NUMBER,))
    else:
        say(board.nothing_late, style="bold green")
    for shop in overview.shops:
        say(_sight(shop, speaker, said), style="dim" if shop.state == "fresh" else "bold red")
    for trouble in overview.troubles:
        since, reason = zoned_clock(speaker, trouble.since), plain(trouble.reason, 240)
        say(board.mute.format(channel=trouble.name, since=since, reason=reason), style="bold red")


def as_document(overview: "Overview", *, language: str, timezone: str) -> dict[str, Any]:
    """What `late --json` prints."""
    return {
        "as_of": rfc3339(overview.as_of),
        "shops": [
            {
                "shop": shop.name,
                "state": shop.state,
                "read_at": rfc3339(shop.read_at) if shop.read_at else None,
                "postings": shop.postings,
                "cause": shop.cause,
                "detail": shop.detail,
            }
            for shop in overview.shops
        ],
        "incidents": [view(incident, language=language, zone=timezone) for incident in overview.incidents],
        "alerts": [view(alert, language=language, zone=timezone) for alert in overview.alerts],
        "channels": [
            {"channel": trouble.name, "since": rfc3339(trouble.since), "reason": trouble.reason}
            for trouble in overview.troubles
        ],
    }


def state_of(alert: Alert, speaker: Voice, said: Words) -> str:
    """`open`, `taken by anna`, `quiet until 18:00`."""
    until = clock(speaker, alert.snoozed_until) if alert.snoozed_until else ""
    return said.state[alert.state].format(by=alert.handled_by, until=until)


def _row(alert: Alert, speaker: Voice, said: Words) -> tuple[str, ...]:
    diagnosis = alert.diagnosis
    cause = wording.words_of(speaker, diagnosis.cause).name
    return (
        said.severity[diagnosis.severity],
        wording.time_left(speaker, diagnosis.deadline),
        diagnosis.posting_number or said.board.whole_shop,
        diagnosis.shop,
        said.board.to_do.format(act=wording.headline(speaker, diagnosis), cause=cause),
        _state(alert, speaker, said),
    )


def _state(alert: Alert, speaker: Voice, said: Words) -> str:
    """The same, with the note of whoever has it in hand."""
    state, note = state_of(alert, speaker, said), plain(alert.note, 120)
    if not note or alert.state not in (AlertState.ACKNOWLEDGED, AlertState.SNOOZED):
        return state
    return speaker.words.line.colon.format(head=state, text=note)


def _sight(shop: "ShopView", speaker: Voice, said: Words) -> str:
    board = said.board
    if shop.state == "blind":
        cause = wording.words_of(speaker, shop.cause or "").name
        return board.blind.format(shop=shop.name, cause=cause, detail=shop.detail or "")
    if shop.read_at is None:
        return board.never.format(shop=shop.name)
    template = board.fresh if shop.state == "fresh" else board.stale
    ago = duration(speaker, max(speaker.now - shop.read_at, timedelta(0)))
    return template.format(shop=shop.name, ago=ago, postings=shop.postings)
