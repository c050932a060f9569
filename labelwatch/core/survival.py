"""Kaplan-Meier: what share of the cases still waits after a time, with unfinished ones counted as censored.

Source of the product-limit estimate: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete
Observations", Journal of the American Statistical Association 53 (1958), 457-481. Of the log-rank test: N. Mantel,
"Evaluation of Survival Data and Two New Rank Order Statistics Arising in Its Consideration", Cancer Chemotherapy
Reports 50 (1966), 163-170.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import itemgetter

_ROUNDING = 1e-9
"""Products of floats: a share this close to the wanted one is the wanted one."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Cases of the same length: their end was seen after `shortest`, and not after `longest`.

    `longest` None: no end was seen; all that is known is that they lasted `shortest` at least (censored).
    """

    shortest: timedelta
    longest: timedelta | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Survival:
    """A product-limit curve: after each of these times, the share that still waits."""

    steps: tuple[tuple[timedelta, float], ...]
    cases: int
    ended: int

    def quantile(self, share: float) -> timedelta | None:
        """The time within which this share (0 to 1) has ended; None = the curve does not reach it."""
        left = 1 - share + _ROUNDING
        return next((at for at, waiting in self.steps if waiting <= left), None)

    def waiting_after(self, time: timedelta) -> float:
        """The share that still waits after `time`; after the last end, the last known share."""
        place = bisect_right(self.steps, time, key=itemgetter(0))
        return self.steps[place - 1][1] if place else 1.0


def product_limit(waits: Iterable[Wait]) -> Survival:
    """The curve of ends at their latest; a censored case counts among those at risk until its shortest time.

    Where an end and a censoring fall together, the end comes first, as in the source.
    """
    ends, lost = _counted(waits)
    cases, ended = ends.total() + lost.total(), ends.total()
    at_risk, waiting, steps = cases, 1.0, []
    for time in sorted(ends.keys() | lost.keys()):
        if ends[time]:
            waiting *= 1 - ends[time] / at_risk
            steps.append((time, waiting))
        at_risk -= ends[time] + lost[time]
    return Survival(tuple(steps), cases, ended)


def logrank(waits: Iterable[Wait], others: Iterable[Wait]) -> float:
    """How much these ends differ from those of the others: a chi-square with one degree of freedom."""
    ends, lost = _counted(waits)
    other_ends, other_lost = _counted(others)
    at_risk, beside = ends.total() + lost.total(), other_ends.total() + other_lost.total()
    surplus = variance = 0.0
    for time in sorted(ends.keys() | lost.keys() | other_ends.keys() | other_lost.keys()):
        both, ended = at_risk + beside, ends[time] + other_ends[time]
        if ended and both > 1:
            surplus += ends[time] - ended * at_risk / both
            variance += ended * at_risk * beside * (both - ended) / (both * both * (both - 1))
        at_risk -= ends[time] + lost[time]
        beside -= other_ends[time] + other_lost[time]
    return surplus * surplus / variance if variance else 0.0


def _counted(waits: Iterable[Wait]) -> tuple[Counter[timedelta], Counter[timedelta]]:
    """How many ended at each time, and how many were lost."""
    ends, lost = Counter[timedelta](), Counter[timedelta]()
    for wait in waits:
        if wait.longest is None:
            lost[wait.shortest] += wait.count
        else:
            ends[wait.longest] += wait.count
    return ends, lost


def at_the_earliest(waits: Iterable[Wait]) -> Iterator[Wait]:
    """The same with every end at its earliest: the curves of both are the bounds of the true one."""
    return (wait if wait.longest is None else replace(wait, longest=wait.shortest) for wait in waits)


def known_to_within(waits: Iterable[Wait], error: timedelta) -> Iterator[Wait]:
    """The same with an end that is known less precisely than `error` counted as not seen: nothing is learned from a
    time in which nobody looked, except that the case was not over when it began."""
    for wait in waits:
        is_vague = wait.longest is not None and wait.longest - wait.shortest > error
        yield replace(wait, longest=None) if is_vague else wait
