"""What is asked about late postings: the right things, within the budget, never twice within their time."""

from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Finding
from labelwatch.core.enrichment import (
    BATCH,
    BUDGET,
    FAILED_FOR,
    KEPT_FOR,
    PENDING_FOR,
    Answer,
    MethodStates,
    Question,
    Topic,
    settled,
    worth_asking,
)
from labelwatch.core.facts import LabelTask, MethodState, TaskState
from labelwatch.core.knowledge import Knowledge
from tests.support.core_builders import METHOD, NOW, finding, hours, posting

PACKING: dict[str, Any] = {"status": "awaiting_packaging"}
LONG = hours(3)


def late(number: str = "0101-0001-1", **changes: Any) -> Finding:
    found = finding(posting(number=number, **changes), waited=LONG)
    assert found is not None
    return found


def topics(*findings: Finding, **kwargs: Any) -> list[str]:
    asked = worth_asking(findings, kwargs.pop("known", {}), now=NOW, ask_label_task=kwargs.pop("ask", True))
    return [question.topic.value for question in asked]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["methods", "warehouses", "label_task", "detail"]),
        ({"status": "awaiting_registration"}, ["methods", "warehouses", "detail"]),
        (PACKING, ["limits", "detail"]),
        (PACKING | {"flow": "aggregator"}, []),
        (PACKING | {"flow": "aggregator", "requirements": (("products_requiring_gtd", ("1",)),)}, ["exemplars"]),
        ({"status": "arbitration"}, ["methods", "warehouses", "detail"]),
    ],
)
def test_only_what_can_explain_a_posting_is_asked_about_it(changes: dict[str, Any], expected: list[str]) -> None:
    assert topics(late(**changes)) == expected


def test_the_label_task_can_be_turned_off_and_waits_for_what_is_overdue() -> None:
    assert "label_task" not in topics(late(), ask=False)
    fresh = finding(posting(cutoff=NOW + hours(2)), waited=timedelta(minutes=2))
    assert fresh is not None
    assert "label_task" not in topics(fresh)


def test_five_hundred_late_postings_stay_within_the_budget() -> None:
    findings = [late(f"0101-{index:04}-1") for index in range(500)]
    asked = worth_asking(findings, {}, now=NOW, ask_label_task=True)
    tasks = sum(question.topic is Topic.LABEL_TASK for question in asked)
    batches = -(-tasks // BATCH)
    assert len(asked) - tasks + 3 * batches <= BUDGET
    assert tasks >= 300, "the labels of many are asked for at once"


def test_what_is_left_over_is_asked_at_the_next_poll() -> None:
    findings = [late(f"0101-{index:04}-1") for index in range(500)]
    first = worth_asking(findings, {}, now=NOW, ask_label_task=True)
    known = {question: Answer(NOW, "anything") for question in first}
    second = worth_asking(findings, known, now=NOW, ask_label_task=True)
    assert second
    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("topic", list(Topic))
def test_nothing_is_asked_twice_within_its_time(topic: Topic) -> None:
    items = [late(), late("0101-0002-1", **PACKING, requirements=(("products_requiring_gtd", ("1",)),))]
    question = next(q for q in worth_asking(items, {}, now=NOW, ask_label_task=True) if q.topic is topic)

    def asked_after(span: timedelta, substance: str | None) -> bool:
        known = {question: Answer(NOW - span, substance)}
        return question in worth_asking(items, known, now=NOW, ask_label_task=True)

    second = timedelta(seconds=1)
    assert not asked_after(KEPT_FOR[topic] - second, "answer")
    assert asked_after(KEPT_FOR[topic], "answer")
    assert not asked_after(FAILED_FOR - second, None)
    assert asked_after(FAILED_FOR, None)
    assert asked_after(-hours(1), "answer"), "an answer from the future is of a clock that was set"


def test_a_label_that_is_being_made_is_asked_about_again_soon() -> None:
    question = Question(Topic.LABEL_TASK, "0101-0001-1")
    for state, tasks, again in (
        (TaskState.PENDING, (7,), True),
        (TaskState.PENDING, (), False),
        (TaskState.REFUSED, (7,), False),
    ):
        known = {question: Answer(NOW - PENDING_FOR, LabelTask(state, NOW - PENDING_FOR, tasks=tasks))}
        assert (question in worth_asking([late()], known, now=NOW, ask_label_task=True)) is again


def test_a_question_that_fails_leaves_the_answer_before_it_until_it_is_asked_again() -> None:
    question = Question(Topic.LABEL_TASK, "0101-0001-1")
    task = LabelTask(TaskState.PENDING, NOW - hours(1), tasks=(7,))
    kept = settled({question: Answer(NOW - hours(1), task)}, {question: Answer(NOW, None)})
    assert kept[question].substance == task
    asked = [worth_asking([late()], kept, now=NOW + span, ask_label_task=True) for span in (timedelta(0), FAILED_FOR)]
    assert [question in questions for questions in asked] == [False, True]
    assert settled({}, {question: Answer(NOW, None)}) == {question: Answer(NOW, None)}


def test_answers_become_the_facts_of_their_posting() -> None:
    found = late()
    task = LabelTask(TaskState.REFUSED, NOW, "no")
    methods = MethodStates(
        {
            METHOD.id: MethodState("BROKEN", "Express", "5"),
            "78": MethodState("ACTIVE", "Road", "5"),
            "79": MethodState("ACTIVE", "Elsewhere", "6"),
            "80": MethodState("DISABLED", "Off", "5"),
        }
    )
    knowledge = Knowledge(
        answers={
            Question(Topic.METHODS): Answer(NOW, methods),
            Question(Topic.LABEL_TASK, found.posting.number): Answer(NOW, task),
            Question(Topic.DETAIL, found.posting.number): Answer(NOW, None),
            Question(Topic.LABEL_TASK, "another"): Answer(NOW, task),
        },
        labelled={"78": "Road", "79": "Elsewhere", "80": "Off"},
    )
    facts = knowledge.facts(found)
    assert (facts.label_task, facts.method, facts.detail) == (task, methods.by_id[METHOD.id], None)
    assert facts.alternatives == ("Road",)


def test_what_was_never_asked_is_not_known() -> None:
    facts = Knowledge().facts(late())
    assert (facts.method, facts.warehouse, facts.limits, facts.label_task, facts.alternatives) == (None,) * 5
