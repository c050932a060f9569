"""When a channel is not to be disturbed: nights, weekends and holidays as one, also where the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.policy import Destination, QuietHours
from labelwatch.core.quiet_hours import FORESEEN, Span, handovers_between, moment, quiet_span

ZONE = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(time(22), time(8))
NOON = QuietHours(time(12), time(14))
WEEK = frozenset(range(5))
SHIFTS = (time(8, 30), time(20, 30))


def channel(zone: str = "Europe/Berlin", **changes: object) -> Destination:
    return Destination(**{"name": "packers", "language": "en", "timezone": zone} | changes)  # type: ignore[arg-type]


def berlin(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A wall clock of Berlin in 2026, in UTC; of an hour that is shown twice the first."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


# 2026: the clocks jump from 02:00 to 03:00 on Sunday 29 March, and back from 03:00 to 02:00 on Sunday 25 October.
JUMP, BACK = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)

# (what is set, when, from, until); None = the channel may be disturbed
QUIET = [
    ({"quiet": NIGHT}, berlin(6, 1, 8), None, None),
    ({"quiet": NIGHT}, berlin(6, 1, 21, 59), None, None),
    ({"quiet": NIGHT}, berlin(6, 1, 22), berlin(6, 1, 22), berlin(6, 2, 8)),
    ({"quiet": NIGHT}, berlin(6, 1, 7, 59), berlin(5, 31, 22), berlin(6, 1, 8)),
    ({"quiet": NOON}, berlin(6, 1, 13), berlin(6, 1, 12), berlin(6, 1, 14)),
    ({"quiet": NOON}, berlin(6, 1, 14), None, None),
    # The night in which the clocks go forward has 9 hours, the one in which they go back 11.
    ({"quiet": NIGHT}, berlin(3, 28, 23), berlin(3, 28, 22), datetime(2026, 3, 29, 6, tzinfo=UTC)),
    ({"quiet": NIGHT}, berlin(10, 24, 23), berlin(10, 24, 22), datetime(2026, 10, 25, 7, tzinfo=UTC)),
    # 02:30 does not exist on 29 March: the wall clock is past it as soon as it jumps.
    ({"quiet": QuietHours(time(22), time(2, 30))}, berlin(3, 28, 23), berlin(3, 28, 22), JUMP),
    ({"quiet": QuietHours(time(2, 15), time(2, 45))}, JUMP, None, None),
    ({"quiet": QuietHours(time(2, 30), time(3, 30))}, JUMP, JUMP, JUMP + timedelta(minutes=30)),
    # 02:30 exists twice on 25 October: it is the first one.
    (
        {"quiet": QuietHours(time(22), time(2, 30))},
        berlin(10, 25, 2, 29),
        berlin(10, 24, 22),
        BACK - timedelta(minutes=30),
    ),
    ({"quiet": QuietHours(time(22), time(2, 30))}, BACK, None, None),
    # Days without work: 5 June 2026 is a Friday.
    ({"working_days": WEEK}, berlin(6, 5, 12), None, None),
    ({"working_days": WEEK}, berlin(6, 7, 12), berlin(6, 6), berlin(6, 8)),
    ({"quiet": NIGHT, "working_days": WEEK}, berlin(6, 7, 12), berlin(6, 5, 22), berlin(6, 8, 8)),
    ({"quiet": NIGHT, "working_days": WEEK}, berlin(6, 5, 22), berlin(6, 5, 22), berlin(6, 8, 8)),
    ({"quiet": NOON, "working_days": WEEK}, berlin(6, 7, 12), berlin(6, 6), berlin(6, 8)),
    # A weekend whose Sunday has 23 hours, and a holiday between two nights.
    ({"working_days": WEEK}, berlin(3, 28, 12), berlin(3, 28), berlin(3, 30)),
    (
        {"quiet": NIGHT, "working_days": WEEK, "days_off": frozenset({date(2026, 6, 8)})},
        berlin(6, 8, 20),
        berlin(6, 5, 22),
        berlin(6, 9, 8),
    ),
    ({"days_off": frozenset({date(2026, 6, 8)})}, berlin(6, 8), berlin(6, 8), berlin(6, 9)),
    ({}, berlin(6, 8), None, None),
]


@pytest.mark.fault("C4")
@pytest.mark.parametrize(("settings", "at", "start", "end"), QUIET)
def test_quiet_times_go_by_the_wall_clock_and_meet_in_one_span(
    settings: dict[str, Any], at: datetime, start: datetime | None, end: datetime | None
) -> None:
    expected = None if start is None or end is None else Span(start, end)
    assert quiet_span(channel(**settings), at) == expected


def test_who_never_works_is_quiet_for_as_far_as_is_looked() -> None:
    at = berlin(6, 8, 12)
    span = quiet_span(channel(working_days=frozenset()), at)
    assert span is not None
    assert span.end - at >= timedelta(days=FORESEEN)
    assert at - span.start >= timedelta(days=FORESEEN)
    assert span.end - span.start <= timedelta(days=2 * FORESEEN + 31)


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_a_time_that_stands_for_never_is_not_quiet(at: datetime) -> None:
    assert quiet_span(channel("Asia/Shanghai", working_days=frozenset()), at) is None


@pytest.mark.fault("C4")
def test_a_midnight_that_is_jumped_over_is_where_the_day_begins() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # on Friday 24 April 2026 the clocks jump from 00:00 to 01:00
    begins = datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert moment(date(2026, 4, 24), time(0), cairo) == moment(date(2026, 4, 24), time(0, 59), cairo) == begins
    span = quiet_span(channel("Africa/Cairo", days_off=frozenset({date(2026, 4, 24)})), begins)
    assert span == Span(begins, begins + timedelta(hours=23))


MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: berlin(1, 1) + timedelta(minutes=minutes)
) | st.sampled_from([change + timedelta(minutes=shift) for change in (JUMP, BACK) for shift in range(-90, 91, 15)])
CLOCKS = st.sampled_from([time(hour, minute) for hour in (0, 1, 2, 3, 8, 22, 23) for minute in (0, 30)])
CHANNELS = st.builds(
    channel,
    st.sampled_from(["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]),
    quiet=st.none()
    | st.tuples(CLOCKS, CLOCKS).filter(lambda two: two[0] != two[1]).map(lambda two: QuietHours(*two)),
    working_days=st.frozensets(st.integers(0, 6), min_size=1) | st.just(frozenset(range(7))),
    days_off=st.frozensets(st.dates(date(2026, 3, 25), date(2026, 4, 2)), max_size=3),
    handover=st.lists(CLOCKS, max_size=3).map(tuple),
)


@given(CHANNELS, MOMENTS)
def test_a_span_holds_its_moment_and_nothing_beside_it_is_quiet(to: Destination, at: datetime) -> None:
    span = quiet_span(to, at)
    if span is None:
        return
    assert span.start <= at < span.end
    assert quiet_span(to, span.start) == quiet_span(to, span.end - datetime.resolution) == span
    assert quiet_span(to, span.end) is None
    assert quiet_span(to, span.start - datetime.resolution) is None


@given(CHANNELS, MOMENTS)
def test_away_from_a_change_of_clocks_it_is_quiet_when_the_wall_clock_says_so(to: Destination, at: datetime) -> None:
    day = timedelta(days=1)
    local = at.astimezone(ZoneInfo(to.timezone))
    if len({(local + shift).utcoffset() for shift in (-day, timedelta(0), day)}) > 1:
        return
    off = local.weekday() not in to.working_days or local.date() in to.days_off
    clock, quiet = local.time(), to.quiet
    night = False
    if quiet is not None and quiet.start < quiet.end:
        night = quiet.start <= clock < quiet.end
    elif quiet is not None:
        night = clock >= quiet.start or clock < quiet.end
    assert (quiet_span(to, at) is not None) == (off or night)


def test_a_hand_over_comes_at_its_times_on_working_days() -> None:
    to = channel(handover=SHIFTS, working_days=WEEK, days_off=frozenset({date(2026, 6, 8)}))
    assert handovers_between(to, berlin(6, 5, 8, 30), berlin(6, 9, 8, 30)) == [
        berlin(6, 5, 20, 30),
        berlin(6, 9, 8, 30),
    ]


@pytest.mark.fault("C4")
def test_a_hand_over_is_neither_skipped_nor_doubled_where_the_clocks_change() -> None:
    to = channel(handover=(time(2, 30),))
    assert handovers_between(to, berlin(3, 28, 12), berlin(3, 29, 12)) == [JUMP]
    assert handovers_between(to, berlin(10, 24, 12), berlin(10, 25, 12)) == [BACK - timedelta(minutes=30)]


@pytest.mark.fault("C4")
@given(CHANNELS, st.lists(MOMENTS, min_size=2, max_size=5))
def test_over_adjoining_stretches_no_hand_over_is_skipped_or_doubled(
    to: Destination, moments: list[datetime]
) -> None:
    bounds = sorted(moments)
    parts = [one for two in pairwise(bounds) for one in handovers_between(to, *two)]
    assert parts == handovers_between(to, bounds[0], bounds[-1])
    assert len(set(parts)) == len(parts)


@given(CHANNELS, st.dates(date(2026, 1, 2), date(2027, 12, 30)))
def test_every_working_day_has_its_hand_overs(to: Destination, day: date) -> None:
    zone = ZoneInfo(to.timezone)
    begins, ends = (moment(one, time(0), zone) for one in (day, day + timedelta(days=1)))
    found = handovers_between(to, begins - datetime.resolution, ends - datetime.resolution)
    works = day.weekday() in to.working_days and day not in to.days_off
    jumped = {clock for clock in to.handover if moment(day, clock, zone).astimezone(zone).time() != clock}
    assert len(found) <= len(set(to.handover)) * works
    assert len(found) >= len(set(to.handover) - jumped) * works
    assert len(found) >= bool(to.handover) * works
