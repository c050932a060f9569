"""Peaks: labels of a delivery method come, but more slowly than normal, so that for a while the limit is wider.

Whether the last hour is slower beyond chance is the one-sample log-rank test: N. E. Breslow, "Analysis of Survival
Data under the Proportional Hazards Model", International Statistical Review 43 (1975), 45-57.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log, sqrt

from labelwatch.core.survival import Survival

WINDOW = timedelta(hours=1)
SLOWER = (1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
"""What is slower still is no peak but an incident, and people are told as early as ever."""
ENDED_AT_LEAST = 5
"""Labels that do not come at all are no peak either."""
SURE = 3.0
"""Standard errors: chance exceeds this once in 700 times."""
ON_PEAK_DAYS = 2.0
_FRIDAY = 4

Slower = Mapping[str, Mapping[str, float]]
"""Stage -> delivery method id -> how many times slower than normal it is now."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A wait in the last hour: how long it had lasted when the hour began, how long it lasts now or lasted."""

    before: timedelta
    lasted: timedelta
    ended: bool


def times_slower(curve: Survival, recent: Sequence[Recent], day: date) -> float:
    """How many times slower than normal is to be expected now, 1 or more: by the last hour, and by the day."""
    return max(on_day(day), slowness(curve, recent))


def slowness(curve: Survival, recent: Sequence[Recent]) -> float:
    """How many times slower than normal these waits are: 1 unless it is sure that they are slower, and still come."""
    ended, expected = sum(wait.ended for wait in recent), _expected(curve, recent)
    if ended < ENDED_AT_LEAST or expected - ended < SURE * sqrt(expected):
        return 1.0
    return next((times for times in SLOWER if _expected(curve, recent, slower=times) <= ended), 1.0)


def _expected(curve: Survival, recent: Sequence[Recent], *, slower: float = 1.0) -> float:
    """How many of these waits would have ended in the last hour if all took so many times as long as normal."""
    return sum(_hazard(curve, wait.lasted / slower) - _hazard(curve, wait.before / slower) for wait in recent)


def _hazard(curve: Survival, time: timedelta) -> float:
    """The cumulative hazard: how many ends are expected of one case in this time."""
    return -log(max(curve.waiting_after(time), 0.5 / max(curve.cases, 1)))


def on_day(day: date) -> float:
    """How much wider what is normal is on the days of the big sales, of which a month of history knows nothing: those
    around 11 November, and from Black Friday (after the fourth Thursday of November) to the Monday after it."""
    if day.month == 11 and 10 <= day.day <= 12:
        return ON_PEAK_DAYS
    friday = next(one for one in (date(day.year, 11, n) for n in range(23, 30)) if one.weekday() == _FRIDAY)
    return ON_PEAK_DAYS if timedelta(0) <= day - friday <= timedelta(days=3) else 1.0
