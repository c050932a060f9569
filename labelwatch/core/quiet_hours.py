"""When a channel is quiet and when it gets its shift summary: local times of a zone, in UTC."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from labelwatch.core.policy import Destination
from labelwatch.core.posting import Interval, PickUp

FORESEEN = 60
"""Days before and after a time that are examined: bounds a calendar that is always quiet."""

_AT_ONCE = 30
"""Days whose quiet times are computed and cached together."""
_DAY = timedelta(days=1)
_WEEK = 7
_SECOND = timedelta(seconds=1)
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A period in UTC; `end` is excluded."""

    start: datetime
    end: datetime


def quiet_span(to: Destination, at: datetime) -> Span | None:
    """The whole quiet time that contains `at`: adjacent nights, days off and holidays are merged. None = the channel
    is not quiet. What lasts longer is cut FORESEEN days before and after, or a little later."""
    if not ever_quiet(to) or not date.min.year < at.year < date.max.year:  # the year 9999 stands for never
        return None
    day = at.astimezone(ZoneInfo(to.timezone)).toordinal()
    starts, spans = _spans(to, day // _AT_ONCE)
    found = bisect_right(starts, at) - 1
    return spans[found] if found >= 0 and at < spans[found].end else None


def ever_quiet(to: Destination) -> bool:
    """Whether there is any time at which this channel is not quiet."""
    return to.quiet is not None or len(to.working_days) < 7 or bool(to.days_off)


@lru_cache(maxsize=4096)
def last_pick_up(pick_up: PickUp, after: datetime | None, until: datetime) -> datetime | None:
    """The last pick-up (UTC) after `after` and not after `until`; None = there is none within FORESEEN days."""
    if not date.min.year < until.year < date.max.year:
        return None
    earliest = until - timedelta(days=FORESEEN)
    begin = earliest if after is None else max(after, earliest)
    return max(handovers_between(pick_up, begin, until), default=None)


def handovers_between(
    to: Destination | PickUp, after: datetime, until: datetime, *, at: Iterable[time] | None = None
) -> list[datetime]:
    """The shift summaries (UTC) after `after`, up to and including `until`, on working days; oldest first.

    `at`: other times of day than theirs.
    """
    zone, clocks = ZoneInfo(to.timezone), to.handover if at is None else tuple(at)
    first, last = (end.astimezone(zone).toordinal() for end in (after, until))
    days = (date.fromordinal(day) for day in range(first - 1, last + 2))
    moments = {moment(day, clock, zone) for day in days if not _is_off(to, day) for clock in clocks}
    return sorted(one for one in moments if after < one <= until)


def weekdays_between(
    to: Destination, weekday: int, clock: time, *, after: datetime, until: datetime
) -> list[datetime]:
    """When (UTC) it is this time of day on this day of the week (Monday is 0), or on the next working day where that
    is a day off; after `after`, up to and including `until`, oldest first."""
    zone = ZoneInfo(to.timezone)
    first, last = (end.astimezone(zone).toordinal() for end in (after, until))
    days = (date.fromordinal(day) for day in range(max(first, last - FORESEEN) - 2 * _WEEK, last + 2))
    moments = {moment(_next_working(to, day), clock, zone) for day in days if day.weekday() == weekday}
    return sorted(at for at in moments if after < at <= until)


def _next_working(to: Destination, day: date) -> date:
    """The day itself, or the first working day within two weeks after it."""
    later = (day + n * _DAY for n in range(2 * _WEEK))
    return next((one for one in later if not _is_off(to, one)), day)


def days_of(within: Interval, zone: str) -> list[tuple[date, Interval]]:
    """The days of a period in a time zone, and when each begins and ends within the period."""
    local = ZoneInfo(zone)
    first, last = (at.astimezone(local).toordinal() for at in (within.earliest, within.latest))
    days = [date.fromordinal(day) for day in range(first, last + 1)]
    spans = [(day, moment(day, _MIDNIGHT, local), moment(day + _DAY, _MIDNIGHT, local)) for day in days]
    cut = [(day, Interval(max(begin, within.earliest), min(end, within.latest))) for day, begin, end in spans]
    return [(day, span) for day, span in cut if span.earliest < span.latest]


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When (UTC) local time is this on this day: for an ambiguous time the first, for a skipped one the moment
    right after the change."""
    wall = datetime.combine(day, clock)
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    beyond = at.astimezone(zone).replace(tzinfo=None) - wall
    if not beyond:
        return at
    before, offset = at - beyond, at.astimezone(zone).utcoffset()
    seconds = range(beyond // _SECOND)
    jump = bisect_left(
        seconds, True, key=lambda after: (before + after * _SECOND).astimezone(zone).utcoffset() == offset
    )
    return before + jump * _SECOND


@lru_cache(maxsize=256)
def _spans(to: Destination, block: int) -> tuple[list[datetime], list[Span]]:
    """The quiet times around these days (the block-th _AT_ONCE days of all), oldest first, with their starts."""
    first = block * _AT_ONCE - FORESEEN
    # Only days that Python's calendar has.
    days = range(max(first, 2), min(first + _AT_ONCE + 2 * FORESEEN, date.max.toordinal() - 1))
    zone = ZoneInfo(to.timezone)
    spans = _merged(piece for day in days for piece in _pieces(to, date.fromordinal(day), zone))
    return [span.start for span in spans], spans


def _pieces(to: Destination, day: date, zone: ZoneInfo) -> Iterator[Span]:
    """The quiet times that begin on this day."""
    if _is_off(to, day):
        yield Span(moment(day, _MIDNIGHT, zone), moment(day + _DAY, _MIDNIGHT, zone))
    if to.quiet is not None:
        last = day + _DAY if to.quiet.start > to.quiet.end else day
        yield Span(moment(day, to.quiet.start, zone), moment(last, to.quiet.end, zone))


def _is_off(to: Destination | PickUp, day: date) -> bool:
    return day.weekday() not in to.working_days or day in to.days_off


def _merged(pieces: Iterable[Span]) -> list[Span]:
    """Overlapping or adjacent periods are merged; empty ones (after a clock change) are dropped."""
    merged: list[Span] = []
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if merged and piece.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, piece.end))
        elif piece.start < piece.end:
            merged.append(piece)
    return merged
