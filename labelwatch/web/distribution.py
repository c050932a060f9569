"""The distribution of label times: which share came within which time, including labels that are still missing.

Without those the times would look better than they are: a missing label counts as "longer than so far" (the
Kaplan-Meier estimate; if none is missing, it is the usual nearest-rank quantile).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from labelwatch.core.baseline import ENOUGH
from labelwatch.core.survival import Wait, product_limit

ENOUGH_FOR_HALF, ENOUGH_FOR_MOST = 5, 20
"""Labels that are needed for a meaningful median, or a 95 % quantile."""
BINS = (60, 120, 240, 480, 900, 1800, 3600, 4 * 3600)
"""Upper bounds of the bars in seconds; the last bar has all beyond."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Times in seconds; None = too few labels, or too many of them still missing."""

    came: int
    waiting: int
    half: int | None
    """Within this time half of the labels came."""
    most: int | None
    """... and 19 of 20."""
    nearly_all: int | None
    """... and 99 of 100."""


def spread(took: Mapping[int, int], waiting: Mapping[int, int]) -> Spread:
    """Time in seconds -> count, for labels that came and for those still missing."""
    came = sum(took.values())

    def within(share: float, enough: int) -> int | None:
        return quantile(took, waiting, share) if came >= enough else None

    return Spread(
        came=came,
        waiting=sum(waiting.values()),
        half=within(0.5, ENOUGH_FOR_HALF),
        most=within(0.95, ENOUGH_FOR_MOST),
        nearly_all=within(0.99, ENOUGH),
    )


def quantile(took: Mapping[int, int], waiting: Mapping[int, int], share: float) -> int | None:
    """The shortest time within which this share of all came; None = not known until more of them come."""
    came = (Wait(timedelta(0), timedelta(seconds=seconds), count) for seconds, count in took.items())
    awaited = (Wait(timedelta(seconds=seconds), None, count) for seconds, count in waiting.items())
    found = product_limit([*came, *awaited]).quantile(share)
    return None if found is None else found // timedelta(seconds=1)


def binned(times: Mapping[int, int]) -> list[int]:
    """How many fall into each bin."""
    counts = [0] * (len(BINS) + 1)
    for seconds, count in times.items():
        counts[bin_of(seconds)] += count
    return counts


def bin_of(seconds: int) -> int:
    """The index of the bin that a time falls into."""
    return sum(seconds > end for end in BINS)
