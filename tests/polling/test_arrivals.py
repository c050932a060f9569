"""Orders that are first met in a status for which no list can be asked by name."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from labelwatch.core.alert import Outcome
from labelwatch.polling.sweep import arrivals_are_due
from labelwatch.store import Store
from tests.support.poll_world import EVERY, START, Story, labelled, posting

A, B, C, D = "0101-0001-1", "0101-0002-1", "0101-0003-1", "0101-0004-1"
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.fault("O11")


@pytest.fixture
def story(sqlite_store: Store) -> Story:
    return Story(sqlite_store)


def test_an_order_first_met_in_an_unannounced_status_is_watched_and_told(story: Story) -> None:
    story.lists(posting(A))
    story.poll()
    strange = posting(B, status="awaiting_the_moon", substatus="waxing")
    story.source.arrived, story.source.elsewhere = [strange], {B: strange}
    for _ in range(16):
        story.poll(2)
    assert story.told() == [(A, "first"), (B, "first")]
    assert story.alerts()[B].diagnosis.cause == "unknown_state"
    known = story.store.postings.find(B)["main"]
    assert known.track.first_seen <= START + 6 * EVERY


def test_what_is_finished_or_stands_in_the_list_is_not_taken_in_a_second_time(story: Story) -> None:
    story.lists(posting(A))
    story.source.arrived = [posting(B, status="delivered"), posting(C, status="cancelled"), labelled(posting(A))]
    report = story.poll()
    assert (report.postings, report.changed) == (1, 1)
    assert story.store.postings.find(B) == story.store.postings.find(C) == {}
    assert story.store.postings.find(A)["main"].posting == posting(A)


def test_a_posting_that_is_unreadable_there_is_nobodys_business(story: Story) -> None:
    story.source.arrived, story.source.unreadable = [posting(B, status="delivered"), posting(D, status="new")], {B}
    assert story.poll().quarantined == 0
    assert list(story.store.postings.find(D)) == ["main"]
    assert story.told() == []


def test_one_that_is_found_by_its_number_and_leaves_is_over_and_one_that_vanishes_stays(story: Story) -> None:
    strange = {number: posting(number, status="awaiting_the_moon") for number in (A, B)}
    story.source.arrived, story.source.elsewhere = list(strange.values()), dict(strange)
    story.poll()
    for _ in range(8):
        story.poll(2)
    assert set(story.alerts()) == {A, B}
    story.source.arrived = []
    story.source.elsewhere = {A: posting(A, status="delivering")}
    for _ in range(3):
        story.poll(2)
    assert set(story.alerts()) == {B}
    assert story.alerts(open_only=False)[A].outcome is Outcome.HANDED_OVER


def test_a_failure_costs_the_answer_and_not_the_poll(story: Story) -> None:
    story.lists(posting(A))
    story.source.arrivals_fail = True
    assert story.poll().complete
    assert list(story.store.postings.find(A)) == ["main"]


def test_it_is_asked_once_in_five_polls_for_what_came_since_and_at_first_for_ten_days(story: Story) -> None:
    asked = story.source.arrived_since
    for minutes in (0, *[2] * 24):
        story.poll(minutes)
    fifth = [START + n * 5 * EVERY for n in range(1, 5)]
    assert asked == [START - 240 * HOUR, *(at - EVERY - 6 * HOUR for at in fifth)]


def test_after_a_long_silence_it_is_asked_for_ten_days_and_a_poll_by_hand_always_asks(story: Story) -> None:
    story.poll()
    story.poll(60 * 24 * 30)
    assert story.source.arrived_since[-1] == story.at - timedelta(days=10)
    story.plan = replace(story.plan, thorough=True)
    story.poll(2)
    story.poll(2)
    assert len(story.source.arrived_since) == 4


@pytest.mark.parametrize("minutes", [2, 30])
def test_polls_by_cron_take_their_turns_too(minutes: int) -> None:
    every = timedelta(minutes=minutes)
    at = [START + n * every for n in range(51)]
    due = [arrivals_are_due(before, now, every=every) for before, now in pairwise(at)]
    assert sum(due) == 10
    assert arrivals_are_due(None, START, every=every)
