"""What is normal: within which time the labels of a delivery method come, learned from the shop's own past."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from math import ceil

ENOUGH = 100
"""So many observations are needed before the slowest percent of them means anything."""
QUANTILE = 0.99


def normal_times(observed: Mapping[str, Iterable[timedelta]]) -> dict[str, timedelta]:
    """Delivery method id -> time within which 99 % of its cases were over, for methods with enough of them."""
    samples = {method: sorted(times) for method, times in observed.items()}
    return {method: quantile(times) for method, times in samples.items() if len(times) >= ENOUGH}


def quantile(times: list[timedelta]) -> timedelta:
    """The nearest-rank quantile of sorted times: always one that was observed."""
    return times[ceil(QUANTILE * len(times)) - 1]
