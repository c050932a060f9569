"""What falls due while a channel is not to be disturbed is told on the eve, so that nobody has to be woken."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Severity
from labelwatch.core.lateness import EARLY_WARNING, track
from labelwatch.core.policy import Destination, QuietHours
from labelwatch.core.posting import Known, Limit
from tests.support.core_builders import posting, watch

NIGHT = QuietHours(time(22), time(8))
MINUTE = timedelta(minutes=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of the week of Monday, 16 November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def sleeper(**changes: Any) -> Destination:
    return replace(Destination("packers", "en", "UTC", quiet=NIGHT), **changes)


MONDAY_NOON = at(16, 12)


def rings_at(deadline: datetime, *channels: Destination, seen: datetime = MONDAY_NOON, **changes: Any) -> datetime:
    """When a posting that came in at `seen` and waits to be packed is told of."""
    item = posting(status="awaiting_packaging", cutoff=deadline, **{"in_process_at": seen} | changes)
    late = watch(calendars=channels).with_late_at(item, track(None, item, seen_at=seen, not_before=None)).late_at
    assert late is not None
    return late


# (the deadline, when it is told of): quiet from 22:00 to 08:00, else four hours before the deadline
DEADLINES = [
    (at(16, 21, 59), at(16, 17, 59)),
    (at(16, 22), at(16, 18)),
    (at(17, 0, 30), at(16, 20, 30)),
    (at(17, 1, 1), at(16, 21)),
    (at(17, 6), at(16, 21)),
    (at(17, 8), at(16, 21)),
    (at(17, 8, 1), at(17, 4, 1)),
    (at(17, 11), at(17, 7)),
]


@pytest.mark.parametrize(("deadline", "told"), DEADLINES)
def test_what_falls_due_in_the_night_is_told_an_hour_before_the_night(deadline: datetime, told: datetime) -> None:
    assert rings_at(deadline, sleeper()) == told
    assert rings_at(deadline) == deadline - timedelta(hours=4)


def test_what_falls_due_on_a_weekend_is_told_on_friday() -> None:
    office = sleeper(working_days=frozenset(range(5)))
    friday = at(20, 12)
    assert rings_at(at(21, 9), office, seen=friday) == at(20, 21)
    assert rings_at(at(21, 9), office, sleeper(name="night shift"), seen=friday) == at(20, 21)


# (the channels, whether they make it ring on the eve)
SLEEPERS = [
    ([sleeper(shops=frozenset({"main", "other"}))], True),
    ([sleeper(shops=frozenset({"other"}))], False),
    ([sleeper(quiet=None)], False),
    ([sleeper(severity=Severity.WARNING)], True),
    ([sleeper(severity=Severity.CRITICAL)], False),  # it would not hear of it before it is critical
    ([sleeper(quiet=None), sleeper()], True),
]


@pytest.mark.parametrize(("channels", "early"), SLEEPERS)
def test_only_the_nights_of_channels_that_hear_of_it_matter(channels: list[Destination], early: bool) -> None:
    assert rings_at(at(17, 6), *channels) == (at(16, 21) if early else at(17, 2))


def test_what_comes_in_before_the_night_is_told_at_once_and_what_comes_in_the_night_as_ever() -> None:
    assert rings_at(at(17, 6), sleeper(), seen=at(16, 21, 30)) == at(16, 21)
    assert rings_at(at(17, 6), sleeper(), seen=at(16, 22)) == at(17, 2)


def test_a_label_keeps_its_first_minute_on_the_eve_too() -> None:
    packed = at(16, 21, 30)
    item = posting(status="awaiting_deliver", cutoff=at(17, 6))
    fresh = track(None, item, seen_at=packed, not_before=packed - MINUTE)
    assert watch(calendars=[sleeper()]).with_late_at(item, fresh).late_at == packed + MINUTE


def test_an_express_order_is_told_when_half_of_what_is_left_of_the_evening_is_gone() -> None:
    soon: dict[str, Any] = {"is_express": True, "seen": at(16, 21, 40)}
    assert rings_at(at(16, 22, 40), sleeper(), **soon) == at(16, 21, 50)
    assert rings_at(at(16, 22, 40), **soon) == at(16, 22, 10)


def test_on_the_eve_it_is_a_finding_of_the_cutoff_and_no_worse_than_it_is() -> None:
    item = posting(status="awaiting_packaging", cutoff=at(17, 6), in_process_at=at(16, 20))
    rules = watch(calendars=[sleeper()])
    seen = rules.with_late_at(item, track(None, item, seen_at=at(16, 20), not_before=None))
    known = Known(id=1, posting=item, track=seen, digest=0)
    assert rules.find(known, at(16, 22) - EARLY_WARNING - MINUTE) is None
    found = rules.find(known, at(16, 22) - EARLY_WARNING)
    assert found is not None
    assert (found.clock, found.severity, found.overdue, found.is_late) == (Limit.CUTOFF, Severity.NOTICE, False, True)


def test_a_deadline_that_stands_for_never_is_no_trouble() -> None:
    never_works = sleeper(timezone="Asia/Shanghai", working_days=frozenset())
    a_day_after_it_came_in = at(17, 12)
    assert rings_at(datetime.max.replace(tzinfo=UTC), never_works) == a_day_after_it_came_in
