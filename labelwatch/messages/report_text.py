"""The report of a day or a week as a message that fits a phone: first the one thing to change."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from babel.dates import format_interval

from labelwatch.core.period_report import Advice, Change, PeriodReport, ShopReport
from labelwatch.messages import index_text
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.league_text import percent, took
from labelwatch.messages.message import Kind, Message, Piece, Section, SizeLimit, affordable, joined
from labelwatch.messages.money import money
from labelwatch.messages.plain import plain, spaced
from labelwatch.messages.render import LIMIT
from labelwatch.messages.time_format import RenderContext, day_span, duration

MAX_CAUSES, MAX_SHOPS, MAX_DAYS, MAX_CHARGES = 8, 12, 7, 3


def say(context: RenderContext, key: str, **values: object) -> str:
    return spaced(context.words.report[key].format(**values))


def message(context: RenderContext, found: PeriodReport, *, name: str = "", limit: SizeLimit = LIMIT) -> Message:
    """One message within `limit`; `name`: of the shop or the group that it is about."""
    title = _title(context, found, name)
    if not found.total.watched:
        return Message(title, (Section(lines=(say(context, "unwatched"),)),), Kind.WARNING)
    pieces = affordable(_pieces(context, found), limit.beside(title=title))
    return Message(title, joined(pieces), Kind.WARNING if found.total.missed else Kind.INFO)


def _title(context: RenderContext, found: PeriodReport, name: str) -> str:
    """`📊 main, 24 Nov – 1 Dec 2026: late 9 · rescued 6 · missed 1`."""
    total, about = found.total, plain(name, 40)
    when = day_span(context, found.within)
    head = say(context, "named", name=about, period=when) if about else when
    numbers = (("late", total.late), ("rescued", total.rescued), ("missed", total.missed))
    told = [say(context, f"title_{key}", n=n) for key, n in numbers if n]
    if not total.watched:
        told = [say(context, "title_unwatched")]
    return say(context, "title", head=head, text=" · ".join(told) or say(context, "title_calm"))


def advice(context: RenderContext, found: PeriodReport) -> str:
    """The one thing to change first, in one sentence."""
    first: Advice = found.advice
    return say(
        context,
        f"advice_{first.change}",
        name=plain(first.name, 60) or say(context, "no_name"),
        cause=words_of(context, first.cause).name if first.cause else "",
        n=first.n,
        of=first.of,
        share=percent(context, found.idle_share),
    )


def _pieces(context: RenderContext, found: PeriodReport) -> Iterator[Piece]:
    total = found.total
    yield 0, Section(heading=say(context, "first"), lines=(advice(context, found),))
    yield 1, Section(lines=tuple(_numbers(context, found)))
    if total.by_cause:
        yield 2, Section(heading=say(context, "by_cause"))
    for cause, n in list(total.by_cause.items())[:MAX_CAUSES]:
        yield 2, Section(rows=((words_of(context, cause).name, str(n)),))
    if found.recurring:
        yield 3, Section(heading=say(context, "recurring"))
    for one in found.recurring:
        about = " · ".join(filter(None, (words_of(context, one.cause).name, plain(one.name, 40))))
        yield 3, Section(rows=((about, say(context, "times", n=one.n)),))
    yield from _charges(context, found)
    if len(found.shops) > 1:
        yield 5, Section(heading=say(context, "by_shop"))
        shops = sorted(found.shops, key=lambda shop: (-shop.missed, -shop.late, shop.shop))
        for shop in shops[:MAX_SHOPS]:
            yield 5, Section(rows=((plain(shop.shop, 40), _of_shop(context, shop)),))
        if len(shops) > MAX_SHOPS:
            yield 5, Section(lines=(say(context, "more_shops", n=len(shops) - MAX_SHOPS),))
    for line in _watching(context, found):
        yield 6, Section(lines=(line,), aside=True)


def _charges(context: RenderContext, found: PeriodReport) -> Iterator[Piece]:
    if found.charged:
        yield 4, Section(heading=say(context, "charges"))
    for row in index_text.rows(context, found.charged[:MAX_CHARGES]):
        yield 4, Section(rows=(row,))


def _numbers(context: RenderContext, found: PeriodReport) -> Iterator[str]:
    total = found.total
    yield say(context, "orders", orders=total.orders, labelled=total.labelled)
    if total.late or total.missed:
        yield say(context, "late", late=total.late, told=total.told, rescued=total.rescued, missed=total.missed)
    if total.waiting:
        yield say(context, "waiting", time=duration(context, total.waiting))
    if total.at_stake:
        yield say(context, "at_stake", amount=_sum(context, total.at_stake))
    if total.lost:
        yield say(context, "lost", amount=_sum(context, total.lost))
    if total.errors:
        key = "charged" if total.charged else "errors"
        yield say(context, key, amount=_sum(context, total.charged), n=total.errors)
    if found.label.median is not None:
        now, before = took(context, found.label.median), found.label_before.median
        most = found.label.p95
        yield say(context, "label" if most else "label_half", half=now, most=took(context, most))
        if before is not None and (was := took(context, before)) != now:
            yield say(context, "label_before", half=was)


def _sum(context: RenderContext, amounts: Mapping[str, Decimal]) -> str:
    return " + ".join(money(context, cost, currency) for currency, cost in amounts.items())


def _of_shop(context: RenderContext, shop: ShopReport) -> str:
    if not shop.watched:
        return say(context, "title_unwatched")
    numbers = (("late", shop.late), ("rescued", shop.rescued), ("missed", shop.missed))
    return " · ".join(say(context, f"title_{key}", n=n) for key, n in numbers if n) or say(context, "shop_calm")


def _watching(context: RenderContext, found: PeriodReport) -> Iterator[str]:
    """Of which days nothing is said, and how much of the time was not watched."""
    if found.dark_days:
        yield say(context, "dark_days", days=spaced(", ".join(_spans(context, found.dark_days)[:MAX_DAYS])))
    if found.idle_share >= 0.005 and found.advice.change is not Change.WATCH:
        yield say(context, "gaps", share=percent(context, found.idle_share))


def _spans(context: RenderContext, days: Sequence[date]) -> list[str]:
    """Days in ascending order, those in a row as a span: `2 – 4 Nov`, `7 Nov`."""
    rows = groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0])
    spans = [[day for _, day in row] for _, row in rows]
    return [format_interval(one[0], one[-1], "MMMd", locale=context.words.locale) for one in spans]
