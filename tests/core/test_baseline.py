"""What is learned of a delivery method, the limits that follow, and how likely a label still comes in time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from labelwatch.core.baseline import (
    ENOUGH,
    ENOUGH_AT_RISK,
    ENOUGH_TO_SHOW,
    Case,
    Hours,
    LearnedLimit,
    MethodNormal,
    Normal,
    Usual,
    hours_of,
    learn,
    limit_of,
    rounded_up,
    usual,
)
from labelwatch.core.survival import Survival, Wait, product_limit

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ERROR = 6 * MINUTE
MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)


def waits(count: int) -> list[Wait]:
    """One of each whole number of minutes, known exactly."""
    return [Wait(n * MINUTE, n * MINUTE) for n in range(1, 1 + count)]


def cases(some: Sequence[Wait], *, began: datetime = MONDAY, days: int = 7) -> list[Case]:
    """These, spread over so many days."""
    return [Case(began + i * days * DAY / len(some), wait) for i, wait in enumerate(some)]


def learned(some: list[Case], timezone: str = "UTC") -> MethodNormal:
    return learn({"a": some}, error=ERROR, timezone=timezone)["a"]


@pytest.mark.parametrize(
    ("some", "limit"),
    [
        (cases(waits(ENOUGH)), 150),  # 1.5 times 99 minutes, rounded up to fifteen
        (cases(waits(ENOUGH - 1)), None),
        (cases(waits(ENOUGH), days=6), 210),  # no whole week: twice 99 minutes
        (cases(waits(ENOUGH)) + cases([Wait(MINUTE, 600 * MINUTE)] * 50), 150),  # nobody saw them end
        (cases(waits(ENOUGH)) + cases([Wait(9 * MINUTE, 3 * MINUTE)] * 50), 150),  # the clock was set back
        (cases(waits(ENOUGH)) + [Case(MONDAY, Wait(MINUTE, MINUTE), 4 * MINUTE)] * 500, 150),  # nobody saw them begin
        (cases(waits(ENOUGH)) + cases([Wait(200 * MINUTE, None)] * 50), None),  # more than one in a hundred lasts
    ],
)
def test_a_limit_is_learned_from_enough_of_what_was_watched(some: list[Case], limit: float | None) -> None:
    assert learned(some).whole.limit == (None if limit is None else limit * MINUTE)


def test_what_still_waits_makes_the_curve_longer_not_shorter() -> None:
    alone = learned(cases(waits(ENOUGH))).whole.curve
    with_open = learned(cases(waits(ENOUGH)) + cases([Wait(80 * MINUTE, None)] * 30)).whole.curve
    for share in (0.5, 0.9, 0.95):
        longer, shorter = with_open.quantile(share), alone.quantile(share)
        assert shorter is not None
        assert longer is None or longer >= shorter


def test_an_end_is_in_the_middle_of_the_time_in_which_it_was() -> None:
    curve = learned(cases([Wait(2 * MINUTE, 6 * MINUTE)] * ENOUGH)).whole.curve
    assert curve.quantile(0.5) == 4 * MINUTE


@pytest.mark.parametrize(
    ("local", "part"),
    [
        ("2026-11-02 08:00", Hours.MONDAY),
        ("2026-11-02 07:59", Hours.NIGHT),
        ("2026-11-03 19:59", Hours.WORKDAY),
        ("2026-11-03 20:00", Hours.NIGHT),
        ("2026-11-06 23:59", Hours.NIGHT),
        ("2026-11-07 00:00", Hours.WEEKEND),
        ("2026-11-08 12:00", Hours.WEEKEND),
    ],
)
def test_a_week_has_four_parts_by_the_clock_of_the_shop(local: str, part: Hours) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert hours_of(datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC), zone) is part


def of_part(part: Hours, minutes: float, count: int = 120) -> list[Case]:
    """As many waits around so many minutes, all begun in a part of the week, on two weeks."""
    at = {Hours.MONDAY: MONDAY, Hours.WORKDAY: MONDAY + DAY, Hours.NIGHT: MONDAY + DAY / 2}.get(
        part, MONDAY + 5 * DAY
    )
    return [
        Case(at + i % 2 * 7 * DAY, Wait(length, length))
        for i in range(count)
        for length in (minutes * MINUTE * (0.5 + i / count),)
    ]


@pytest.mark.parametrize(
    ("minutes", "own"),
    [
        ({Hours.MONDAY: 20, Hours.WORKDAY: 20, Hours.NIGHT: 20, Hours.WEEKEND: 20}, set()),
        ({Hours.WORKDAY: 20, Hours.WEEKEND: 80}, {Hours.WORKDAY, Hours.WEEKEND}),
        ({Hours.MONDAY: 50, Hours.WORKDAY: 20, Hours.NIGHT: 20}, {Hours.MONDAY}),
    ],
)
def test_a_part_of_the_week_counts_alone_where_it_differs_beyond_chance(
    minutes: dict[Hours, float], own: set[Hours]
) -> None:
    found = learned([case for part, length in minutes.items() for case in of_part(part, length)])
    assert found.by_hours.keys() & own == own
    for part, length in minutes.items():
        at = of_part(part, length)[0].began
        limit = rounded_up(1.5 * length * MINUTE * 1.5)
        if part in own:
            assert found.at(at, "UTC").limit == pytest.approx(limit, abs=5 * MINUTE)
        elif part not in found.by_hours:
            assert found.at(at, "UTC") is found.whole


def test_a_part_of_the_week_of_which_too_little_is_known_is_like_the_rest() -> None:
    found = learned(of_part(Hours.WORKDAY, 20) + of_part(Hours.WEEKEND, 80, count=ENOUGH - 1))
    assert Hours.WEEKEND not in found.by_hours


@pytest.mark.parametrize(
    ("stage", "learned", "fixed", "limit"),
    [
        ("label", 6, 30, 6),
        ("label", 0.1, 30, 5),
        ("registration", 0.1, 60, 15),
        ("label", 0.1, 1, 1),
        ("label", 3 * 24 * 60, 15, 60),
        ("registration", 3 * 24 * 60, 60, 240),
        ("label", None, 15, None),
    ],
)
def test_a_learned_limit_has_a_floor_and_a_ceiling(
    stage: str, learned: float | None, fixed: float, limit: float | None
) -> None:
    normal = Normal(Survival((), 214, 214), None if learned is None else learned * MINUTE)
    expected = None if limit is None else LearnedLimit(limit * MINUTE, fixed * MINUTE, 214)
    assert limit_of(normal, stage=stage, fixed=fixed * MINUTE) == expected


@pytest.mark.parametrize(("exact", "rounded"), [(0.2, 1), (6, 6), (6.1, 7), (20.5, 25), (119, 120), (121, 135)])
def test_limits_are_rounded_up_so_that_they_stay_as_they_are(exact: float, rounded: float) -> None:
    assert rounded_up(exact * MINUTE) == rounded * MINUTE


@pytest.mark.parametrize(
    ("waited", "left", "chance"),
    [
        (0, 100, 1.0),
        (0, 50, 0.5),
        (50, 25, 0.5),
        (100 - ENOUGH_AT_RISK, 100, 1.0),
        (101 - ENOUGH_AT_RISK, 100, None),
        (150, 100, None),
        (10, 0, None),
        (10, None, None),
    ],
)
def test_the_chance_is_that_of_those_that_waited_as_long(waited: int, left: int | None, chance: float | None) -> None:
    limit = LearnedLimit(MINUTE, MINUTE, 100)
    known = usual(product_limit(waits(100)), waited * MINUTE, None if left is None else left * MINUTE, limit)
    assert known is not None
    assert replace(known, chance=None) == Usual(50 * MINUTE, 95 * MINUTE, learned=limit)
    assert known.chance == (None if chance is None else pytest.approx(chance))


@pytest.mark.parametrize("curve", [None, product_limit(waits(ENOUGH_TO_SHOW - 1))])
def test_too_little_says_nothing(curve: Survival | None) -> None:
    assert usual(curve, MINUTE, MINUTE) is None
