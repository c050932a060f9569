"""Formats times and durations in the channel's time zone and language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from babel.dates import format_interval, format_skeleton, format_time, get_timezone_gmt, get_timezone_location
from babel.units import format_unit

from labelwatch.core.posting import Interval
from labelwatch.messages.catalog import Catalog
from labelwatch.messages.plain import spaced

VAGUE = timedelta(hours=1)
"""With polls this rare, only the later end of an interval is shown."""
_TO_THE_SECOND = 600
"""Seconds: shorter times are rounded up to ten seconds, others to the minute, so that "within" is true."""
ANOTHER_YEAR = 300
"""A date that many days away is shown with its year."""


class ShiftNames(StrEnum):
    """Where a reader finds what does not fit into a message."""

    COMMANDS = "commands"
    """On the command line: the reader uses a terminal."""
    BUTTONS = "buttons"
    """Behind the buttons below the message."""
    BOARD = "board"
    NOBODY = "nobody"
    """From a colleague: a packer has no terminal."""
    HERE = "here"
    """In the message itself."""
    NONE = "none"
    """There is no letter: nobody has to be asked for anything yet."""


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What rendering needs: the texts of a language, a time zone, and the current time."""

    words: Catalog
    zone: ZoneInfo
    now: datetime
    shops: frozenset[str] = frozenset()
    """The shops whose names the reader may see; empty = all."""
    more: ShiftNames = ShiftNames.COMMANDS
    board: str = ""
    """The address of the board; empty = not reachable."""


def clock(context: RenderContext, at: datetime) -> str:
    """`18:00`, with the day in front if it is not today, and the year if that is far away."""
    line, time = context.words.line, hour(context, at)
    away = _days_away(context, at)
    named = {-1: line.yesterday, 0: line.today, 1: line.tomorrow}.get(away)
    if named is not None:
        return named.format(time=time)
    return line.day.format(day=_day(context, at, "MMMd" if abs(away) <= ANOTHER_YEAR else "yMMMd"), time=time)


def zoned_clock(context: RenderContext, at: datetime) -> str:
    """The same with the time zone: `18:00 (МСК)`."""
    return context.words.line.zoned.format(time=clock(context, at), zone=zone_name(context, at))


def after(context: RenderContext, at: datetime) -> str:
    """`After 18:00 (МСК)`, with the day when it is not today; the beginning of a sentence."""
    line, time = (
        context.words.line,
        context.words.line.zoned.format(time=hour(context, at), zone=zone_name(context, at)),
    )
    template = {0: line.after_today, 1: line.after_tomorrow}.get(_days_away(context, at), line.after_day)
    return template.format(time=time, day=_day(context, at, "MMMd"))


def dated(context: RenderContext, at: datetime) -> str:
    """The same for a letter, which may be read any day: `23 нояб. 2026 г., 18:00 (МСК)`."""
    return _dated(context, at, hour(context, at))


def span(context: RenderContext, between: Interval) -> str:
    """When something happened, as far as it was seen: a time, `15:02–15:08` of a day, or `no later than`."""
    if between.latest - between.earliest > VAGUE or not _same_day(context, between):
        return context.words.line.no_later.format(time=dated(context, between.latest))
    return period(context, between)


def period(context: RenderContext, whole: Interval) -> str:
    """Start and end of an interval, with the day once if it is the same."""
    if not _same_day(context, whole):
        ends = dated(context, whole.earliest), dated(context, whole.latest)
        return context.words.line.period.format(earliest=ends[0], latest=ends[1])
    hours = list(dict.fromkeys(hour(context, at) for at in (whole.earliest, whole.latest)))
    time = hours[0] if len(hours) == 1 else context.words.line.span.format(earliest=hours[0], latest=hours[1])
    return _dated(context, whole.latest, time)


def day_span(context: RenderContext, whole: Interval) -> str:
    """The first and the last day of an interval, with the year: `3 Nov – 30 Nov 2026`."""
    first, last = (at.astimezone(context.zone) for at in (whole.earliest, whole.latest))
    text = format_interval(first, last, "yMMMd", locale=context.words.locale)
    return " ".join(spaced(text).split())


def _days_away(context: RenderContext, at: datetime) -> int:
    return (at.astimezone(context.zone).date() - context.now.astimezone(context.zone).date()).days


def _same_day(context: RenderContext, between: Interval) -> bool:
    return len({at.astimezone(context.zone).date() for at in (between.earliest, between.latest)}) == 1


def _dated(context: RenderContext, at: datetime, time: str) -> str:
    return context.words.line.dated.format(day=_day(context, at, "yMMMd"), time=time, zone=zone_name(context, at))


def _day(context: RenderContext, at: datetime, skeleton: str) -> str:
    day = format_skeleton(skeleton, at.astimezone(context.zone), locale=context.words.locale)
    return " ".join(spaced(day).split())  # Babel's narrow spaces are pasted as boxes


def hour(context: RenderContext, at: datetime) -> str:
    """`18:00`, in the reader's zone."""
    return format_time(at.astimezone(context.zone), "HH:mm", locale=context.words.locale)


def zone_name(context: RenderContext, at: datetime) -> str:
    """The zone in words: a name of the catalog, else its city, else its offset from UTC."""
    key = context.zone.key
    if key in context.words.zone:
        return context.words.zone[key]
    local = at.astimezone(context.zone)
    if "/" not in key or key.startswith("Etc/"):
        return get_timezone_gmt(local, "long", locale=context.words.locale)
    city = get_timezone_location(context.zone, locale=context.words.locale, return_city=True)
    return context.words.line.city_zone.format(city=city)


def duration(context: RenderContext, span: timedelta) -> str:
    """`52 min`, `1 hr 5 min`, `2 days 3 hr`: the two largest units, rounded down; a negative duration is zero."""
    minutes = max(int(span.total_seconds()), 0) // 60
    if minutes == 0:
        return context.words.line.under_a_minute
    hours, days = minutes // 60, minutes // (24 * 60)
    if days >= 2:
        parts = [("day", days), ("hour", hours % 24)]
    else:
        parts = [("hour", hours), ("minute", minutes % 60)]
    units = (
        format_unit(n, f"duration-{unit}", length="short", locale=context.words.locale) for unit, n in parts if n
    )
    return spaced(context.words.line.unit_gap.join(units))


def brief(context: RenderContext, seconds: int) -> str:
    """`1 min 10 s`, rounded up."""
    if seconds > _TO_THE_SECOND:
        return duration(context, timedelta(minutes=-(-seconds // 60)))
    minutes, rest = divmod(-(-seconds // 10) * 10, 60)
    parts = [("minute", minutes), ("second", rest)]
    locale = context.words.locale
    units = [format_unit(n, f"duration-{unit}", length="short", locale=locale) for unit, n in parts if n]
    return spaced(context.words.line.unit_gap.join(units)) or context.words.line.under_a_minute
