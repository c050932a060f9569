"""Times and durations as a packer says them: on the clock of the channel's zone, in the channel's language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_time, get_timezone_gmt, get_timezone_location
from babel.units import format_unit

from labelwatch.notify.catalog import Catalog
from labelwatch.notify.plain import spaced


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: the words of a language, the zone of the clock on the wall, and what time it is."""

    words: Catalog
    zone: ZoneInfo
    now: datetime


def clock(voice: Voice, at: datetime) -> str:
    """`18:00`, with the day in front when it is not today."""
    line, local, today = voice.words.line, at.astimezone(voice.zone), voice.now.astimezone(voice.zone).date()
    time = format_time(local, "HH:mm", locale=voice.words.locale)
    named = {-1: line.yesterday, 0: line.today, 1: line.tomorrow}.get((local.date() - today).days)
    if named is not None:
        return named.format(time=time)
    return line.day.format(day=format_skeleton("MMMd", local, locale=voice.words.locale), time=time)


def zoned_clock(voice: Voice, at: datetime) -> str:
    """The same, saying whose clock it is: `18:00 (МСК)`."""
    return voice.words.line.zoned.format(time=clock(voice, at), zone=zone_name(voice, at))


def zone_name(voice: Voice, at: datetime) -> str:
    """The zone in words: a name of the catalog, else its city, else its distance from Greenwich."""
    key = voice.zone.key
    if key in voice.words.zone:
        return voice.words.zone[key]
    local = at.astimezone(voice.zone)
    if "/" not in key or key.startswith("Etc/"):
        return get_timezone_gmt(local, "long", locale=voice.words.locale)
    city = get_timezone_location(voice.zone, locale=voice.words.locale, return_city=True)
    return voice.words.line.city_zone.format(city=city)


def duration(voice: Voice, span: timedelta) -> str:
    """`52 min`, `1 hr 5 min`, `2 days 3 hr`: the two largest units, rounded down; negative counts as nothing."""
    minutes = max(int(span.total_seconds()), 0) // 60
    if minutes == 0:
        return voice.words.line.under_a_minute
    hours, days = minutes // 60, minutes // (24 * 60)
    if days >= 2:
        parts = [("day", days), ("hour", hours % 24)]
    else:
        parts = [("hour", hours), ("minute", minutes % 60)]
    units = (format_unit(n, f"duration-{unit}", length="short", locale=voice.words.locale) for unit, n in parts if n)
    return spaced(voice.words.line.unit_gap.join(units))
