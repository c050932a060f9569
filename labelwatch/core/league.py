"""The league table of carriers: how the orders of each fared over some days, and over as many days before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labelwatch.core.alert import Family
from labelwatch.core.rules import CAUSES
from labelwatch.core.survival import Wait, at_the_earliest, known_to_within, product_limit

ENOUGH = 20
"""With fewer orders a carrier is listed, but not ranked: chance decides."""
WORST = 3
"""Hours that are named as the worst ones."""
ENOUGH_HOURS = 5
"""With fewer late labels no hours are named."""
CARRIER_CAUSES = frozenset(
    cause for cause, family in CAUSES.items() if family in (Family.CARRIER, Family.SYNC_LAG, Family.UNKNOWN)
)
"""Late for one of these causes, a packed order waited for the carrier or for Ozon, not for the seller."""


@dataclass(frozen=True, slots=True)
class Lot:
    """What was counted of the orders of one carrier and delivery method that were first seen in a period."""

    carrier: str
    method: str
    """The delivery method's latest name."""
    orders: int = 0
    labelled: int = 0
    """Those whose label was offered."""
    late: int = 0
    """Those that were late for any cause."""
    late_waiting: int = 0
    """Those of them that waited for the carrier or for Ozon, not for the seller."""
    declined: int = 0
    """Those whose registration the carrier declined."""
    label: tuple[Wait, ...] = ()
    registration: tuple[Wait, ...] = ()
    late_at: Mapping[datetime, int] = field(default_factory=dict)
    """Quarter of an hour -> how many of `late_waiting` became late in it."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long a stage takes: within `median` half of the cases were over; None = not even half of them were.

    A time is an upper bound: the end is known only to lie between two polls. `least` is the lower bound.
    """

    median: timedelta | None = None
    p95: timedelta | None = None
    least: timedelta | None = None
    """The earliest that half can have been over."""
    ended: int = 0
    unfinished: int = 0
    """Cases whose end was not seen: still open, cancelled meanwhile, or over while nobody looked."""


@dataclass(frozen=True, slots=True)
class WorstHours:
    """The hours of the day, from `start` for WORST hours, in which `late` of `of` labels became late."""

    start: int
    late: int
    of: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the table. A carrier's line over all of its methods has an empty `method`."""

    carrier: str
    method: str
    orders: int
    labelled: int
    late: int
    late_waiting: int
    declined: int
    label: Times
    registration: Times
    incidents: int = 0
    """Of the carrier, whatever the method."""
    worst_hours: WorstHours | None = None
    before: "Standing | None" = None
    """The same of the period before; None = there was no order then."""

    @property
    def late_share(self) -> float:
        """Of all orders, those that waited too long for the carrier or for Ozon."""
        return self.late_waiting / self.orders if self.orders else 0.0

    @property
    def is_ranked(self) -> bool:
        return self.orders >= ENOUGH


@dataclass(frozen=True, slots=True)
class LongWait:
    """A late order that waited long for its carrier."""

    shop: str
    number: str
    tracking_number: str
    waited: timedelta
    """In registration and for the label: at most; for an order without a label at least."""
    label_at: datetime | None
    """By when its label was there; None = it had none when it was last seen."""
    closed_at: datetime | None
    """By when it had left; None = it is still open."""
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class Period:
    """What was counted in one period."""

    lots: Sequence[Lot]
    incidents: Mapping[str, int]
    """Carrier -> its incidents that began in the period."""


def league(now: Period, before: Period, *, zone: ZoneInfo, error: timedelta) -> tuple[Standing, ...]:
    """The lines of the table: the carrier that most orders waited for too long comes first, those with few orders
    last. A carrier with several methods has a line of its own, followed by theirs, busiest first.

    Times known less precisely than `error` count as not seen.
    """
    carriers, past = _by_carrier(now.lots), _by_carrier(before.lots)
    wholes = {
        carrier: _standing(
            _together(carrier, lots),
            _together(carrier, past.get(carrier, [])),
            incidents=now.incidents.get(carrier, 0),
            zone=zone,
            error=error,
        )
        for carrier, lots in carriers.items()
    }
    ranked = sorted(wholes.values(), key=lambda one: (not one.is_ranked, -one.late_share, -one.orders, one.carrier))
    lines: list[Standing] = []
    for whole in ranked:
        lots = sorted(carriers[whole.carrier], key=lambda lot: (-lot.orders, lot.method))
        earlier = {lot.method: lot for lot in past.get(whole.carrier, [])}
        methods = [
            _standing(
                lot,
                earlier.get(lot.method, Lot(whole.carrier, lot.method)),
                incidents=whole.incidents,
                zone=zone,
                error=error,
            )
            for lot in lots
        ]
        lines += methods if len(methods) == 1 else [whole, *methods]
    return tuple(lines)


def _by_carrier(lots: Iterable[Lot]) -> dict[str, list[Lot]]:
    found: dict[str, list[Lot]] = {}
    for lot in lots:
        found.setdefault(lot.carrier, []).append(lot)
    return found


def _together(carrier: str, lots: Sequence[Lot]) -> Lot:
    """All delivery methods of a carrier as one."""
    late_at: dict[datetime, int] = {}
    for lot in lots:
        for quarter, count in lot.late_at.items():
            late_at[quarter] = late_at.get(quarter, 0) + count
    return Lot(
        carrier,
        "",
        orders=sum(lot.orders for lot in lots),
        labelled=sum(lot.labelled for lot in lots),
        late=sum(lot.late for lot in lots),
        late_waiting=sum(lot.late_waiting for lot in lots),
        declined=sum(lot.declined for lot in lots),
        label=tuple(wait for lot in lots for wait in lot.label),
        registration=tuple(wait for lot in lots for wait in lot.registration),
        late_at=late_at,
    )


def _standing(lot: Lot, before: Lot, *, incidents: int, zone: ZoneInfo, error: timedelta) -> Standing:
    past = _line(before, incidents=0, hours=None, before=None, error=error) if before.orders else None
    return _line(lot, incidents=incidents, hours=worst_hours(lot.late_at, zone), before=past, error=error)


def _line(
    lot: Lot, *, incidents: int, hours: WorstHours | None, before: Standing | None, error: timedelta
) -> Standing:
    return Standing(
        carrier=lot.carrier,
        method=lot.method,
        orders=lot.orders,
        labelled=lot.labelled,
        late=lot.late,
        late_waiting=lot.late_waiting,
        declined=lot.declined,
        label=times(lot.label, error),
        registration=times(lot.registration, error),
        incidents=incidents,
        worst_hours=hours,
        before=before,
    )


def times(waits: Sequence[Wait], error: timedelta) -> Times:
    """Half and 95 % of these waits, with what was not seen counted as censored."""
    known = list(known_to_within(waits, error))
    curve = product_limit(known)
    return Times(
        median=curve.quantile(0.5),
        p95=curve.quantile(0.95),
        least=product_limit(at_the_earliest(known)).quantile(0.5),
        ended=curve.ended,
        unfinished=curve.cases - curve.ended,
    )


def worst_hours(late_at: Mapping[datetime, int], zone: ZoneInfo) -> WorstHours | None:
    """The three hours of the day in which most became late; None = too few were, or they spread over the day."""
    total, hours = sum(late_at.values()), [0] * 24
    for quarter, count in late_at.items():
        hours[quarter.astimezone(zone).hour] += count
    if total < ENOUGH_HOURS:
        return None
    sums = [sum(hours[(start + hour) % 24] for hour in range(WORST)) for start in range(24)]
    start = max(range(24), key=lambda hour: sums[hour])
    while hours[start] == 0:
        start = (start + 1) % 24
    return WorstHours(start, sums[start], total) if 2 * sums[start] >= total else None
