"""The error index of a shop at Ozon: its zone, where it is heading, and what Ozon charges for single orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from statistics import median

LOOK_BACK = 7
"""The days whose trend is continued."""
LOOK_AHEAD = 3
"""How many days it is continued for."""
FEWEST_DAYS = 4
SAME = 0.5
"""The days belong to the index if the last of them differs from it by no more than this."""
WARNED_FOR = timedelta(days=7)
"""How long nobody is told again that the same zone is near."""


class Zone(StrEnum):
    """The zones of the error index, the best first."""

    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


_UP_TO = ((4.0, Zone.GREEN), (10.0, Zone.BLUE), (20.0, Zone.YELLOW), (40.0, Zone.ORANGE))
"""By Ozon's help page on cancellations; its API names the index alone."""


def zone_of(value: float) -> Zone:
    """The zone of a value of the index."""
    return next((zone for most, zone in _UP_TO if value <= most), Zone.RED)


def is_worse(zone: str, than: str) -> bool:
    """Whether one zone is worse than another, by their names."""
    order = list(Zone)
    return order.index(Zone(zone)) > order.index(Zone(than))


@dataclass(frozen=True, slots=True)
class IndexDay:
    """The index of one day, and what Ozon charged for its errors."""

    day: date
    value: float
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ErrorIndex:
    """The index as Ozon gives it, for a period of days."""

    value: float
    days: tuple[IndexDay, ...] = ()
    """Oldest first."""
    since: date | None = None
    until: date | None = None
    cost: Decimal = Decimal(0)
    """What Ozon charged for the errors of the period."""
    currency: str = ""

    @property
    def zone(self) -> Zone:
        return zone_of(self.value)


@dataclass(frozen=True, slots=True)
class ZoneAhead:
    """A worse zone that the index is heading for, and the day on which people were warned of it."""

    zone: Zone
    on: date
    warned_on: date


@dataclass(frozen=True, slots=True)
class Charge:
    """One order that Ozon counts as an error of the seller; `kind` is Ozon's own word."""

    posting_number: str
    kind: str
    at: datetime
    cost: Decimal = Decimal(0)
    currency: str = ""
    percent: float = 0.0
    is_spared: bool = False
    """Ozon gives it a preferential status."""


@dataclass(frozen=True, slots=True)
class IndexReading:
    """The index, and the orders that moved it since the time that was asked for."""

    index: ErrorIndex
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Charged:
    """A charge beside what is known of its order here; None = it never happened, or nobody saw it."""

    shop: str
    charge: Charge
    cause: str = ""
    carrier: str = ""
    told_at: datetime | None = None
    """The first message that arrived about it."""
    taken_at: datetime | None = None
    labelled_at: datetime | None = None
    deadline: datetime | None = None
    is_known: bool = False
    """The order was watched here."""


def heading_for(index: ErrorIndex) -> tuple[Zone, date] | None:
    """The first worse zone that the trend of the last days reaches soon, and when; None = none, or not known.

    The trend is the median of the slopes between any two days (Theil and Sen), so one odd day does not make one.
    """
    days = index.days[-LOOK_BACK:]
    if len(days) < FEWEST_DAYS or abs(days[-1].value - index.value) > SAME:
        return None
    slope = median(_slope(one, other) for one, other in combinations(days, 2) if one.day != other.day)
    for ahead in range(1, LOOK_AHEAD + 1):
        zone = zone_of(index.value + slope * ahead)
        if is_worse(zone, index.zone):
            return zone, days[-1].day + timedelta(days=ahead)
    return None


def warned(index: ErrorIndex, before: ErrorIndex | None, last: ZoneAhead | None, *, today: date) -> ZoneAhead | None:
    """The warning that stands: a new one if the index is heading for a worse zone, else the last one for a while."""
    found = heading_for(index)
    stands = (
        last is not None
        and before is not None
        and before.zone is index.zone
        and today - last.warned_on < WARNED_FOR
        and (found is None or not is_worse(found[0], last.zone))
    )
    if stands or found is None:
        return last if stands else None
    return ZoneAhead(*found, warned_on=today)


def sums(charges: Iterable[Charge]) -> Mapping[str, Decimal]:
    """Currency -> what these charges cost together."""
    found: dict[str, Decimal] = {}
    for one in charges:
        if one.cost:
            found[one.currency] = found.get(one.currency, Decimal(0)) + one.cost
    return dict(sorted(found.items()))


def costliest(charged: Iterable[Charged]) -> Sequence[Charged]:
    """The same, the dearest first, then the newest."""
    return sorted(charged, key=lambda one: (one.charge.cost, one.charge.at), reverse=True)


def _slope(one: IndexDay, other: IndexDay) -> float:
    return (other.value - one.value) / (other.day - one.day).days
