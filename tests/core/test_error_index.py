"""The error index: its zone, the worse zone that it is heading for, and of what people are warned once."""

from datetime import date, timedelta

import pytest

from labelwatch.core.error_index import ErrorIndex, IndexDay, Zone, ZoneAhead, heading_for, warned, zone_of
from labelwatch.core.settings import SettingChange, ShopSettings, completed, differences

TODAY = date(2026, 12, 1)


def index(*values: float, now: float | None = None) -> ErrorIndex:
    """The index of the last days; it is that of the last of them unless it is said to be another."""
    first = TODAY - timedelta(days=len(values) - 1)
    days = tuple(IndexDay(first + timedelta(days=n), value) for n, value in enumerate(values))
    return ErrorIndex(values[-1] if now is None else now, days)


@pytest.mark.parametrize(
    ("value", "zone"),
    [(0, "green"), (4, "green"), (4.01, "blue"), (10, "blue"), (20, "yellow"), (40, "orange"), (40.5, "red")],
)
def test_the_zone_follows_from_the_value(value: float, zone: str) -> None:
    assert zone_of(value) == zone


@pytest.mark.parametrize(
    ("values", "ahead"),
    [
        ((1.0, 1.5, 2.0, 2.5, 3.0), (Zone.BLUE, 3)),
        ((2.0, 2.5, 3.0, 3.5, 3.9), (Zone.BLUE, 1)),
        ((3.0, 3.0, 3.0, 3.0), None),
        ((6.0, 5.5, 5.0, 4.5), None),
        ((1.0, 2.0, 3.0), None),
        ((3.0, 3.0, 19.0, 3.0, 3.0, 3.0), None),
        ((1.0, 4.0, 7.0, 9.9), (Zone.YELLOW, 1)),
    ],
    ids=["in three days", "tomorrow", "level", "better", "too few days", "one odd day", "the next zone"],
)
def test_a_worse_zone_is_seen_three_days_ahead(values: tuple[float, ...], ahead: tuple[Zone, int] | None) -> None:
    found = ahead and (ahead[0], TODAY + timedelta(days=ahead[1]))
    assert heading_for(index(*values)) == found


def test_days_that_are_no_part_of_the_index_say_nothing_about_it() -> None:
    assert heading_for(index(1.0, 1.5, 2.0, 2.5, 3.0, now=1.0)) is None


def test_of_the_same_zone_people_are_warned_again_after_a_week_only_or_once_it_was_reached() -> None:
    rising, level = index(2.0, 2.5, 3.0, 3.5), index(3.5, 3.5, 3.5, 3.5)
    first = warned(rising, None, None, today=TODAY)
    assert first == ZoneAhead(Zone.BLUE, TODAY + timedelta(days=2), TODAY)
    for days, seen in ((1, rising), (2, level), (3, rising)):
        assert warned(seen, rising, first, today=TODAY + timedelta(days=days)) == first
    again = warned(rising, rising, first, today=TODAY + timedelta(days=7))
    assert again is not None
    assert again.warned_on == TODAY + timedelta(days=7)
    assert warned(level, rising, first, today=TODAY + timedelta(days=7)) is None
    back = warned(rising, index(5.0), first, today=TODAY + timedelta(days=1))
    assert back is not None
    assert back.warned_on > TODAY


def test_a_change_of_zone_a_warning_and_a_missing_role_are_changes_and_each_once() -> None:
    green, blue = ShopSettings(index=index(3.0)), ShopSettings(index=index(5.0))
    assert differences(green, blue) == (SettingChange("index_zone", "", "", "green", "blue"),)
    assert [one.is_harmful for one in (*differences(green, blue), *differences(blue, green))] == [True, False]
    ahead = ShopSettings(index=index(3.0), zone_ahead=ZoneAhead(Zone.BLUE, date(2026, 12, 3), TODAY))
    (warning,) = differences(ShopSettings(), ahead)
    assert (warning.what, warning.id, warning.after, warning.is_harmful) == (
        "index_ahead",
        "2026-12-03",
        "blue",
        True,
    )
    assert differences(ahead, ahead) == ()
    refused = ShopSettings(index_refused=True)
    assert [one.what for one in differences(ShopSettings(), refused)] == ["index_refused"]
    unanswered = completed(ShopSettings(), refused)
    assert differences(refused, unanswered) == differences(unanswered, refused) == ()


def test_a_method_that_is_switched_off_is_told_once_and_again_if_the_day_moves() -> None:
    none, soon = ShopSettings(), ShopSettings(retiring={"/v1/roles": TODAY})
    later = ShopSettings(retiring={"/v1/roles": TODAY + timedelta(days=9)})
    assert [one.after for one in (*differences(none, soon), *differences(soon, later))] == [
        "2026-12-01",
        "2026-12-10",
    ]
    assert differences(soon, soon) == differences(soon, none) == ()
