"""The error index of a shop in words: its zone, what moved it, and what Ozon charged for single orders."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time

from babel.dates import format_skeleton
from babel.numbers import format_decimal

from labelwatch.core.error_index import Charge, Charged
from labelwatch.core.posting import Interval
from labelwatch.core.settings import ShopSettings
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.money import money
from labelwatch.messages.plain import plain, spaced
from labelwatch.messages.time_format import RenderContext, clock, day_span, hour


def say(context: RenderContext, key: str, **values: object) -> str:
    return spaced(context.words.index[key].format(**values))


def lines(context: RenderContext, settings: ShopSettings, charged: Sequence[Charged] = ()) -> Iterator[str]:
    """What is known of the index of a shop, a sentence each; nothing if it was never read."""
    index, ahead = settings.index, settings.zone_ahead
    if settings.index_refused:
        yield say(context, "refused")
    if index is None:
        return
    value = format_decimal(round(index.value, 2), locale=context.words.locale)
    yield say(context, "value", value=value, zone=context.words.index[index.zone])
    if index.since and index.until and index.currency:
        period = day_span(context, Interval(_noon(context, index.since), _noon(context, index.until)))
        yield say(context, "cost", period=period, amount=money(context, index.cost, index.currency))
    if ahead is not None and ahead.on > context.now.date():
        yield say(context, "ahead", zone=context.words.index[ahead.zone], day=day(context, ahead.on))
    for key, counted in (
        ("moved", Counter(kind(context, one.charge) for one in charged)),
        ("causes", Counter(words_of(context, one.cause).name for one in charged if one.cause)),
    ):
        if counted:
            told = (say(context, "kind", name=name, n=n) for name, n in counted.most_common())
            yield say(context, key, kinds=context.words.line.list_gap.join(told))


def kind(context: RenderContext, charge: Charge) -> str:
    """Why Ozon counts the order as an error; its own word if it is a new one."""
    return context.words.index.get(charge.kind) or plain(charge.kind, 40)


def cost(context: RenderContext, charge: Charge) -> str:
    """`90 ₽`, or that the order has a preferential status."""
    amount = money(context, charge.cost, charge.currency)
    return f"{amount} ({context.words.index['spared']})" if charge.is_spared else amount


def course(context: RenderContext, charged: Charged) -> str:
    """`told Nov 28, 12:04 · taken 12:10 · label 17:40 · cutoff 15:00`: the day only where it is another one."""
    if not charged.is_known:
        return say(context, "unknown")
    events = (
        ("told", charged.told_at, "untold"),
        ("taken", charged.taken_at, "untaken" if charged.told_at else ""),
        ("labelled", charged.labelled_at, "unlabelled"),
        ("cutoff", charged.deadline, ""),
    )
    parts, last = list[str](), None
    for name, at, otherwise in events:
        if at is not None:
            here = at.astimezone(context.zone).date()
            parts.append(say(context, name, at=hour(context, at) if here == last else clock(context, at)))
            last = here
        elif otherwise:
            parts.append(say(context, otherwise))
    return " · ".join(parts)


def rows(context: RenderContext, charged: Iterable[Charged]) -> Iterator[tuple[str, str]]:
    """Each charge: the order and its cost, and what is known of it."""
    for one in charged:
        about = (plain(one.charge.posting_number, 40), kind(context, one.charge), cost(context, one.charge))
        yield " · ".join(about), course(context, one)


def day(context: RenderContext, on: date) -> str:
    return spaced(format_skeleton("MMMd", on, locale=context.words.locale))


def _noon(context: RenderContext, on: date) -> datetime:
    return datetime.combine(on, time(12), context.zone)
