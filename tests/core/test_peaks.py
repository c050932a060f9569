"""Peaks: slower than normal beyond chance, and not so slow that it is an incident."""

from datetime import date, timedelta

import pytest

from labelwatch.core.baseline import MethodNormal, Normal
from labelwatch.core.lateness import Watch, track
from labelwatch.core.peaks import ON_PEAK_DAYS, Recent, on_day, slowness
from labelwatch.core.policy import DelayPolicy
from labelwatch.core.posting import Known, MethodHistory, Stage
from labelwatch.core.survival import Wait, product_limit
from tests.support.core_builders import METHOD, NOW, hours, posting

MINUTE = timedelta(minutes=1)
CURVE = product_limit(Wait(n * MINUTE / 10, n * MINUTE / 10) for n in range(1, 101))
"""Evenly from none to ten minutes."""


def waits(count: int, minutes: float, *, ended: bool = True) -> list[Recent]:
    return [Recent(timedelta(0), minutes * MINUTE * (2 * i + 1) / (2 * count), ended) for i in range(count)]


@pytest.mark.parametrize(
    ("recent", "slower"),
    [
        (waits(60, 10), 1.0),  # as ever
        (waits(60, 16), 1.6),
        (waits(5, 16), 1.0),  # chance may do that
        (waits(60, 4), 1.0),  # faster is no peak
        ([], 1.0),
        (waits(60, 10, ended=False), 1.0),  # nothing comes: an incident
        (waits(60, 60, ended=False) + waits(6, 10), 1.0),  # hardly anything
        (waits(40, 10) + waits(40, 10, ended=False), 1.5),
        ([Recent(30 * MINUTE, 90 * MINUTE, ended=False)] * 60 + waits(20, 10), 1.0),  # stuck since before
    ],
)
def test_labels_that_come_but_slower_than_chance_explains_are_a_peak(recent: list[Recent], slower: float) -> None:
    assert slowness(CURVE, recent) == pytest.approx(slower, abs=0.3 if slower > 1 else 0)


@pytest.mark.parametrize(
    ("day", "is_peak"),
    [
        (date(2026, 11, 9), False),
        (date(2026, 11, 11), True),
        (date(2026, 11, 26), False),
        (date(2026, 11, 27), True),
        (date(2026, 11, 30), True),
        (date(2026, 12, 1), False),
        (date(2024, 11, 29), True),
        (date(2024, 11, 22), False),
    ],
)
def test_the_days_of_the_big_sales_are_known(day: date, is_peak: bool) -> None:
    assert on_day(day) == (ON_PEAK_DAYS if is_peak else 1.0)


@pytest.mark.parametrize(
    ("factor", "waited", "cutoff", "has_alert", "is_late"),
    [
        (1.0, 11, hours(48), False, True),
        (1.5, 11, hours(48), False, False),
        (1.5, 16, hours(48), False, True),
        (9.0, 59, hours(48), False, False),
        (9.0, 61, hours(48), False, True),  # the ceiling
        (1.5, 11, hours(3), False, True),  # the margin before the deadline stays
        (1.5, 11, hours(48), True, True),  # and so does what people were told
    ],
)
def test_a_peak_widens_the_learned_limit_and_nothing_else(
    factor: float, waited: float, cutoff: timedelta, has_alert: bool, is_late: bool
) -> None:
    history = MethodHistory(learned={Stage.LABEL: {METHOD.id: MethodNormal(Normal(CURVE, 10 * MINUTE))}})
    watch = Watch("main", DelayPolicy(), history, slower={Stage.LABEL: {METHOD.id: factor}})
    item = posting(cutoff=NOW + cutoff)
    seen = track(None, item, seen_at=NOW - waited * MINUTE, not_before=None)
    found = watch.find(Known(1, item, seen, 0), NOW, watched=has_alert)
    assert bool(found and found.is_late) is is_late
