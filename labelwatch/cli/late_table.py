"""The table of late postings, for people and as JSON; `late` and the end of the demo print it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from labelwatch.cli.terminal import Drawn, Screen, drawn, is_terminal, lines, room_beside, say, table
from labelwatch.cli.words import Words, words
from labelwatch.core.alert import Alert
from labelwatch.messages import diagnosis_text
from labelwatch.messages.alert_json import rfc3339, view
from labelwatch.messages.catalog import catalog
from labelwatch.messages.channel_errors import spoken
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, duration, zoned_clock

if TYPE_CHECKING:
    from labelwatch.queries import Overview, ShopHealth

NARROW = 72
"""Cells; a narrower terminal shows a list, as the columns would be unreadable."""
LEAST = 14
"""Cells for what to do; if the other columns leave fewer, a list is shown as well."""
BRIEF = 40
"""With fewer cells, and if not all would fit into one line, the column of the cause is left out."""
SHOPS_ON_A_SCREEN = 3
_TO_DO = 4


def context(language: str, timezone: str, now: datetime) -> RenderContext:
    """The render context of the terminal."""
    return RenderContext(catalog(language), ZoneInfo(timezone), now)


def print_board(overview: "Overview", speaker: RenderContext) -> None:
    """The open alerts, most urgent first, how fresh the data of each shop are, and which channel does not work."""
    if is_terminal():
        console = Console(highlight=False)
        for part in drawn_board(overview, speaker, width=console.width):
            console.print(part)
        return
    said = words(speaker.words.language)
    for text, _ in _incidents(overview, speaker):
        say(text)
    if overview.alerts:
        table(_headings(said), (_row(alert, speaker, said) for alert in overview.alerts))
    else:
        say(said.board.nothing_late)
    for text, _ in (*_sights(overview.shops, speaker), *_mute(overview, speaker)):
        say(text)


def drawn_board(overview: "Overview", speaker: RenderContext, *, width: int) -> Iterator[Drawn]:
    """The same for a terminal of `width` cells, part by part."""
    yield from _events(overview, speaker, width)
    yield from _alerts(overview.alerts, speaker, width)
    for text, style in (*_sights(overview.shops, speaker), *_mute(overview, speaker)):
        yield from lines(text, style, width=width)


def screen(overview: "Overview", speaker: RenderContext, *, width: int, height: int) -> Screen:
    """The same for a screen: above it the time, below it the shops with the oldest data."""
    said, late = words(speaker.words.language).watch, len(overview.alerts)
    at = f"{overview.as_of.astimezone(speaker.zone):%H:%M:%S}"
    # No alert takes less than a row: more than this many are never seen.
    alerts = overview.alerts[:height]
    worst = sorted(overview.shops, key=lambda shop: shop.state == "fresh")[:SHOPS_ON_A_SCREEN]
    return Screen(
        head=tuple(lines(said.head.format(time=at, late=late), "dim", width=width)),
        body=(*_events(overview, speaker, width), *_alerts(alerts, speaker, width)),
        foot=tuple(
            line
            for text, style in (*_sights(worst, speaker), *_mute(overview, speaker))
            for line in lines(text, style, width=width)
        ),
        marks=[alert.diagnosis.posting_number or "" for alert in overview.alerts],
        more=said.more,
    )


def _events(overview: "Overview", speaker: RenderContext, width: int) -> Iterator[Drawn]:
    for text, style in _incidents(overview, speaker):
        yield from lines(text, style, width=width)


def _alerts(alerts: Sequence[Alert], speaker: RenderContext, width: int) -> Iterator[Drawn]:
    said = words(speaker.words.language)
    if not alerts:
        yield from lines(said.board.nothing_late, "bold green", width=width)
        return
    headings, rows = _headings(said), [_row(alert, speaker, said) for alert in alerts]
    room = room_beside(headings, rows, _TO_DO, width)
    if width < NARROW or room < LEAST:
        yield from _list(alerts, speaker, width)
        return
    if room < BRIEF and any(cell_len(row[_TO_DO]) > room for row in rows):
        rows = [_row(alert, speaker, said, brief=True) for alert in alerts]
    others = [place for place in range(len(headings)) if place != _TO_DO]
    yield drawn(headings, rows, width=width, whole=others, breaks={_TO_DO: room})


def _list(alerts: Sequence[Alert], speaker: RenderContext, width: int) -> Iterator[Drawn]:
    """The rows as a list, if there is no room for columns."""
    for alert in alerts:
        severity, due, number, shop, to_do, state = _row(alert, speaker, words(speaker.words.language))
        for parts, style in (((severity, number, shop), "bold"), ((to_do,), ""), ((due, state), "dim")):
            yield from lines(" · ".join(filter(None, parts)), style, width=width)
        yield Text()


def _incidents(overview: "Overview", speaker: RenderContext) -> Iterator[tuple[str, str]]:
    for incident in overview.incidents:
        event = incident.diagnosis
        head, text = diagnosis_text.subject(speaker, event), diagnosis_text.headline(speaker, event)
        yield speaker.words.line.colon.format(head=head, text=text), "bold red"
        yield diagnosis_text.why(speaker, event), ""


def _sights(shops: Iterable["ShopHealth"], speaker: RenderContext) -> Iterator[tuple[str, str]]:
    said = words(speaker.words.language)
    for shop in shops:
        yield _sight(shop, speaker, said), "dim" if shop.state == "fresh" else "bold red"


def _mute(overview: "Overview", speaker: RenderContext) -> Iterator[tuple[str, str]]:
    said = words(speaker.words.language).board
    for trouble in overview.troubles:
        since, reason = (
            zoned_clock(speaker, trouble.since),
            plain(spoken(trouble.reason, speaker.words.language), 240),
        )
        yield said.mute.format(channel=trouble.name, since=since, reason=reason), "bold red"


def _headings(said: Words) -> Sequence[str]:
    board = said.board
    return board.severity, board.due, board.posting, board.shop, board.act, board.state


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
        "incidents": [
            view(incident, language=language, now=overview.as_of, zone=timezone) for incident in overview.incidents
        ],
        "alerts": [view(alert, language=language, now=overview.as_of, zone=timezone) for alert in overview.alerts],
        "channels": [
            {"channel": trouble.name, "since": rfc3339(trouble.since), "reason": trouble.reason}
            for trouble in overview.troubles
        ],
    }


def _row(alert: Alert, speaker: RenderContext, said: Words, *, brief: bool = False) -> tuple[str, ...]:
    diagnosis = alert.diagnosis
    cause, act = diagnosis_text.words_of(speaker, diagnosis.cause).name, diagnosis_text.headline(speaker, diagnosis)
    return (
        speaker.words.severity[diagnosis.severity],
        diagnosis_text.time_left(speaker, diagnosis),
        diagnosis.posting_number or said.board.whole_shop,
        diagnosis.shop,
        act if brief else said.board.to_do.format(act=act, cause=cause),
        diagnosis_text.state(speaker, alert),
    )


def _sight(shop: "ShopHealth", speaker: RenderContext, said: Words) -> str:
    board = said.board
    if shop.state == "blind":
        cause = diagnosis_text.words_of(speaker, shop.cause or "").name
        return board.blind.format(shop=shop.name, cause=cause, detail=shop.detail or "")
    if shop.read_at is None:
        return board.never.format(shop=shop.name)
    template = board.fresh if shop.state == "fresh" else board.stale
    ago = duration(speaker, max(speaker.now - shop.read_at, timedelta(0)))
    return template.format(shop=shop.name, ago=ago, postings=shop.postings)
