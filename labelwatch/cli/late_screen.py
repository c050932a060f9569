"""The list of late postings as a terminal shows it: a table, or a list if there is no room for columns."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from labelwatch.cli import late_table
from labelwatch.cli.drawing import Drawn, Screen, drawn, lines, room_beside
from labelwatch.cli.words import phrases
from labelwatch.core.alert import Alert
from labelwatch.messages.time_format import RenderContext

if TYPE_CHECKING:
    from labelwatch.queries import Overview

NARROW = 72
"""Cells; a narrower terminal shows a list, as the columns would be unreadable."""
LEAST = 14
"""Cells for what to do; if the other columns leave fewer, a list is shown as well."""
BRIEF = 40
"""With fewer cells, and if not all would fit into one line, the column of the cause is left out."""
SHOPS_ON_A_SCREEN = 3
_TO_DO = 4


def show_board(overview: "Overview", speaker: RenderContext) -> None:
    """Print the list, as wide as the terminal."""
    console = Console(highlight=False)
    for part in drawn_board(overview, speaker, width=console.width):
        console.print(part)


def drawn_board(overview: "Overview", speaker: RenderContext, *, width: int) -> Iterator[Drawn]:
    """The list of late postings for a terminal of `width` cells, part by part."""
    yield from _events(overview, speaker, width)
    yield from _alerts(overview.alerts, speaker, width)
    for text, style in (*late_table.shop_lines(overview.shops, speaker), *late_table.mute(overview, speaker)):
        yield from lines(text, style, width=width)


def screen(overview: "Overview", speaker: RenderContext, *, width: int, height: int) -> Screen:
    """The same for a screen: above it the time, below it the shops with the oldest data."""
    said, late = phrases(speaker.words.language, "watch"), len(overview.alerts)
    at = f"{overview.as_of.astimezone(speaker.zone):%H:%M:%S}"
    # No alert takes less than a row: more than this many are never seen.
    alerts = overview.alerts[:height]
    worst = sorted(overview.shops, key=lambda shop: shop.state == "fresh")[:SHOPS_ON_A_SCREEN]
    return Screen(
        head=tuple(lines(said["head"].format(time=at, late=late), "dim", width=width)),
        body=(*_events(overview, speaker, width), *_alerts(alerts, speaker, width)),
        foot=tuple(
            line
            for text, style in (*late_table.shop_lines(worst, speaker), *late_table.mute(overview, speaker))
            for line in lines(text, style, width=width)
        ),
        marks=[alert.diagnosis.posting_number or "" for alert in overview.alerts],
        more=said["more"],
    )


def _events(overview: "Overview", speaker: RenderContext, width: int) -> Iterator[Drawn]:
    for text, style in late_table.incidents(overview, speaker):
        yield from lines(text, style, width=width)


def _alerts(alerts: Sequence[Alert], speaker: RenderContext, width: int) -> Iterator[Drawn]:
    said = phrases(speaker.words.language, "board")
    if not alerts:
        yield from lines(said["nothing_late"], "bold green", width=width)
        return
    headings, rows = late_table.headings(said), [late_table.row(alert, speaker, said) for alert in alerts]
    room = room_beside(headings, rows, _TO_DO, width)
    if width < NARROW or room < LEAST:
        yield from _list(alerts, speaker, width)
        return
    if room < BRIEF and any(cell_len(row[_TO_DO]) > room for row in rows):
        rows = [late_table.row(alert, speaker, said, brief=True) for alert in alerts]
    others = [place for place in range(len(headings)) if place != _TO_DO]
    yield drawn(headings, rows, width=width, whole=others, breaks={_TO_DO: room})


def _list(alerts: Sequence[Alert], speaker: RenderContext, width: int) -> Iterator[Drawn]:
    """The rows as a list, if there is no room for columns."""
    said = phrases(speaker.words.language, "board")
    for alert in alerts:
        severity, due, number, shop, to_do, state = late_table.row(alert, speaker, said)
        for parts, style in (((severity, number, shop), "bold"), ((to_do,), ""), ((due, state), "dim")):
            yield from lines(" · ".join(filter(None, parts)), style, width=width)
        yield Text()
