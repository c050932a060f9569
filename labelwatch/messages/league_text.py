"""The league table of carriers in words: its cells, what it says in one sentence, and how honest it is."""

from collections.abc import Sequence
from datetime import timedelta

from babel.numbers import format_percent

from labelwatch.core.league import ENOUGH, WORST, Standing, Times
from labelwatch.messages.plain import plain, spaced
from labelwatch.messages.time_format import RenderContext, brief

COLUMNS = (
    *("carrier", "method", "orders", "labelled", "late", "late_waiting", "declined"),
    *("registration", "label", "incidents", "hours", "trend"),
)
"""The columns in order; each is a heading of the catalog."""


def say(context: RenderContext, key: str, **values: object) -> str:
    """A phrase of the table."""
    return spaced(context.words.league[key].format(**values))


def headings(context: RenderContext) -> tuple[str, ...]:
    return tuple(say(context, key) for key in COLUMNS)


def cells(context: RenderContext, line: Standing, *, with_methods: bool = False) -> tuple[str, ...]:
    """The cells of a line, in the order of COLUMNS; `with_methods`: the line is about all methods of a carrier."""
    hours = line.worst_hours
    return (
        carrier_name(context, line.carrier),
        say(context, "all_methods") if with_methods else plain(line.method, 60) or say(context, "no_method"),
        str(line.orders),
        str(line.labelled),
        str(line.late or ""),
        say(context, "share", n=line.late_waiting, share=percent(context, line.late_share))
        if line.late_waiting
        else "",
        str(line.declined or ""),
        quantiles(context, line.registration),
        quantiles(context, line.label),
        str(line.incidents or ""),
        say(context, "hours_cell", **span_of_hours(hours.start), late=hours.late, of=hours.of) if hours else "",
        trend(context, line),
    )


def carrier_name(context: RenderContext, carrier: str) -> str:
    return plain(carrier, 60) or say(context, "no_carrier")


def span_of_hours(start: int) -> dict[str, str]:
    """`start` and `end` of the worst hours: 15:00, 18:00."""
    return {"start": f"{start:02}:00", "end": f"{(start + WORST) % 24:02}:00"}


def percent(context: RenderContext, share: float) -> str:
    """A share of 0 to 1, as `8 %`; less than half a percent is not written as nothing."""
    return format_percent(max(share, 0.01) if share else 0, locale=context.words.locale)


def took(context: RenderContext, time: timedelta | None) -> str:
    """A quantile, rounded up; a dash where the curve does not reach it."""
    return say(context, "unreached") if time is None else brief(context, -(-time // timedelta(seconds=1)))


def quantiles(context: RenderContext, times: Times) -> str:
    """`1 min 10 s, 4 min`; empty if nothing was waited for."""
    if not times.ended and not times.unfinished:
        return ""
    return say(context, "half_p95", half=took(context, times.median), most=took(context, times.p95))


def trend(context: RenderContext, line: Standing) -> str:
    """What changed against the days before: the share that waited too long, and half of the label times."""
    before = line.before
    if before is None:
        return say(context, "trend_none")
    pairs = {
        "trend_share": (percent(context, before.late_share), percent(context, line.late_share)),
        "trend_label": (took(context, before.label.median), took(context, line.label.median)),
    }
    changed = [say(context, key, before=old, now=new) for key, (old, new) in pairs.items() if old != new]
    return say(context, "gap").join(changed) or say(context, "trend_same")


def reading(context: RenderContext, lines: Sequence[Standing], days: int) -> str:
    """What the table says, in one sentence."""
    if not lines:
        return say(context, "nothing", days=days)
    worst = next((line for line in lines if line.is_ranked and line.late_waiting), None)
    if worst is None:
        worst = next((line for line in lines if line.late_waiting), None)
    if worst is None:
        return say(context, "reading_calm")
    return say(
        context,
        "reading",
        carrier=carrier_name(context, worst.carrier),
        n=worst.late_waiting,
        orders=worst.orders,
        share=percent(context, worst.late_share),
    )


def notes(context: RenderContext, lines: Sequence[Standing], *, watched: float, days: int) -> list[str]:
    """How the numbers were made, and what they do not say; `watched`: the share of the time, 0 to 1."""
    if watched <= 0:
        return [say(context, "unread", days=days)]
    said = [say(context, "unwatched", share=percent(context, 1 - watched))] if watched < 0.995 else []
    if not lines:
        return said
    few = [say(context, "few", n=ENOUGH)] if any(not line.is_ranked for line in lines) else []
    return [*said, *few, say(context, "late_meaning"), say(context, "upper")]


def totals(lines: Sequence[Standing]) -> list[Standing]:
    """One line for each carrier."""
    found: dict[str, Standing] = {}
    for line in lines:
        found.setdefault(line.carrier, line)  # a carrier's own line stands before those of its methods
    return list(found.values())


def has_methods(lines: Sequence[Standing], line: Standing) -> bool:
    """Whether a line is a carrier's own, followed by those of its methods."""
    return sum(other.carrier == line.carrier for other in lines) > 1 and line in totals(lines)
