"""One look at one posting: opened, held, excused, closed, and what is worth a write."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Alert, Outcome, Reason, Severity
from labelwatch.core.decision import Change
from labelwatch.core.diagnosis import Failure, unreadable_shop
from labelwatch.core.evaluate import evaluate
from labelwatch.core.policy import DelayPolicy, Delays, Destination
from labelwatch.core.posting import Interval, Known, Posting, Stage
from labelwatch.core.snapshot import Plan, Snapshot
from tests.support.core_builders import NOW, hours, known, posting, watch

MINUTE = timedelta(minutes=1)
PLAN = Plan("main", 2 * MINUTE, destinations=(Destination("packers", "en", "UTC"),))
LATE_PACKING = {"status": "awaiting_packaging", "in_process_at": NOW - hours(30)}


def look(item: Known, before: Alert | None = None, minutes: float = 0, **context: Any) -> Change | None:
    """What one poll makes of one posting."""
    changes = evaluate(Snapshot(PLAN, NOW + minutes * MINUTE, watch=watch(**context), postings=[(item, before)]))
    assert (len(changes.own) <= 1, changes.incidents, changes.explained) == (True, (), ())
    return changes.own[0] if changes.own else None


def told(change: Change) -> Reason | None:
    return change.notifications[0].reason if change.notifications else None


def opened(**changes: Any) -> Alert:
    change = look(known(posting(**LATE_PACKING | changes)))
    assert change is not None
    assert told(change) is Reason.FIRST
    return change.alert


def moved(item: Posting) -> Known:
    """The posting as it is after standing in its new stage for no time at all."""
    return known(item)


def test_a_healthy_posting_has_no_alert() -> None:
    assert look(known(posting())) is None
    assert look(known(posting(actions=("label_download",)))) is None


def test_a_second_look_at_the_same_trouble_is_not_worth_a_write() -> None:
    again = look(known(posting(**LATE_PACKING)), opened(), 5)
    assert again is not None
    assert (told(again), again.is_news) == (None, False)


def test_packed_at_last_the_alert_is_held_until_the_label_is_there() -> None:
    held = look(moved(posting()), opened(), 1)
    assert held is not None
    assert (told(held), held.alert.outcome, held.alert.diagnosis.cause) == (None, None, "label_pending")
    still = look(moved(posting()), held.alert, 3)
    assert still is not None
    assert still.alert.outcome is None
    ended = look(moved(posting(actions=("label_download",))), still.alert, 4)
    assert ended is not None
    assert (ended.alert.outcome, told(ended)) == (Outcome.LABELLED, Reason.RESOLVED)


def test_held_too_long_it_is_told_again_with_its_new_cause() -> None:
    held = look(moved(posting()), opened(), 1)
    assert held is not None
    late = look(known(posting(), waited=timedelta(0)), held.alert, 20)
    assert late is not None
    assert (told(late), late.alert.diagnosis.cause) == (Reason.CAUSE_CHANGED, "label_overdue")


@pytest.mark.fault("O14")
def test_a_cutoff_that_moved_away_excuses_the_posting() -> None:
    near = {"in_process_at": NOW - hours(1), "cutoff": NOW + hours(2)}
    alert = opened(**near)
    away = look(known(posting(**LATE_PACKING | near | {"cutoff": NOW + hours(48)})), alert, 1)
    assert away is not None
    assert (away.alert.outcome, away.alert.diagnosis.deadline) == (Outcome.DEADLINE_MOVED, NOW + hours(48))


def test_limits_that_were_changed_end_an_alert_as_what_they_are() -> None:
    limits = DelayPolicy(Delays(order=hours(100)))
    ended = look(known(posting(**LATE_PACKING)), opened(), 1, policy=limits)
    assert ended is not None
    assert ended.alert.outcome is Outcome.LIMITS_CHANGED


def test_a_posting_that_went_back_to_be_packed_is_merely_no_longer_late() -> None:
    late = look(known(posting(), waited=hours(2)))
    assert late is not None
    back = look(known(posting(status="awaiting_packaging", in_process_at=NOW)), late.alert, 1)
    assert back is not None
    assert back.alert.outcome is Outcome.EXCUSED


def test_a_dispute_after_the_label_was_there_ends_the_alert_as_a_dispute() -> None:
    before = known(posting(), waited=hours(2))
    late = look(before)
    assert late is not None
    labelled = replace(before.track, stage=Stage.DONE, label=Interval(NOW, NOW))
    ended = look(replace(known(posting(status="arbitration")), track=labelled), late.alert, 1)
    assert ended is not None
    assert ended.alert.outcome is Outcome.DISPUTED


@pytest.mark.fault("O14")
@pytest.mark.parametrize(
    ("status", "outcome"), [("cancelled", Outcome.CANCELLED), ("delivering", Outcome.HANDED_OVER)]
)
def test_a_posting_that_left_closes_its_alert(status: str, outcome: Outcome) -> None:
    ended = look(known(posting(status=status)), opened(), 1)
    assert ended is not None
    assert ended.alert.outcome is outcome


def blind(minutes: float, *, final: bool = False, read: bool = True) -> Any:
    failure = Failure("ozon_down", "HTTP 502", NOW + MINUTE, NOW if read else None, is_final=final)
    return unreadable_shop("main", failure, every=2 * MINUTE, now=NOW + minutes * MINUTE)


def test_a_shop_is_blind_after_three_intervals_or_when_waiting_does_not_help() -> None:
    assert blind(5.9) is None
    assert blind(6).severity is Severity.WARNING
    assert blind(60).severity is Severity.CRITICAL
    assert blind(1, final=True).severity is Severity.CRITICAL
    assert blind(6.9, read=False) is None
    assert blind(7, read=False).waiting_since == Interval(NOW + MINUTE, NOW + MINUTE)
    assert blind(7).waiting_since == Interval(NOW, NOW + MINUTE)


def test_the_alert_of_a_shop_names_no_posting() -> None:
    assert replace(blind(7)).posting_number is None
