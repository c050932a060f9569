"""Quiet times and hand-overs from the outbox on, on a virtual time line: nobody is woken, nothing is forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from labelwatch.channels.base import Retry
from labelwatch.core.alert import AlertState, Notification, Reason, Severity
from labelwatch.core.policy import QuietHours
from labelwatch.delivery.shift_summary import WORTH_READING_FOR, queue_shift_summaries
from labelwatch.store import OutboxState, Store
from tests.conftest import ON_BOTH
from tests.support.alert_builders import NOW, destination, minutes, told
from tests.support.post import FINE, Clock, FakeChannel, again, queue, rows, tell
from tests.support.reasons import because

# The clock of these tests is that of Yekaterinburg (UTC+5), where it is 19:08 now.
NIGHT: dict[str, Any] = {"quiet": QuietHours(time(19, 0), time(8, 0))}
MORNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture
def kind() -> str:
    """SQLite: what it reads and writes is proven for each kind of database by the tests of the store."""
    return "sqlite"


def calm(n: int) -> Notification:
    """Trouble that can wait for the morning."""
    return told(n=n, deadline=NOW + timedelta(days=3), severity=Severity.WARNING)


def test_what_can_wait_is_one_digest_in_the_morning(store: Store) -> None:
    queue(store, *(calm(n) for n in range(1, 4)))
    channel, clock = FakeChannel(), Clock()
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert {row.notification.due_at for row in rows(store)} == {MORNING}
    clock.at = MORNING - minutes(1)
    queue(store, calm(4))
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert channel.sent == []
    clock.at = MORNING
    tell(store, clock, {"packers": channel}, to=NIGHT)
    (message,) = [message for message, _, _ in channel.sent]
    assert len(channel.told[0]) == 4
    assert "19:00" in message.body.splitlines()[0]


def test_what_falls_due_in_the_night_comes_through(store: Store) -> None:
    queue(store, calm(1), told(n=2))
    channel, clock = FakeChannel(), Clock()
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert channel.told == [[("41517061-0215-1", "first")]]


def test_what_failed_in_the_evening_does_not_wake_anybody_later(store: Store) -> None:
    queue(store, calm(1))
    channel, clock = FakeChannel([Retry(because("HTTP 502")), FINE]), Clock(NOW - minutes(8.1))
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert len(channel.sent) == 1
    clock.advance(minutes=1)
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert [row.state for row in rows(store)] == [OutboxState.PENDING]
    clock.at = MORNING
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert len(channel.sent) == 2


def test_a_reminder_that_is_held_does_not_take_the_place_of_first_news(store: Store) -> None:
    (alert,) = queue(store, told(n=1, severity=Severity.WARNING))
    reminder = told(n=1, reason=Reason.REMINDER, severity=Severity.WARNING)
    assert reminder.alert.told is not None
    later = replace(reminder.alert, told=replace(reminder.alert.told, count=2))
    again(store, alert, replace(reminder, alert=later, number=2))
    channel, clock = FakeChannel(), Clock()
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert channel.told == [[("41517061-0214-1", "first")]]


def test_a_test_and_a_hand_over_are_never_held(store: Store) -> None:
    queue(store, replace(calm(1), reason=Reason.TEST))
    channel, clock = FakeChannel(), Clock()
    tell(store, clock, {"packers": channel}, to=NIGHT)
    assert len(channel.sent) == 1


def test_a_long_weekend_makes_nothing_worthless(store: Store) -> None:
    queue(store, calm(1))
    channel, clock = FakeChannel(), Clock()
    off = {"days_off": frozenset((NOW + timedelta(days=day)).date() for day in range(7))}
    tell(store, clock, {"packers": channel}, to=off)
    clock.advance(days=7)
    tell(store, clock, {"packers": channel}, to=off)
    assert len(channel.sent) == 1


# ---- hand-overs

SHIFTS: dict[str, Any] = {"handover": (time(8, 30), time(20, 30))}  # 03:30 and 15:30 in UTC
EVENING = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)


def hand_over(store: Store, clock: Clock, channel: FakeChannel) -> int:
    queued = queue_shift_summaries(store, [destination(name="packers", **SHIFTS)], now=clock.at)
    tell(store, clock, {"packers": channel}, to=SHIFTS)
    return queued


def test_a_shift_hears_what_is_open_who_has_it_and_what_happened(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    assert hand_over(store, clock, channel) == 0  # nothing lies behind a channel that is seen for the first time
    queue(store, told(n=1), told(n=2))
    taken = told(n=2).alert
    store.alerts.change(
        "41517061-0215-1", lambda alert: replace(alert, state=AlertState.ACKNOWLEDGED, handled_by="Nina"), shop=None
    )
    tell(store, clock, {"packers": channel})
    clock.at = EVENING
    assert hand_over(store, clock, channel) == 1
    message, views, _ = channel.sent[-1]
    assert "hand-over 20:30" in message.title
    assert "Nina" in message.body
    assert {view["posting_number"] for view in views} == {"41517061-0214-1", "41517061-0215-1"}
    assert {view["reason"] for view in views} == {"handover"}
    assert taken.diagnosis.posting_number is not None


@ON_BOTH
def test_each_shift_is_told_once_also_over_restarts(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    hand_over(store, clock, channel)
    told_at = []
    for _ in range(2 * 24 * 6):
        clock.advance(minutes=10)
        if hand_over(store, clock, channel):
            told_at.append(clock.at)
    assert [(at.hour, at.minute) for at in told_at] == [(15, 38), (3, 38), (15, 38), (3, 38)]
    assert len(channel.sent) == 4
    # That nothing is open does not leave a program to guess what it was sent.
    assert {(outgoing.about, len(outgoing.views)) for outgoing in channel.outgoing_messages} == {("handover", 0)}


@pytest.mark.fault("C6", "O16")
def test_after_days_down_one_hand_over_tells_of_all_of_it_and_a_stale_one_is_not_told(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    hand_over(store, clock, channel)
    clock.at = EVENING + timedelta(days=3) + WORTH_READING_FOR + minutes(1)
    assert hand_over(store, clock, channel) == 0
    clock.at = EVENING + timedelta(days=3, hours=12)
    assert hand_over(store, clock, channel) == 1
    (row,) = rows(store)
    span = row.notification.alert.diagnosis.waiting_since
    assert span is not None
    assert (span.earliest, span.latest) == (NOW, clock.at)


def test_a_hand_over_counts_as_no_alert(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    hand_over(store, clock, channel)
    clock.at = EVENING
    hand_over(store, clock, channel)
    assert store.alerts.find(open_only=False) == []
    assert store.alerts.incidents(open_only=False) == []
    assert "nothing" in channel.sent[0][0].title.lower()


@pytest.mark.fault("C1")
def test_a_clock_set_back_doubles_no_hand_over(store: Store) -> None:
    channel, clock = FakeChannel(), Clock()
    hand_over(store, clock, channel)
    clock.at = EVENING
    hand_over(store, clock, channel)
    clock.advance(hours=-1)
    hand_over(store, clock, channel)
    clock.advance(minutes=61)
    assert hand_over(store, clock, channel) == 0
    assert len(channel.sent) == 1
    clock.advance(hours=12)
    assert hand_over(store, clock, channel) == 1
