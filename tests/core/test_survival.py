"""The product-limit estimate: examples of textbooks, what is not over yet, and what nobody saw."""

from datetime import timedelta
from math import ceil
from random import Random

import pytest

from labelwatch.core.survival import Survival, Wait, at_the_earliest, known_to_within, product_limit


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def ended(*times: float) -> list[Wait]:
    return [Wait(minutes(time), minutes(time)) for time in times]


def censored(*times: float) -> list[Wait]:
    return [Wait(minutes(time), None) for time in times]


def curve(waits: list[Wait]) -> list[tuple[float, float]]:
    return [(at / minutes(1), round(share, 4)) for at, share in product_limit(waits).steps]


def test_it_is_the_example_of_kaplan_and_meier() -> None:
    """Eight items, four of them lost (their example)."""
    waits = ended(0.8, 3.1, 5.4, 9.2) + censored(1.0, 2.7, 7.0, 12.1)
    assert [at for at, _ in curve(waits)] == [0.8, 3.1, 5.4, 9.2]
    wanted = [7 / 8, 7 / 10, 21 / 40, 21 / 80]
    assert [share for _, share in curve(waits)] == [round(share, 4) for share in wanted]


def test_without_censoring_a_quantile_is_the_nearest_rank() -> None:
    times = sorted(Random(7).sample(range(1, 5000), 200))
    found = product_limit(ended(*times))
    for share in (0.01, 0.25, 0.5, 0.95, 0.99, 1.0):
        assert found.quantile(share) == minutes(times[ceil(share * len(times)) - 1]), share


def test_a_quantile_that_the_curve_does_not_reach_is_not_known() -> None:
    found = product_limit(ended(1, 2, 3) + censored(4, 4, 4))
    assert found.quantile(0.5) == minutes(3)
    assert found.quantile(0.51) is None
    assert product_limit(censored(1, 2)).quantile(0.01) is None
    assert product_limit([]) == Survival((), 0, 0)


def test_an_end_comes_before_what_is_lost_at_the_same_time() -> None:
    assert curve(ended(5) + censored(5)) == [(5.0, 0.5)]


def test_equal_cases_may_be_given_with_their_number() -> None:
    one_by_one, together = ended(2, 2, 2, 8), [Wait(minutes(2), minutes(2), 3), *ended(8)]
    assert product_limit(one_by_one) == product_limit(together)


def test_the_share_that_still_waits_is_known_at_any_time() -> None:
    found = product_limit(ended(1, 2, 3, 4))
    assert [found.waiting_after(minutes(time)) for time in (0.5, 1, 2.5, 4, 99)] == [1.0, 0.75, 0.5, 0.0, 0.0]


def test_what_is_known_too_vaguely_is_not_over_at_its_shortest() -> None:
    vague = Wait(minutes(3), minutes(480))
    assert list(known_to_within([vague, *ended(1)], minutes(6))) == [*censored(3), *ended(1)]
    assert list(known_to_within([vague], minutes(477))) == [vague]


def test_the_true_quantile_lies_between_the_bounds() -> None:
    """Waits of known length, seen by polls every two minutes, a fifth of them not to their end."""
    random, waits = Random(3), list[Wait]()
    for _ in range(20_000):
        lasts, begun, lost = random.expovariate(1 / 6), random.uniform(0, 2), random.expovariate(1 / 24)
        if lost < lasts:
            waits.append(Wait(minutes(max(lost // 2 * 2 - 2, 0)), None))
            continue
        seen = -(-(begun + lasts) // 2) * 2  # the poll that saw its end; the one before saw it wait
        waits.append(Wait(minutes(max(seen - 2 - 2, 0)), minutes(seen)))
    for share, true in ((0.5, 4.159), (0.95, 17.974)):
        least, most = product_limit(at_the_earliest(waits)).quantile(share), product_limit(waits).quantile(share)
        assert least is not None
        assert most is not None
        assert least <= minutes(true) <= most


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_censoring_biases_nothing_beyond_the_statistical_error(share: float) -> None:
    random, waits = Random(11), list[Wait]()
    for _ in range(20_000):
        lasts, lost = random.expovariate(1 / 10), random.uniform(0, 60)
        waits += censored(lost) if lost < lasts else ended(lasts)
    found, true = product_limit(waits).quantile(share), {0.5: 6.931, 0.95: 29.957}[share]
    assert found is not None
    assert abs(found / minutes(1) - true) < 0.04 * true
