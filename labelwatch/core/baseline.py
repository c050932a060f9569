"""What is normal: how long the labels of a delivery method take, learned from the shop's own history."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil

ENOUGH = 100
"""The slowest percent means nothing with fewer observations."""
QUANTILE = 0.99
LEARN_WITHIN = timedelta(minutes=3)
"""A duration counts as observed only when both of its ends are known to within this."""


def normal_times(observed: Mapping[str, Iterable[timedelta]]) -> dict[str, timedelta]:
    """Delivery method id -> time within which 99 % of its cases finished, for methods with enough cases."""
    samples = {method: sorted(times) for method, times in observed.items()}
    return {method: quantile(times) for method, times in samples.items() if len(times) >= ENOUGH}


def quantile(times: list[timedelta]) -> timedelta:
    """The nearest-rank quantile of sorted times: always an observed value."""
    return times[ceil(QUANTILE * len(times)) - 1]
