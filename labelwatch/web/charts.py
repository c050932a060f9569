"""The charts of the page `/plots`: each has a sentence that reads it, a drawing, and the numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_day_names
from markupsafe import Markup

from labelwatch.core.posting import Interval
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.plain import plain, spaced
from labelwatch.messages.time_format import RenderContext, brief, duration
from labelwatch.store.charts import LabelTimes, Open
from labelwatch.web.chart_svg import CLEAR, LOOKS, BarChart, draw
from labelwatch.web.distribution import BINS, Spread, bin_of, binned, spread
from labelwatch.web.words import Words

DAYS = 14
"""Days of causes that are drawn."""
ENOUGH_TO_TELL_WHEN = 20
"""With fewer late labels the heat map makes no statement."""
WARMTHS = 5
"""Tints of a heat map, beside none."""
_LETTERS_UNDER_A_BAR = 5
_ROOM_FOR_MARKS = 0.16
"""Height of the quantile marks as a share of the highest bar."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the names of the columns, and rows that begin with their own name."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart."""

    reading: str
    """What it shows, in one sentence."""
    notes: Sequence[str]
    picture: Markup
    table: Table


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of a heat map; `warmth` from 0 (nothing) to WARMTHS."""

    count: int
    warmth: int


@dataclass(frozen=True, slots=True)
class Heat:
    """Hours down, days of the week across."""

    reading: str
    days: Sequence[str]
    hours: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of a legend: look and letter of a kind of bar, and its number on the last day."""

    look: str
    sign: str
    name: str
    count: int


# --- how long labels take


def of_method(times: LabelTimes, said: Words, context: RenderContext, *, key: str, with_shop: bool) -> Figure:
    """The distribution of the label times of one delivery method."""
    name = method_name(times, said, with_shop=with_shop)
    seen = spread(times.took, times.waiting)
    reading, notes = _reading(name, seen, said, context), _notes(times, seen, said, context)
    came, waiting = binned(times.took), binned(times.waiting)
    names = bin_names(said, context)
    bars = [
        BarChart(said.said["plots"]["came"], came, "a", labels=("",) * len(came)),
        BarChart(said.said["plots"]["waiting"], waiting, "b", labels=("",) * len(came)),
        _marks(seen, max(a + b for a, b in zip(came, waiting, strict=True))),
    ]
    picture = draw(bars, _ends(said), key=key, title=name, desc=reading)
    head = [said.said["plots"][word] for word in ("time", "came", "waiting")]
    table = Table(head, [(n, str(a), str(b)) for n, a, b in zip(names, came, waiting, strict=True)])
    return Figure(reading, notes, picture, table)


def method_name(times: LabelTimes, said: Words, *, with_shop: bool) -> str:
    """The delivery method, and its shop if there are several."""
    name = plain(times.name, 60) or plain(times.method, 60)
    return said.say("plots", "of_shop", method=name, shop=plain(times.shop, 40)) if with_shop else name


def _reading(name: str, seen: Spread, said: Words, context: RenderContext) -> str:
    if seen.half is None:
        few = seen.came >= seen.waiting
        return said.say("plots", "few" if few else "stuck", method=name)
    if seen.most is None:
        return said.say("plots", "half", method=name, half=brief(context, seen.half))
    return said.say("plots", "half_most", method=name, half=brief(context, seen.half), most=brief(context, seen.most))


def _notes(times: LabelTimes, seen: Spread, said: Words, context: RenderContext) -> list[str]:
    notes = [said.counted("plots_labels", seen.came)]
    if seen.nearly_all is not None:
        notes.append(said.say("plots", "nearly_all", time=brief(context, seen.nearly_all)))
    if seen.waiting:
        notes.append(said.counted("plots_waiting", seen.waiting))
    if times.unseen:
        notes.append(said.counted("plots_unseen", times.unseen))
    return notes


def _marks(seen: Spread, tallest: int) -> BarChart:
    """Above the bar within which half, 95 % and 99 % of the labels came."""
    found: dict[int, list[str]] = {}
    for name, seconds in (("50", seen.half), ("95", seen.most), ("99", seen.nearly_all)):
        if seconds is not None:
            found.setdefault(bin_of(seconds), []).append(name)
    labels = ["·".join(found[place]) + "%" if place in found else "" for place in range(len(BINS) + 1)]
    return BarChart("", [max(tallest, 1) * _ROOM_FOR_MARKS] * len(labels), CLEAR, labels=labels)


def of_methods(found: Sequence[LabelTimes], said: Words, context: RenderContext, *, with_shop: bool) -> Table:
    """The quantiles of all delivery methods."""
    head = [said.said["plots"][word] for word in ("method", "labels", "p50", "p95", "p99", "waiting", "unseen")]
    rows = []
    for times in found:
        seen = spread(times.took, times.waiting)
        quantiles = (
            brief(context, one) if one is not None else "–" for one in (seen.half, seen.most, seen.nearly_all)
        )
        name = method_name(times, said, with_shop=with_shop)
        rows.append((name, str(seen.came), *quantiles, str(seen.waiting), str(times.unseen)))
    return Table(head, rows)


def bin_names(said: Words, context: RenderContext) -> list[str]:
    """`up to 2 min` ..., and what is beyond the last."""
    ends = [duration(context, timedelta(seconds=end)) for end in BINS]
    return [*(said.say("plots", "up_to", time=end) for end in ends), said.say("plots", "beyond", time=ends[-1])]


def _ends(said: Words) -> list[str]:
    """The labels under the bars; under every second one if there is no room for more."""
    keys = [("hours_short", end // 3600) if end >= 3600 else ("minutes", end // 60) for end in BINS]
    ends = [said.say("plots", key, n=n) for key, n in keys]
    ends.append(f">{ends[-1]}")
    is_crowded = max(map(len, ends)) > _LETTERS_UNDER_A_BAR
    return ["" if is_crowded and place % 2 else end for place, end in enumerate(ends)]


# --- when labels become late


def heat(opened: Mapping[datetime, int], said: Words, context: RenderContext) -> Heat:
    """How many labels became late in each hour of each day of the week, in the reader's time zone."""
    counts = Counter[tuple[int, int]]()
    for at, count in opened.items():
        local = at.astimezone(context.zone)
        counts[local.hour, local.weekday()] += count
    most = max(counts.values(), default=0)
    names = get_day_names("abbreviated", context="stand-alone", locale=context.words.locale)
    rows = [
        (f"{hour:02}", [Cell(n, _warmth(n, most)) for n in (counts[hour, day] for day in range(7))])
        for hour in range(24)
    ]
    return Heat(_hottest(counts, said), [names[day] for day in range(7)], rows)


def _warmth(count: int, most: int) -> int:
    return -(-count * WARMTHS // most) if most else 0


def _hottest(counts: Mapping[tuple[int, int], int], said: Words) -> str:
    total = sum(counts.values())
    if not total:
        return said.said["plots"]["never_late"]
    if total < ENOUGH_TO_TELL_WHEN:
        return said.counted("plots_few_late", total)
    (hour, day), most = max(counts.items(), key=lambda found: found[1])
    span = said.say("plots", "span", begin=f"{hour:02}:00", end=f"{(hour + 1) % 24:02}:00")
    return said.say("plots", "hottest", day=said.said["plots_on"][f"day{day}"], span=span, n=most, total=total)


# --- what was late, by cause


def days_until(now: datetime, zone: ZoneInfo) -> list[tuple[date, Interval]]:
    """The last days of the calendar, today last, from midnight to midnight."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day, Interval(_midnight(day, zone), _midnight(day + timedelta(days=1), zone))) for day in days]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def by_cause(
    found: Sequence[Open], days: Sequence[date], said: Words, context: RenderContext
) -> tuple[Figure, list[Kind]]:
    """How many labels were late on each day, by cause; rarer causes are counted as "other"."""
    named = _named(found, len(days), said, context)
    reading = _worst(named, days, said, context)
    bars = [BarChart(name, counts, look) for look, (name, counts) in zip(LOOKS, named, strict=False)]
    places = [str(day.day) for day in days]
    picture = draw(bars, places, key="causes", title=said.said["plots"]["causes"], desc=reading, height=230)
    legend = [Kind(bar.look, bar.look.upper(), bar.name, int(bar.values[-1])) for bar in bars]
    told = [spaced(format_skeleton("MMMEd", day, locale=context.words.locale)) for day in days]
    rows = [[day, *(str(counts[place]) for _, counts in named)] for place, day in enumerate(told)]
    table = Table([said.said["plots"]["day"], *(name for name, _ in named)], rows[::-1])
    return Figure(reading, [], picture if named else Markup(), table), legend


def _named(found: Sequence[Open], days: int, said: Words, context: RenderContext) -> list[tuple[str, Sequence[int]]]:
    """Name -> how many on each day, commonest first; as many as can be distinguished."""
    seen = sorted((one for one in found if any(one.counts)), key=lambda one: -sum(one.counts))
    kept = len(LOOKS) if len(seen) <= len(LOOKS) else len(LOOKS) - 1
    named: list[tuple[str, Sequence[int]]] = [(words_of(context, one.cause).name, one.counts) for one in seen[:kept]]
    rest = [sum(one.counts[day] for one in seen[kept:]) for day in range(days)]
    return [*named, (said.said["plots"]["other"], rest)] if seen[kept:] else named


def _worst(
    named: Sequence[tuple[str, Sequence[int]]], days: Sequence[date], said: Words, context: RenderContext
) -> str:
    """How today compares with the worst of these days."""
    if not named:
        return said.said["plots"]["no_causes"]
    totals = [sum(counts) for counts in zip(*(counts for _, counts in named), strict=True)]
    today = said.counted("plots_today", totals[-1])
    if totals[-1]:
        rest = said.said["plots"]["other"]  # not a cause, but the rest of many
        ranked = sorted(((counts[-1], name) for name, counts in named if name != rest), reverse=True)
        (n, name), (second, _) = ranked[0], (*ranked, (0, ""))[1]
        key = "most_of_all" if n > second else "scattered"
        today = said.say("plots", key, today=today, cause=name, n=n)
    place = max(range(len(days)), key=lambda day: totals[day])
    if totals[place] == totals[-1]:
        return said.say("plots", "today_worst", today=today)
    day = spaced(format_skeleton("MMMEd", days[place], locale=context.words.locale))
    return said.say("plots", "worst", today=today, day=day, n=totals[place])
