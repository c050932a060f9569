"""What is learned of a delivery method: within the statistical error of the truth, and nothing of unwatched times."""

import random
from datetime import timedelta

import pytest

from labelwatch.core.baseline import ENOUGH, ENOUGH_TO_SHOW, curves, normal_times, usual
from labelwatch.core.survival import Survival, Wait, product_limit

MINUTE = timedelta(minutes=1)
ERROR = 3 * MINUTE


def waits(count: int, *, start: int = 1) -> list[Wait]:
    """One of each whole number of minutes, known exactly."""
    return [Wait(n * MINUTE, n * MINUTE) for n in range(start, start + count)]


def test_normal_is_learned_only_from_enough_and_is_a_time_that_was_observed() -> None:
    known = curves({"a": waits(ENOUGH), "b": waits(ENOUGH - 1)}, error=ERROR)
    assert normal_times(known) == {"a": 99 * MINUTE}


def test_a_time_that_nobody_watched_teaches_only_that_it_had_not_ended() -> None:
    blind = [Wait(MINUTE, 600 * MINUTE) for _ in range(50)]
    known = curves({"a": waits(ENOUGH) + blind}, error=ERROR)
    assert normal_times(known) == {"a": 100 * MINUTE}


def test_what_still_waits_makes_the_curve_longer_not_shorter() -> None:
    alone = curves({"a": waits(ENOUGH)}, error=ERROR)["a"]
    with_open = curves({"a": [*waits(ENOUGH), *(Wait(80 * MINUTE, None) for _ in range(30))]}, error=ERROR)["a"]
    for share in (0.5, 0.9, 0.95):
        longer, shorter = with_open.quantile(share), alone.quantile(share)
        assert shorter is not None
        assert longer is None or longer >= shorter


@pytest.mark.parametrize("mean", [2, 30])
def test_learned_quantiles_agree_with_the_truth_when_a_third_is_never_seen_to_end(mean: int) -> None:
    """Exponential waits: the share that ended after t is 1 - exp(-t / mean); censoring is independent of them."""
    chance, seen = random.Random(11), []
    for _ in range(4000):
        took, watched = chance.expovariate(1 / mean), chance.expovariate(1 / (2 * mean))
        ended = timedelta(minutes=took)
        seen.append(Wait(ended, ended) if took <= watched else Wait(timedelta(minutes=watched), None))
    curve = curves({"a": seen}, error=ERROR)["a"]
    assert sum(wait.longest is None for wait in seen) > 1000
    for share, times in ((0.5, 0.693), (0.9, 2.303)):
        found = curve.quantile(share)
        assert found is not None
        assert found / MINUTE == pytest.approx(mean * times, rel=0.1)


@pytest.mark.parametrize(
    ("waited", "left", "chance"),
    [
        (0, 100, 1.0),
        (0, 50, 0.5),
        (50, 25, 0.5),
        (90, 100, 1.0),
        (150, 100, None),
        (10, 0, None),
        (10, None, None),
    ],
)
def test_the_chance_is_that_of_those_that_waited_as_long(waited: int, left: int | None, chance: float | None) -> None:
    known = usual(product_limit(waits(100)), waited * MINUTE, None if left is None else left * MINUTE)
    assert known is not None
    assert (known.median, known.most) == (50 * MINUTE, 95 * MINUTE)
    assert known.chance == (None if chance is None else pytest.approx(chance))


@pytest.mark.parametrize("curve", [None, product_limit(waits(ENOUGH_TO_SHOW - 1))])
def test_too_little_says_nothing(curve: Survival | None) -> None:
    assert usual(curve, MINUTE, MINUTE) is None
