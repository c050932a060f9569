"""The report of a day or a week: what was late, told, rescued and missed, what recurs, and what to change first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from labelwatch.core.alert import Alert, Family, Outcome
from labelwatch.core.error_index import Charged, costliest, sums
from labelwatch.core.league import Times
from labelwatch.core.posting import Interval, TariffStep
from labelwatch.core.rules import CAUSES

NEEDED_FOR = timedelta(days=30)
RECURS = 3
"""What happens at least this often recurs."""
MOST_RECURRING = 3
MOSTLY_WATCHED = 0.8
"""With less of the time watched, watching is the first thing to change."""
_DONE = frozenset({Outcome.LABELLED, Outcome.HANDED_OVER, Outcome.TRACKING_ENTERED, Outcome.DISPUTED})
"""Outcomes that end in time or too late; with the others the deadline was gone."""


class Change(StrEnum):
    """What to change first."""

    WATCH = "watch"
    """For much of the time nobody watched."""
    TAKE = "take"
    """Most missed orders were told in time, and nobody took them."""
    PACK = "pack"
    CARRIER = "carrier"
    OZON = "ozon"
    PRODUCT = "product"
    """A product that needs the same datum again and again."""
    METHOD = "method"
    CAUSE = "cause"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Advice:
    """The first thing to change: `n` of `of` late orders have to do with `name`."""

    change: Change
    cause: str = ""
    name: str = ""
    """Of the carrier, the delivery method or the product (its SKU)."""
    n: int = 0
    """For a product: of the orders of the last NEEDED_FOR."""
    of: int = 0


@dataclass(frozen=True, slots=True)
class Recurring:
    """A cause that comes back with the same carrier, delivery method or product (`name`: its SKU)."""

    cause: str
    name: str
    n: int


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the store knows of one shop in a period."""

    shop: str
    orders: int
    """First seen in the period."""
    labelled: int
    """Labels first offered in the period."""
    alerts: tuple[Alert, ...]
    """Of postings, open at some time in the period."""
    sent: Mapping[int, datetime]
    """Alert id -> when its first message arrived."""
    unwatched: tuple[Interval, ...]
    first_read: datetime | None
    """The first poll of the shop ever; None = there was none."""
    charged: tuple[Charged, ...] = ()
    """What Ozon charged for errors of the period."""


@dataclass(frozen=True, slots=True)
class ShopReport:
    """The numbers of one shop. An order counts once, however many alerts it had."""

    shop: str
    orders: int = 0
    labelled: int = 0
    late: int = 0
    """Orders that became late in the period."""
    told: int = 0
    """Those of them that a message arrived about."""
    rescued: int = 0
    """Told, and done in the period before their deadline."""
    missed: int = 0
    """Their deadline passed in the period without a label."""
    by_cause: Mapping[str, int] = field(default_factory=dict)
    """Cause -> how many of `late`."""
    waiting: timedelta = timedelta(0)
    """How long late orders waited within the period, together."""
    at_stake: Mapping[str, Decimal] = field(default_factory=dict)
    """Currency -> what Ozon's next tariff step would have cost for all orders of `late`."""
    lost: Mapping[str, Decimal] = field(default_factory=dict)
    """... and for those of `missed`."""
    charged: Mapping[str, Decimal] = field(default_factory=dict)
    """Currency -> what Ozon charged for errors."""
    errors: int = 0
    """The orders that Ozon counts as errors of the seller."""
    watched: timedelta = timedelta(0)
    unwatched: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The report; `total` is over all shops."""

    within: Interval
    shops: tuple[ShopReport, ...]
    total: ShopReport
    recurring: tuple[Recurring, ...]
    advice: Advice
    dark_days: tuple[date, ...]
    """Days, in the reader's zone, of which nothing is said: no shop was watched."""
    idle_share: float
    """Of the time since each shop was first read, how much was not watched, 0 to 1; 1 = no shop was ever read."""
    label: Times
    label_before: Times
    """How long labels took, in the period and in the one before it."""
    charged: tuple[Charged, ...] = ()
    """What Ozon counts as errors of the seller, the dearest first."""


def report(
    facts: Sequence[ShopFacts],
    within: Interval,
    *,
    days: Sequence[tuple[date, Interval]],
    needed: Mapping[tuple[str, str], int],
    label: Times,
    label_before: Times,
) -> PeriodReport:
    """The report of these shops; `days` are the days of the period and when each begins and ends, `needed` is (cause,
    SKU) -> how many orders of the last NEEDED_FOR needed something for that product."""
    shops = tuple(_of_shop(one, within) for one in facts)
    late = [alert for one in facts for alert in _last_of_each(_opened(one.alerts, within))]
    missed = [(alert, one.sent) for one in facts for alert in one.alerts if _is_missed(alert, within)]
    total, repeated = _total(shops), recurring(late, needed)
    new = sum((_before_first(one, within) for one in facts), timedelta(0))
    whole, idle = total.watched + total.unwatched - new, total.unwatched - new
    idle_share = idle / whole if whole else 1.0
    return PeriodReport(
        within=within,
        shops=shops,
        total=total,
        recurring=repeated,
        advice=first_change(late, missed, repeated, watched=1 - idle_share),
        dark_days=tuple(day for day, span in days if facts and all(_is_dark(one, span) for one in facts)),
        idle_share=idle_share,
        label=label,
        label_before=label_before,
        charged=tuple(costliest(charged for one in facts for charged in one.charged)),
    )


def cause_of(alert: Alert) -> str:
    """The cause that people were told, else the one that was found."""
    return alert.told.cause if alert.told else alert.diagnosis.cause


def _of_shop(facts: ShopFacts, within: Interval) -> ShopReport:
    late = _last_of_each(_opened(facts.alerts, within))
    missed = _last_of_each(alert for alert in facts.alerts if _is_missed(alert, within))
    rescued = {_number(alert) for alert in facts.alerts if _is_rescued(alert, facts.sent, within)}
    unwatched = sum((one.latest - one.earliest for one in facts.unwatched), timedelta(0))
    return ShopReport(
        shop=facts.shop,
        orders=facts.orders,
        labelled=facts.labelled,
        late=len(late),
        told=len({_number(one) for one in _opened(facts.alerts, within) if _is_told(one, facts.sent, within)}),
        rescued=len(rescued - {_number(alert) for alert in missed}),
        missed=len(missed),
        by_cause=dict(sorted(Counter(map(cause_of, late)).items(), key=lambda pair: (-pair[1], pair[0]))),
        waiting=sum((_waited(alert, within) for alert in facts.alerts), timedelta(0)),
        at_stake=_charges(late),
        lost=_charges(missed),
        charged=sums(one.charge for one in facts.charged),
        errors=len({one.charge.posting_number for one in facts.charged}),
        watched=within.latest - within.earliest - unwatched,
        unwatched=unwatched,
    )


def _number(alert: Alert) -> str:
    return alert.diagnosis.posting_number or ""


def _opened(alerts: Iterable[Alert], within: Interval) -> list[Alert]:
    return [alert for alert in alerts if within.earliest <= alert.opened_at < within.latest]


def _last_of_each(alerts: Iterable[Alert]) -> list[Alert]:
    """The latest alert of each order."""
    return list({_number(alert): alert for alert in sorted(alerts, key=lambda one: one.opened_at)}.values())


def _is_missed(alert: Alert, within: Interval) -> bool:
    deadline, ended = alert.diagnosis.deadline, alert.resolved_at
    if deadline is None or not within.earliest <= deadline < within.latest:
        return False
    return ended is None or (ended > deadline and alert.outcome in _DONE)


def _is_rescued(alert: Alert, sent: Mapping[int, datetime], within: Interval) -> bool:
    deadline, ended, told = alert.diagnosis.deadline, alert.resolved_at, sent.get(alert.id or 0)
    if deadline is None or ended is None or told is None or alert.outcome not in _DONE:
        return False
    return within.earliest <= ended < within.latest and told < ended <= deadline


def _is_told(alert: Alert, sent: Mapping[int, datetime], within: Interval) -> bool:
    at = sent.get(alert.id or 0)
    return at is not None and at < within.latest


def _waited(alert: Alert, within: Interval) -> timedelta:
    end = min(alert.resolved_at or within.latest, within.latest)
    return max(end - max(alert.opened_at, within.earliest), timedelta(0))


def charge(step: TariffStep | None) -> Decimal | None:
    """What a step of the tariff costs; None = it names no amount, or is a discount."""
    if step is None or step.kind != "commission":
        return None
    return amount(step.charge)


def amount(text: str) -> Decimal | None:
    """An amount of money as Ozon writes it; None = it is none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**12 else None


def _charges(alerts: Iterable[Alert]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for alert in alerts:
        step = alert.diagnosis.next_tariff
        if step is not None and (cost := charge(step)):
            found[step.currency] = found.get(step.currency, Decimal(0)) + cost
    return dict(sorted(found.items()))


def _is_dark(facts: ShopFacts, day: Interval) -> bool:
    """Whether a shop was not watched at all on this day."""
    return any(one.earliest <= day.earliest and day.latest <= one.latest for one in facts.unwatched)


def _before_first(facts: ShopFacts, within: Interval) -> timedelta:
    """How much of the period lies before the first poll of the shop."""
    first = min(facts.first_read or within.latest, within.latest)
    return max(first - within.earliest, timedelta(0))


def _total(shops: Sequence[ShopReport]) -> ShopReport:
    by_cause = Counter[str]()
    for one in shops:
        by_cause.update(one.by_cause)
    return ShopReport(
        shop="",
        orders=sum(one.orders for one in shops),
        labelled=sum(one.labelled for one in shops),
        late=sum(one.late for one in shops),
        told=sum(one.told for one in shops),
        rescued=sum(one.rescued for one in shops),
        missed=sum(one.missed for one in shops),
        by_cause=dict(sorted(by_cause.items(), key=lambda pair: (-pair[1], pair[0]))),
        waiting=sum((one.waiting for one in shops), timedelta(0)),
        at_stake=_sums(one.at_stake for one in shops),
        lost=_sums(one.lost for one in shops),
        charged=_sums(one.charged for one in shops),
        errors=sum(one.errors for one in shops),
        watched=sum((one.watched for one in shops), timedelta(0)),
        unwatched=sum((one.unwatched for one in shops), timedelta(0)),
    )


def _sums(found: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for one in found:
        for currency, cost in one.items():
            total[currency] = total.get(currency, Decimal(0)) + cost
    return dict(sorted(total.items()))


def recurring(late: Iterable[Alert], needed: Mapping[tuple[str, str], int]) -> tuple[Recurring, ...]:
    """What came back most often among late orders, and what new orders needed most often."""
    counts = Counter(pair for alert in late for pair in _with_what(alert))
    for pair, n in needed.items():
        counts[pair] = max(counts[pair], n)
    often = [Recurring(cause, name, n) for (cause, name), n in counts.items() if n >= RECURS]
    return tuple(sorted(often, key=lambda one: (-one.n, one.cause, one.name))[:MOST_RECURRING])


def _with_what(alert: Alert) -> set[tuple[str, str]]:
    """Its cause with what that may recur with: each product that lacks something, the carrier, or the method."""
    about, cause = alert.diagnosis, cause_of(alert)
    match CAUSES.get(cause):
        case Family.ANOMALY:
            names = {sku for _, skus in about.requirements for sku in skus}
        case Family.CARRIER:
            names = {about.method.carrier}
        case Family.DELIVERY_METHOD:
            names = {about.method.name}
        case _:
            names = set()
    return {(cause, name) for name in names if name}


_BY_FAMILY = {
    Family.NOT_PROCESSED: Change.PACK,
    Family.CARRIER: Change.CARRIER,
    Family.SYNC_LAG: Change.OZON,
    Family.DELIVERY_METHOD: Change.METHOD,
}


def first_change(
    late: Sequence[Alert],
    missed: Sequence[tuple[Alert, Mapping[int, datetime]]],
    repeated: Sequence[Recurring],
    *,
    watched: float,
) -> Advice:
    """What to change first: what cost most orders their deadline, else what made most of them late."""
    product = next((one for one in repeated if CAUSES.get(one.cause) is Family.ANOMALY), None)
    if watched < MOSTLY_WATCHED:
        return Advice(Change.WATCH)
    if not late and not missed and product is None:
        return Advice(Change.NOTHING)
    untaken = sum(_was_left(alert, sent) for alert, sent in missed)
    if untaken >= 2 and 2 * untaken >= len(missed):
        return Advice(Change.TAKE, n=untaken, of=len(missed))
    if product is not None and 4 * product.n >= len(late):
        return Advice(Change.PRODUCT, product.cause, product.name, product.n, max(product.n, len(late)))
    weights = Counter(_reason(alert) for alert in late)
    for alert, _ in missed:
        weights[_reason(alert)] += RECURS
    (change, cause, name), _ = min(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    about = [*late, *(alert for alert, _ in missed if alert not in late)]
    n = sum(_reason(alert) == (change, cause, name) for alert in about)
    return Advice(change, cause, name, n, len(about))


def _reason(alert: Alert) -> tuple[Change, str, str]:
    cause, method = cause_of(alert), alert.diagnosis.method
    change = _BY_FAMILY.get(CAUSES.get(cause, Family.UNKNOWN), Change.CAUSE)
    name = {Change.CARRIER: method.carrier, Change.METHOD: method.name}.get(change, "")
    return change, cause if change is Change.CAUSE else "", name


def _was_left(alert: Alert, sent: Mapping[int, datetime]) -> bool:
    """Whether a message about it arrived an hour before its deadline or earlier, and nobody took it."""
    deadline, told = alert.diagnosis.deadline, sent.get(alert.id or 0)
    in_time = deadline is not None and told is not None and deadline - told >= timedelta(hours=1)
    return in_time and not alert.handled_by
