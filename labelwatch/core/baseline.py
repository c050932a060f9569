"""What is normal: how long registration and labels of a delivery method take, learned from the shop's own history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from labelwatch.core.survival import Survival, Wait, known_to_within, product_limit

ENOUGH = 100
"""The slowest percent means nothing with fewer observations."""
ENOUGH_TO_SHOW = 30
QUANTILE = 0.99
LEARN_WITHIN = timedelta(minutes=3)
"""A duration counts as observed only when both of its ends are known to within this."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a delivery method usually takes, and what follows for one case that has waited for a while."""

    median: timedelta
    most: timedelta
    """95 % are done within this."""
    chance: float | None = None
    """The share of those that waited this long and were done before such a deadline; None = nobody waited so long."""


def curves(observed: Mapping[str, Iterable[Wait]], *, error: timedelta) -> dict[str, Survival]:
    """Delivery method id -> its survival curve. An end known less precisely than `error` counts as not seen."""
    return {method: product_limit(known_to_within(waits, error)) for method, waits in observed.items()}


def normal_times(of_methods: Mapping[str, Survival]) -> dict[str, timedelta]:
    """Delivery method id -> time within which 99 % of its cases end, for methods with enough cases."""
    known = {method: curve.quantile(QUANTILE) for method, curve in of_methods.items() if curve.ended >= ENOUGH}
    return {method: time for method, time in known.items() if time is not None}


def usual(curve: Survival | None, waited: timedelta, left: timedelta | None) -> Usual | None:
    """What is usual for a case that has waited so long and has so much time left (None = no deadline); None = not
    enough has been seen to say so."""
    if curve is None or curve.ended < ENOUGH_TO_SHOW:
        return None
    median, most = curve.quantile(0.5), curve.quantile(0.95)
    if median is None or most is None:
        return None
    waiting = curve.waiting_after(waited)
    if left is None or left <= timedelta(0) or waiting <= 0:
        return Usual(median, most)
    return Usual(median, most, 1 - curve.waiting_after(waited + left) / waiting)
