"""The last hour and the deadline itself, from the poll to the outbox: who is told what, read or not."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from labelwatch.core.alert import Severity, Verdict
from labelwatch.core.lifecycle import acknowledge
from labelwatch.core.policy import AlertPolicy, DelayPolicy, Delays, Step
from labelwatch.core.posting import PickUp
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests.support.poll_world import START, Story, channel, labelled, numbered, of_carrier, posting, unpacked

A = "0101-0001-1"
MINUTE = timedelta(minutes=1)
DUE = START + 200 * MINUTE


@pytest.fixture
def story(store: Store) -> Story:
    told = Story(store)
    told.plan = replace(
        told.plan,
        destinations=(channel("packers"), channel("owner", severity=Severity.CRITICAL, shops=frozenset({"none"}))),
        alerts=AlertPolicy(escalation=(Step(30 * MINUTE, "owner"),)),
    )
    told.lists(unpacked(A, cutoff=DUE))
    return told


def rows(story: Story, since: int = 0) -> list[tuple[str, str]]:
    return [(row.notification.channel, row.notification.reason.value) for row in story.rows()[since:]]


def take(story: Story) -> None:
    story.store.alerts.change(A, lambda alert: acknowledge(alert, by="Li", note="", now=story.at), shop=None)


def test_a_missed_deadline_reaches_packers_and_owner_once_though_somebody_took_it(story: Story) -> None:
    for minutes in (0, 150):
        story.poll(minutes)
    take(story)
    before = len(story.rows())
    assert story.poll(49).next_due_in == MINUTE
    assert rows(story, before) == []
    assert story.poll(1).next_due_in is None
    assert rows(story, before) == [("packers", "missed"), ("owner", "missed")]
    story.poll(1)
    story.poll(60)
    assert len(rows(story, before)) == 2


@pytest.mark.parametrize("final", [False, True])
def test_a_deadline_that_passes_while_the_shop_cannot_be_read_is_told_all_the_same(story: Story, final: bool) -> None:
    story.poll()
    story.source.trouble = Trouble.KEY_REJECTED if final else Trouble.OZON_DOWN
    for minutes in (1, 1, 1, 137):  # an hour before the deadline
        story.poll(minutes)
    of_order = [reason for number, reason in story.told() if number == A]
    assert of_order == ["first", "escalated"]
    assert story.poll(59).next_due_in == MINUTE
    if final:  # its key is left alone for some minutes
        story.silence(1)
    else:
        story.poll(1)
    of_order = [reason for number, reason in story.told() if number == A]
    assert of_order == ["first", "escalated", "escalated", "missed", "missed"]
    alert = story.alerts()[A]
    assert alert.diagnosis.as_of == START
    assert alert.told is not None
    assert alert.told.missed
    count = len(story.rows())
    story.silence(1)
    assert len([number for number, _ in story.told()[count:] if number == A]) == 0


def test_a_deadline_that_passes_while_ozon_keeps_a_poll_waiting_is_told_within_a_minute(story: Story) -> None:
    for minutes in (0, 150, 49):
        story.poll(minutes)
    before = len(story.rows())
    story.silence(1)
    story.silence(10 / 60)
    assert rows(story, before) == []  # a poll that is answered comes first, and may find the order on its way
    story.silence(10 / 60)
    assert sorted(rows(story, before)) == [("owner", "missed"), ("packers", "missed")]
    story.silence(10 / 60)
    story.poll(1)
    assert len(rows(story, before)) == 2


def test_an_order_that_left_the_list_and_cannot_be_looked_up_is_told_by_the_clock(story: Story) -> None:
    story.poll()
    story.lists()
    story.source.lookup_fails = True
    for minutes in (140, 60):
        story.poll(minutes)
    assert [reason for number, reason in story.told() if number == A] == ["first", "escalated", "missed", "missed"]
    assert story.alerts()[A].diagnosis.as_of == START


def test_what_waits_for_its_label_is_told_to_act_when_the_wait_is_over(story: Story) -> None:
    waiting = posting(A, status="awaiting_registration", flow="aggregator", cutoff=START + 90 * MINUTE)
    story.lists(waiting)
    story.poll()
    told = [story.alerts()[A].diagnosis]
    story.poll(29)
    story.poll(1)
    told.append(story.alerts()[A].diagnosis)
    assert [one.verdict for one in told] == [Verdict.WAIT, Verdict.ACT]
    assert told[0].wait_until == START + 30 * MINUTE
    assert [reason for _, reason in story.told()] == ["first", "escalated"]


def test_each_posting_that_an_incident_explains_is_told_when_it_misses_its_deadline(story: Story) -> None:
    stuck = list(numbered(12, lambda number: of_carrier("Aurora", number, cutoff=DUE)))
    story.lists(*stuck)
    story.poll()
    story.poll(20)
    assert {number for number, _ in story.told()} == {None}
    story.poll(180)
    missed = [number for number, reason in story.told() if reason == "missed"]
    assert sorted({str(number) for number in missed}) == [one.number for one in stuck]
    story.lists(*map(labelled, stuck))
    story.poll(5)
    assert {number for number, reason in story.told() if reason == "resolved"} >= set(missed)


def test_a_pick_up_is_the_deadline(story: Story) -> None:
    noon = PickUp((time(12),), "UTC")
    story.plan = replace(story.plan, delays=DelayPolicy(Delays(pick_up=noon)))
    story.lists(unpacked(A, cutoff=START.replace(hour=23)))
    story.poll()
    pick_up = START.replace(hour=12)
    diagnosis = story.alerts()[A].diagnosis
    assert (diagnosis.deadline, diagnosis.cutoff) == (pick_up, START.replace(hour=23))
    story.poll((pick_up - START) / MINUTE)
    assert ("packers", "missed") in rows(story)
