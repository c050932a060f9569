"""Draws the timeline of one posting: time runs downwards, so that every event has a line of text on a phone too.

    timeline -> a height for each event -> spans, marks and lines of text as SVG

Long times are shortened, and their length is written. Colour is never the only sign: each mark has a shape and a
text, unknown times are hatched, times without polls are empty. All styles are classes of plots.css.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, zip_longest
from math import log2
from unicodedata import east_asian_width
from zlib import crc32

from babel.dates import format_skeleton, format_time
from markupsafe import Markup

from labelwatch.core.posting import Interval
from labelwatch.messages.plain import spaced
from labelwatch.messages.time_format import RenderContext, clock, zone_name
from labelwatch.queries import PostingDetails
from labelwatch.store import OutboxRow
from labelwatch.web.timeline import Event, Look, Mark, Span, Timeline, timeline_of
from labelwatch.web.words import words

LINE = 19
"""Pixels from one line of text to the next."""
TOP = 24
CLOCK, STANDING, TROUBLE, SHAPE, TEXT = 44, 52, 72, 92, 106
"""Where the columns begin, in pixels from the left; the clock ends there."""
BROAD, NARROW = 16, 8
LETTERS, BOLD_LETTERS = 32, 27
"""So many fit beside the columns on a phone, in a wide font; a Chinese one counts as two."""
_BOLD = (Mark.LATE, Mark.CUTOFF, Mark.HARD_CUTOFF, Mark.NOW)

_SHAPES = {
    Mark.STATUS: "M-5-5H5V5H-5z",
    Mark.CHANGE: "M-3-3H3V3H-3z",
    Mark.OFFERED: "M0-6 6 0 0 6-6 0z",
    Mark.PRINTED: "M0-6 6 0 0 6-6 0zM-2 0H2",
    Mark.VERIFIED: "M0-6 6 0 0 6-6 0zM-3 0-1 2 3-2",
    Mark.LATE: "M0-6 6 5H-6z",
    Mark.TOLD: "M-6-4H6V4H-6zM-6-4 0 1 6-4",
    Mark.UNTOLD: "M-6-4H6V4H-6zM-6-4 6 4M-6 4 6-4",
    Mark.TAKEN: "M-5 0-1 4 6-5",
    Mark.SNOOZED: "M-3-5V5M3-5V5",
    Mark.OVER: "M-5 0A5 5 0 1 0 5 0 5 5 0 1 0-5 0zM-2 0 0 2 3-2",
    Mark.GAP: "M-5 0H-2M2 0H5",
    Mark.CUTOFF: "M-4 6V-6H5L2-3 5 0H-4",
    Mark.HARD_CUTOFF: "M-4 6V-6H5L2-3 5 0H-4",
    Mark.NOW: "M-5 0A5 5 0 1 0 5 0 5 5 0 1 0-5 0z",
}
"""Drawn around the point 0 0."""


_A_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """The positions in pixels from the top, by minutes since 1970."""

    places: Mapping[int, float]
    """Every minute in which something happens or ends."""
    days: Mapping[int, float]
    """The names of the days, by the first minute of each."""
    lines: Mapping[int, Sequence["Line"]]
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `mark` None = it continues the line before."""

    mark: Mark | None
    text: str


def draw(
    found: PostingDetails, context: RenderContext, *, told: Iterable[OutboxRow] = (), gaps: Sequence[Interval] = ()
) -> Markup:
    """What happened to a posting until `context.now`, as an inline SVG: fixed height, any width from 340 pixels.

    `told` are the notifications about it, `gaps` the times without polls within `timeline.span`.
    """
    timeline = timeline_of(found, told, context, gaps=gaps)
    plan = planned(timeline, context)
    said = words(context.words.language)
    key = f"timeline-{crc32(f'{found.shop} {found.known.posting.number}'.encode()):08x}"
    parts = Markup("\n").join([*_bands(timeline, plan, key), *_clock(plan, context), *_marks(plan), *_texts(plan)])
    return _FIGURE.format(
        key=key,
        height=round(plan.height),
        title=said.say("timeline", "title", posting=found.known.posting.number),
        desc="; ".join(f"{clock(context, one.at)}: {one.text}" for one in timeline.events),
        note=said.say("timeline", "note", zone=zone_name(context, context.now)),
        parts=parts,
    )


_FIGURE = Markup(
    '<figure class="timeline">\n'
    '<svg class="story" width="100%" height="{height}" role="img" aria-labelledby="{key}-title {key}-desc">\n'
    '<title id="{key}-title">{title}</title>\n<desc id="{key}-desc">{desc}</desc>\n'
    '<defs><pattern id="{key}-hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path class="hatch" d="M-1 1 1-1M0 6 6 0M5 7 7 5"/></pattern></defs>\n'
    "{parts}\n</svg>\n<figcaption>{note}</figcaption>\n</figure>"
)


def planned(timeline: Timeline, context: RenderContext) -> Plan:
    """A position for every minute: further down the later it is, with enough room for the text between."""
    lines = {
        minute: [line for event in events for line in _wrapped(event)]
        for minute, events in groupby(timeline.events, key=lambda event: _minute(event.at))
    }
    edges = {_minute(at) for band in (*timeline.standing, *timeline.trouble) for at in (band.begin, band.end)}
    places, days, top, day = dict[int, float](), dict[int, float](), float(TOP), None
    minutes = sorted(lines.keys() | edges)
    for minute, after in zip_longest(minutes, minutes[1:]):
        if minute in lines and (today := _at(minute).astimezone(context.zone).date()) != day:
            days[minute], top, day = top, top + LINE, today
        places[minute] = top
        room = LINE * len(lines.get(minute, ()))
        top += max(room, _stretch(after - minute)) if after is not None else max(room, LINE)
    return Plan(places, days, lines, top)


def _stretch(minutes: int) -> float:
    """Pixels for a time; a day is not much longer than an hour, but longer."""
    return min(6 + 9 * log2(1 + minutes), 96)


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // _A_MINUTE


def _at(minute: int) -> datetime:
    return _EPOCH + minute * _A_MINUTE


def _bands(timeline: Timeline, plan: Plan, key: str) -> Iterator[Markup]:
    for left, width, bands in ((STANDING, BROAD, timeline.standing), (TROUBLE, NARROW, timeline.trouble)):
        for band in bands:
            yield from _band(band, plan, key, left=left, width=width)


_RECT = Markup('<rect class="{look}" x="{x}" y="{y:.1f}" width="{width}" height="{height:.1f}"/>')
_HATCH = Markup('<rect fill="url(#{key}-hatch)" x="{x}" y="{y:.1f}" width="{width}" height="{height:.1f}"/>')
_HATCHED = (Look.UNSURE, Look.SNOOZED)


def _band(band: Span, plan: Plan, key: str, *, left: int, width: int) -> Iterator[Markup]:
    begin, end = plan.places[_minute(band.begin)], plan.places[_minute(band.end)]
    if end <= begin:
        return
    yield _RECT.format(look=band.look, x=left, y=begin, width=width, height=end - begin)
    if band.look in _HATCHED:
        yield _HATCH.format(key=key, x=left, y=begin, width=width, height=end - begin)


_TIME = Markup('<text class="clock" x="{x}" y="{y:.1f}" text-anchor="end">{text}</text>')
_DAY = Markup('<text class="day" x="{x}" y="{y:.1f}">{text}</text>')


def _clock(plan: Plan, context: RenderContext) -> Iterator[Markup]:
    locale = context.words.locale
    for minute in plan.lines:
        text = format_time(_at(minute).astimezone(context.zone), "HH:mm", locale=locale)
        yield _TIME.format(x=CLOCK, y=plan.places[minute] + 4, text=text)
    for minute, place in plan.days.items():
        text = format_skeleton("MMMEd", _at(minute).astimezone(context.zone), locale=locale)
        yield _DAY.format(x=TEXT - 14, y=place + 4, text=spaced(text))


_LINE = Markup('<path class="rule {mark}" d="M{x} {y:.1f}H{end}"/>')
_SHAPE = Markup('<path class="mark {mark}" transform="translate({x} {y:.1f})" d="{shape}"/>')
_TEXT = Markup('<text class="{look}" x="{x}" y="{y:.1f}">{text}</text>')
_RULED = (Mark.CUTOFF, Mark.HARD_CUTOFF, Mark.NOW)


def _marks(plan: Plan) -> Iterator[Markup]:
    for minute, lines in plan.lines.items():
        for place, line in enumerate(lines):
            if line.mark is None:
                continue
            y = plan.places[minute] + place * LINE
            if line.mark in _RULED:
                yield _LINE.format(mark=line.mark, x=CLOCK + 4, y=plan.places[minute], end=SHAPE - 8)
            yield _SHAPE.format(mark=line.mark, x=SHAPE, y=y, shape=_SHAPES[line.mark])


def _texts(plan: Plan) -> Iterator[Markup]:
    for minute, lines in plan.lines.items():
        mark = Mark.STATUS
        for place, line in enumerate(lines):
            mark = line.mark or mark
            yield _TEXT.format(look=f"line {mark}", x=TEXT, y=plan.places[minute] + place * LINE + 4, text=line.text)


def _wrapped(event: Event) -> Iterator[Line]:
    mark: Mark | None = event.mark
    for text in wrapped(event.text, BOLD_LETTERS if event.mark in _BOLD else LETTERS):
        yield Line(mark, text)
        mark = None


def wrapped(text: str, letters: int) -> Iterator[str]:
    """Lines of at most so many letters, Chinese ones counting twice; broken at spaces and after Chinese letters."""
    line, used = "", 0
    for word in _PIECES.findall(text):
        broad = _breadth(word.rstrip())
        if line and used + broad > letters:
            yield line.rstrip()
            line, used = "", 0
        line, used = line + word, used + _breadth(word)
    if line:
        yield line.rstrip()


# A number with its unit stays together; else a Chinese letter with the punctuation that must not begin a line, or all
# up to a space.
_CHINESE = r"[\u2e80-\u9fff\uf900-\ufaff]"
_PIECES = re.compile(
    rf"\d+ {_CHINESE}{{1,2}}[，。；：、）」！？]* ?|\d+ [^\s\d\u2e80-\u9fff]+ *"
    rf"|{_CHINESE}[，。；：、）」！？]* *|[^ \u2e80-\u9fff\uf900-\ufaff]+ *| +"
)


def _breadth(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
