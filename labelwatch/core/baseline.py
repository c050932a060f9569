"""What is normal: how long registration and labels of a delivery method take, learned from the shop's own history.

A method has one curve, and one of its own for each part of the week in which it is faster or slower beyond chance.
The limit of "auto" follows from it: one and a half times the time within which 99 of 100 are done (twice that time
until a whole week was seen), never below FLOORS nor above CEILING times the fixed limit.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from labelwatch.core.survival import Survival, Wait, logrank, product_limit

ENOUGH = 100
"""The slowest percent means nothing with fewer observations."""
A_WEEK = timedelta(days=6)
"""From the first to the last of them: every day of a week."""
ENOUGH_TO_SHOW = 30
ENOUGH_AT_RISK = 10
"""A chance is told from no fewer cases that waited as long."""
QUANTILE = 0.99
MARGIN, WIDE_MARGIN = 1.5, 2.0
"""Without it one in a hundred would be late though nothing is wrong. The wide one holds until a whole week was seen,
since other days may be slower."""
LEARN_WITHIN = timedelta(minutes=3)
"""A duration counts as observed only when both of its ends are known to within this."""
FLOORS = {"label": timedelta(minutes=5), "registration": timedelta(minutes=15)}
"""A method that needs seconds is not late after some more: nobody can do anything about it so soon."""
CEILING = 4
"""How many times the fixed limit a learned one may be; the warning before the deadline comes in any case."""
DIFFERENT = 10.83
"""The chi-square that chance exceeds once in a thousand (one degree of freedom)."""
_DAY = range(8, 20)
_SATURDAY = 5


class Hours(StrEnum):
    """The part of the week in which a wait began, by the shop's clock."""

    MONDAY = "monday"
    """By day, when the orders of the weekend are packed."""
    WORKDAY = "workday"
    NIGHT = "night"
    WEEKEND = "weekend"


@dataclass(frozen=True, slots=True)
class Case:
    """One wait that was seen: when it began at the earliest, and to within what time that is known."""

    began: datetime
    wait: Wait
    began_within: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Normal:
    """How long it takes, and the limit that follows (before floor and ceiling); None = not enough is known."""

    curve: Survival
    limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class MethodNormal:
    """What is normal for a delivery method, at any time and in the parts of the week that differ."""

    whole: Normal
    by_hours: Mapping[Hours, Normal] = field(default_factory=dict)

    def at(self, began: datetime, timezone: str) -> Normal:
        """What is normal for what began at this time."""
        return self.by_hours.get(hours_of(began, ZoneInfo(timezone)), self.whole) if self.by_hours else self.whole


Learned = Mapping[str, Mapping[str, MethodNormal]]
"""Stage -> delivery method id -> what is normal."""


def without_curves(learned: Learned) -> Learned:
    """What decides when a posting is late: the limits alone, where there are any."""
    nothing = Survival((), 0, 0)
    return {
        stage: {
            method: MethodNormal(
                Normal(nothing, one.whole.limit),
                {hours: Normal(nothing, part.limit) for hours, part in one.by_hours.items()},
            )
            for method, one in of_methods.items()
            if one.whole.limit is not None
        }
        for stage, of_methods in learned.items()
    }


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """A limit that was learned, the fixed one in whose place it is, and from how many labels it was learned."""

    limit: timedelta
    fixed: timedelta
    cases: int


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a delivery method usually takes, and what follows for one case that has waited for a while."""

    median: timedelta
    most: timedelta
    """95 % are done within this."""
    chance: float | None = None
    """The share of those that waited this long and were done before such a deadline; None = too few to say."""
    learned: LearnedLimit | None = None
    """The limit, if it was learned."""


def hours_of(at: datetime, zone: ZoneInfo) -> Hours:
    """The part of the week that a time belongs to in a zone."""
    local = at.astimezone(zone)
    if local.weekday() >= _SATURDAY:
        return Hours.WEEKEND
    if local.hour not in _DAY:
        return Hours.NIGHT
    return Hours.WORKDAY if local.weekday() else Hours.MONDAY


def learn(cases: Mapping[str, Iterable[Case]], *, error: timedelta, timezone: str) -> dict[str, MethodNormal]:
    """Delivery method id -> what is normal for it, from cases whose length is known to within `error`."""
    zone = ZoneInfo(timezone)
    return {method: _of_method(list(_watched(some, error)), zone) for method, some in cases.items()}


def _watched(cases: Iterable[Case], error: timedelta) -> Iterator[Case]:
    """Nothing is learned from a time in which nobody looked: a case that began in it is left out, and one that ended
    in it was not over when it was last seen. An end is in the middle of the time in which it can have been."""
    for case in cases:
        shortest, longest = case.wait.shortest, case.wait.longest
        if case.began_within > error / 2 or (longest is not None and longest < shortest):
            continue
        is_seen = longest is not None and longest - shortest <= error
        middle = (shortest + longest) / 2 if longest is not None and is_seen else None
        yield Case(case.began, Wait(shortest, middle, case.wait.count))


def _of_method(cases: Collection[Case], zone: ZoneInfo) -> MethodNormal:
    whole = _normal(cases)
    if whole.limit is None:
        return MethodNormal(whole)
    parts: dict[Hours, list[Case]] = {}
    for case in cases:
        parts.setdefault(hours_of(case.began, zone), []).append(case)
    own = {hours: _normal(part) for hours, part in parts.items()}
    return MethodNormal(
        whole, {hours: one for hours, one in own.items() if one.limit is not None and _differs(hours, parts)}
    )


def _normal(cases: Collection[Case]) -> Normal:
    curve = product_limit(case.wait for case in cases)
    ends = [case.began for case in cases if case.wait.longest is not None]
    slowest = curve.quantile(QUANTILE)
    if curve.ended < ENOUGH or slowest is None:
        return Normal(curve)
    margin = MARGIN if max(ends) - min(ends) >= A_WEEK else WIDE_MARGIN
    return Normal(curve, rounded_up(margin * slowest))


def _differs(hours: Hours, parts: Mapping[Hours, Collection[Case]]) -> bool:
    others = (case.wait for other, part in parts.items() if other is not hours for case in part)
    return logrank((case.wait for case in parts[hours]), others) > DIFFERENT


def rounded_up(limit: timedelta) -> timedelta:
    """To minutes, of long times to five or fifteen: a limit that changes by seconds every day is no other limit."""
    step = timedelta(minutes=1 if limit <= timedelta(minutes=20) else 5 if limit <= timedelta(hours=2) else 15)
    return -(-limit // step) * step


def limit_of(normal: Normal | None, *, stage: str, fixed: timedelta) -> LearnedLimit | None:
    """The limit of a stage that follows from what is normal, within bounds; None = the fixed one applies."""
    if normal is None or normal.limit is None:
        return None
    floor = min(FLOORS[stage], fixed)
    return LearnedLimit(min(max(normal.limit, floor), CEILING * fixed), fixed, normal.curve.ended)


def usual(
    curve: Survival | None, waited: timedelta, left: timedelta | None, learned: LearnedLimit | None = None
) -> Usual | None:
    """What is usual for a case that has waited so long and has so much time left (None = no deadline); None = not
    enough has been seen to say so."""
    if curve is None or curve.ended < ENOUGH_TO_SHOW:
        return None
    median, most = curve.quantile(0.5), curve.quantile(0.95)
    if median is None or most is None:
        return None
    waiting = curve.waiting_after(waited)
    if left is None or left <= timedelta(0) or round(waiting * curve.cases) < ENOUGH_AT_RISK:
        return Usual(median, most, learned=learned)
    return Usual(median, most, 1 - curve.waiting_after(waited + left) / waiting, learned)
