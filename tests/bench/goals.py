"""What labelwatch is to reach, and whether it did."""

from dataclasses import dataclass

from tests.bench.contest import Outcome
from tests.bench.scale import Size, exponent, growth
from tests.bench.world import PAGE

_TIMES_AS_FAST = {"naive": 8.0, "ozonapi-async": 40.0}


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that was measured, and how big it is to be: at least, or at most, what is wanted."""

    name: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        if self.at_least is not None:
            return self.measured >= self.at_least
        return self.at_most is None or self.measured <= self.at_most

    @property
    def wanted(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


def of_contest(contest: Outcome) -> list[Goal]:
    """How fast it is beside the others."""
    goals = [
        Goal("unchanged poll: of the limit's speed", contest.ratio("labelwatch", "limit", "unchanged"), at_least=0.6),
        Goal("first poll: of the limit's speed", contest.ratio("labelwatch", "limit", "first"), at_least=0.4),
    ]
    for name, wanted in _TIMES_AS_FAST.items():
        if name in contest.seconds:
            ratio = contest.ratio("labelwatch", name, "unchanged")
            goals.append(Goal(f"unchanged poll: times as fast as {name}", ratio, at_least=wanted))
    return goals


def of_sizes(sizes: list[Size]) -> list[Goal]:
    """What more postings cost; `sizes` from the smallest shop to the largest."""
    smallest, largest = sizes[0], sizes[-1]
    pages = (largest.postings - smallest.postings) / PAGE
    return [
        Goal(f"peak memory at {largest.postings:,} postings, MB", largest.peak / 1e6, at_most=150),
        Goal("memory per further open posting, kB", growth(sizes) / 1e3, at_most=0.3),
        Goal("database pages written per unchanged page", (largest.frames - smallest.frames) / pages, at_most=0),
        Goal("rows added by an unchanged poll (its own)", largest.new_rows, at_most=1),
        Goal("growth exponent of the unchanged poll", exponent(sizes), at_most=1.05),
    ]


def of_times(*, detection: float, postings: int, stretch: float, busiest: int, rate: float) -> list[Goal]:
    """Detection in seconds over so many postings, a slow Ozon, and the rate."""
    return [
        Goal(f"nothing due among {postings:,} postings: detection, ms", detection * 1e3, at_most=1),
        Goal("cycle against slow answers, of pages x latency", stretch, at_most=1.1),
        Goal("requests in the busiest second", busiest, at_most=rate),
    ]
