"""Escalation by what is left, from the poll to the outbox: who gets a row, why, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import Severity
from labelwatch.core.lifecycle import acknowledge
from labelwatch.core.policy import AlertPolicy, Step
from labelwatch.store import Store
from tests.support.poll_world import START, Story, channel, labelled, unpacked

A = "0101-0001-1"
MINUTE = timedelta(minutes=1)
DUE = START + 200 * MINUTE


@pytest.fixture
def story(store: Store) -> Story:
    told = Story(store)
    told.plan = replace(
        told.plan,
        destinations=(channel("packers"), channel("owner", severity=Severity.CRITICAL, shops=frozenset({"none"}))),
        alerts=AlertPolicy(escalation=(Step(90 * MINUTE, "owner"),)),
    )
    told.lists(unpacked(A, cutoff=DUE))
    return told


def rows(story: Story) -> list[tuple[str, str]]:
    return [(row.notification.channel, row.notification.reason.value) for row in story.rows()]


def test_a_step_is_told_to_its_channel_at_once_and_who_was_told_hears_the_end(story: Story) -> None:
    for minutes in (0, 108, 2, 2):
        story.poll(minutes)
    assert rows(story) == [("packers", "first"), ("owner", "escalated")]
    assert story.rows()[1].notification.due_at == START + 110 * MINUTE
    story.lists(labelled(unpacked(A, cutoff=DUE)))
    story.poll(2)
    assert sorted(rows(story)[2:]) == [("owner", "resolved"), ("packers", "resolved")]


def test_what_somebody_took_care_of_goes_no_further(story: Story) -> None:
    story.poll()
    story.store.alerts.change(A, lambda alert: acknowledge(alert, by="Li", note="", now=story.at), shop=None)
    story.poll(115)
    assert rows(story) == [("packers", "first")]


def test_what_only_a_step_wants_to_hear_of_is_told_when_it_is_reached(story: Story) -> None:
    owner = story.plan.destinations[1]
    story.plan = replace(story.plan, destinations=(owner,))
    story.poll()
    story.poll(109)
    assert rows(story) == []
    story.poll(1)
    assert rows(story) == [("owner", "first")]
    assert story.rows()[0].notification.number == 1


def test_a_step_whose_channel_is_switched_off_tells_nobody(story: Story) -> None:
    story.plan = replace(story.plan, destinations=())
    story.poll()
    story.poll(115)
    assert rows(story) == []


def test_the_next_poll_is_due_when_the_last_hour_or_a_step_begins(story: Story) -> None:
    dues = [story.poll(minutes).next_due_in for minutes in (0, 110, 30, 60)]
    assert dues == [110 * MINUTE, 30 * MINUTE, 60 * MINUTE, None]
