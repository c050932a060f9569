"""What Ozon answers to a label task, and the one message that comes of it."""

from datetime import timedelta

import pytest

from labelwatch.core.enrichment import FIRST_CHECK, Question, Topic
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.service.scheduler import JUST_AFTER
from labelwatch.store import OutboxState, Store
from labelwatch.store.values import Settled
from tests.support.poll_world import Story, posting

A = "0101-0001-1"
ASKED = Question(Topic.LABEL_TASK, A)


@pytest.fixture
def story(store: Store) -> Story:
    """A posting whose label has just become overdue; Ozon has accepted the task to print it."""
    told = Story(store)
    told.lists(posting(A))
    told.poll()
    told.source.knows[ASKED] = LabelTask(TaskState.PENDING, told.at + timedelta(minutes=15), tasks=(7,))
    assert told.poll(15).next_due_in == FIRST_CHECK
    return told


def refused(story: Story) -> None:
    story.source.knows[ASKED] = LabelTask(TaskState.REFUSED, story.at, "No stock", tasks=(7,))
    story.poll((FIRST_CHECK + JUST_AFTER) / timedelta(minutes=1))


def waiting(story: Story) -> list[tuple[str, str]]:
    unsent = [row.notification for row in story.rows() if row.state is OutboxState.PENDING]
    return [(one.reason.value, one.alert.diagnosis.cause) for one in unsent]


def test_a_refusal_that_comes_before_the_first_message_is_that_message(story: Story) -> None:
    assert waiting(story) == [("first", "label_overdue")]
    refused(story)
    assert waiting(story) == [("first", "label_refused")]
    told = story.alerts()[A].told
    assert told is not None
    assert (told.count, told.cause) == (1, "label_refused")


def test_a_refusal_that_comes_after_the_first_message_is_news(story: Story) -> None:
    with story.store.write() as tx:
        (row,) = tx.outbox.claim("packers", now=story.at + story.plan.group_wait, lease_until=story.at, key="k")
        tx.outbox.settle([row.id], Settled(OutboxState.SENT), at=story.at)
    refused(story)
    assert waiting(story) == [("cause_changed", "label_refused")]


def test_a_task_that_is_unfinished_at_its_first_check_is_checked_every_two_minutes(story: Story) -> None:
    asked = [ASKED in story.source.asked[-1] for _ in [story.poll(0.2)]]
    before = len([some for some in story.source.asked if ASKED in some])
    story.poll(1)
    assert len([some for some in story.source.asked if ASKED in some]) == before
    story.poll(1)
    assert len([some for some in story.source.asked if ASKED in some]) == before + 1
    assert asked == [True]


def test_a_refused_label_stays_refused_while_ozon_is_asked_again(story: Story) -> None:
    refused(story)
    story.source.knows[ASKED] = LabelTask(TaskState.PENDING, story.at + timedelta(minutes=11), tasks=(8,))
    for minutes in (11, 1, 2):
        story.poll(minutes)
        assert story.alerts()[A].diagnosis.cause == "label_refused"
    story.source.knows[ASKED] = LabelTask(TaskState.MISSING, story.at, tasks=(8,))
    story.poll(2)
    assert story.alerts()[A].diagnosis.cause == "label_overdue"
    assert waiting(story) == [("first", "label_overdue")]
