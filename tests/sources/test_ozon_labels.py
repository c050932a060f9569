"""Label tasks: every way one can end, in batches, taken apart when one posting spoils the rest, within the budget."""

from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Finding
from labelwatch.core.enrichment import BATCH, BUDGET, KEPT_FOR, Question, Topic, worth_asking
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.sandbox import At, Fault, Kind, World, state
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import OZON
from labelwatch.sources.ozon.enrichment import CREATE, LABEL
from tests.sources.asking import Asker, asking, labels
from tests.sources.scripted import Asked, Reply, says, scripted
from tests.support.core_builders import finding, posting
from tests.support.sandbox_player import START, world_of

PENDING, PRINTED, REFUSED, MISSING = TaskState.PENDING, TaskState.PRINTED, TaskState.REFUSED, TaskState.MISSING
NOTHING_TO_PRINT = "NO_POSTINGS_FOR_BATCH_DOWNLOAD"
FOREIGN = "POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY"
ONE = "10000000-0001-1"
TAKES = timedelta(seconds=6)


def numbered(count: int) -> list[str]:
    return [f"1{n:07d}-0001-1" for n in range(count)]


def index(count: int = 1, *, label: bool = True, **hints: dict[str, Any]) -> World:
    """Postings that wait for hand-over, with their labels or without; hints tell by place how a label turns out."""
    numbers = numbered(count)
    world = world_of(*((number, OZON, "awaiting_deliver", label) for number in numbers))
    for place, hint in hints.items():
        offered = state(OZON.flow, "awaiting_deliver", label="no_file" in hint)
        world.plan(At(minutes=0, posting=numbers[int(place[1:])], change={**offered, "_label": hint}))
    return world


def later(asker: Asker, questions: list[Question], *, budget: int = 100) -> None:
    """Ask again when the answer may be asked for again, and the task has had its time."""
    asker.play.wait(seconds=max(KEPT_FOR[Topic.LABEL_TASK], TAKES).total_seconds())
    asker.ask(questions, budget=budget)


# (how the label turns out, what is known of it at the end)
ENDINGS: list[tuple[dict[str, Any], tuple[TaskState, str]]] = [
    ({"unprinted": "Склад закрыт"}, (REFUSED, "Склад закрыт")),
    ({"unprinted": "Отправление отменено"}, (REFUSED, "Отправление отменено")),
    ({"unprinted": NOT_YET}, (PENDING, NOT_YET)),
    ({"stuck": True}, (PENDING, "")),
    ({"error": "No paper"}, (REFUSED, "No paper")),
    ({"error": "The next postings aren't ready"}, (PENDING, "The next postings aren't ready")),
    ({"no_file": True}, (MISSING, "")),
    ({"lost": True}, (MISSING, "")),
]


@pytest.mark.parametrize(("hint", "ending"), ENDINGS)
def test_a_label_is_asked_for_once_and_then_looked_after(hint: dict[str, Any], ending: tuple[TaskState, str]) -> None:
    with asking(index(_0=hint)) as asker:
        asker.ask(labels(ONE))
        first = asker.label(ONE)
        assert (first.state, first.message, first.asked_at) == (PENDING, "", START)
        later(asker, labels(ONE))
        task = asker.label(ONE)
        assert (task.state, task.message) == ending
        assert (task.tasks, task.asked_at) == (first.tasks, START)
        assert len(asker.asked(CREATE)) == 1
        assert asker.asked(LABEL) == [{"task_id": first.tasks[0]}] * 2
        assert [seen for seen in asker.asked() if seen is None] == [], "the file itself is never fetched"


def test_a_label_that_can_be_had_is_printed() -> None:
    with asking(index()) as asker:
        asker.ask(labels(ONE))
        later(asker, labels(ONE))
        assert asker.label(ONE).state is PRINTED


# (number, status, label offered, what Ozon says at once without a task)
REFUSALS = [
    (ONE, "awaiting_deliver", False, PENDING, NOTHING_TO_PRINT),
    (ONE, "awaiting_packaging", False, PENDING, NOTHING_TO_PRINT),
    (ONE, "delivering", False, REFUSED, "label not allowed for delivered postings"),
    ("0-0-0", "awaiting_deliver", True, REFUSED, FOREIGN),
]


@pytest.mark.parametrize(("number", "status", "label", "outcome", "message"), REFUSALS)
def test_a_posting_refused_alone_has_ozons_words_for_it(
    number: str, status: str, label: bool, outcome: TaskState, message: str
) -> None:
    with asking(world_of((ONE, OZON, status, label))) as asker:
        asker.ask(labels(number))
        assert asker.label(number) == LabelTask(outcome, START, message)
        assert len(asker.asked()) == 1


def test_labels_are_asked_for_in_batches() -> None:
    numbers = numbered(45)
    with asking(index(45)) as asker:
        asker.ask(labels(*numbers))
        assert [len(body["posting_numbers"]) for body in asker.asked(CREATE)] == [BATCH, BATCH, 5]
        assert len(asker.asked(LABEL)) == 3
        later(asker, labels(*numbers))
        assert {asker.label(number).state for number in numbers} == {PRINTED}
        assert len(asker.asked()) == 9, "three batches: made, looked at, and looked at again"


def test_one_posting_that_spoils_its_batch_is_found_by_halving() -> None:
    numbers = numbered(BATCH)
    world = index(BATCH)
    world.plan(At(minutes=0, posting=numbers[13], change=state(OZON.flow, "delivering")))
    with asking(world) as asker:
        asker.ask(labels(*numbers))
        assert asker.label(numbers[13]).state is REFUSED
        assert {asker.label(number).state for number in numbers if number != numbers[13]} == {PENDING}
        assert len(asker.asked(CREATE)) <= 11
        before = len(asker.asked(CREATE))
        later(asker, labels(*(number for number in numbers if number != numbers[13])))
        assert {asker.label(number).state for number in numbers if number != numbers[13]} == {PRINTED}
        assert len(asker.asked(CREATE)) == before


@pytest.mark.parametrize("budget", [1, 2, 7, 38, 39])
def test_halving_keeps_to_the_budget_and_goes_on_in_the_next_round(budget: int) -> None:
    numbers = numbered(BATCH)
    with asking(index(BATCH, label=False)) as asker:
        left = list(numbers)
        while left:
            answers = asker.ask(labels(*left), budget=budget)
            assert answers, "every round gets further"
            left = [number for number in left if Question(Topic.LABEL_TASK, number) not in answers]
        assert {asker.label(number).state for number in numbers} == {PENDING}
        asked = [tuple(body["posting_numbers"]) for body in asker.asked(CREATE)]
    assert len(asked) == len(set(asked)) < 2 * BATCH, "no batch is left halfway and refused once more"


def test_what_was_not_ready_is_not_taken_apart_again_but_a_newcomer_is() -> None:
    numbers = numbered(BATCH)
    old, new = numbers[:-2], numbers[-2:]
    with asking(index(BATCH, label=False)) as asker:
        asker.ask(labels(*old))
        assert len(asker.asked()) == 2 * len(old) - 1, "all of them refused: every half down to the single ones"
        before = len(asker.asked())
        later(asker, labels(*numbers))
        again = [body["posting_numbers"] for body in asker.asked(CREATE)[before:]]
        assert again == [new, new[:1], new[1:], old]
        assert {asker.label(number).message for number in numbers} == {NOTHING_TO_PRINT}


def test_a_task_that_fails_as_a_whole_blames_nobody_who_shares_it() -> None:
    numbers = numbered(4)
    with asking(index(4, _2={"error": "No paper"})) as asker:
        asker.ask(labels(*numbers))
        later(asker, labels(*numbers))
        assert {asker.label(number).state for number in numbers} == {PENDING}
        later(asker, labels(*numbers))
        states = [asker.label(number).state for number in numbers]
        assert states == [PRINTED, PRINTED, REFUSED, PRINTED]
        assert asker.label(numbers[2]).message == "No paper"


def test_mine_is_missing_where_a_task_printed_fewer_than_it_was_asked_for() -> None:
    numbers = numbered(3)
    with asking(index(3, _1={"lost": True}, _2={"unprinted": "Склад закрыт"})) as asker:
        asker.ask(labels(*numbers))
        later(asker, labels(*numbers))
        assert asker.label(numbers[1]).state is MISSING
        assert asker.label(numbers[2]).state is REFUSED


def test_a_budget_that_ends_after_the_task_was_made_is_no_loss() -> None:
    with asking(index()) as asker:
        asker.ask(labels(ONE), budget=1)
        task = asker.label(ONE)
        assert (task.state, len(task.tasks)) == (PENDING, 1)
        later(asker, labels(ONE))
        assert asker.label(ONE).state is PRINTED
        assert len(asker.asked(CREATE)) == 1


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.CIRCLE, Kind.OBJECT])
def test_a_new_task_that_cannot_be_looked_at_yet_is_waited_for(kind: Kind) -> None:
    with asking(index()) as asker:
        asker.play.sandbox.fault(Fault(kind=kind, path=LABEL, status=400, message="task is not found", times=3))
        asker.ask(labels(ONE))
        assert asker.label(ONE).state is PENDING
        asker.play.sandbox.world.faults.clear()
        later(asker, labels(ONE))
        assert asker.label(ONE).state is PRINTED


# (the budget, how many of three postings are looked into before the label): one request is kept for the last look
@pytest.mark.parametrize(("budget", "details"), [(10, 3), (4, 2), (3, 1)])
def test_a_new_task_is_looked_at_after_all_else_and_nothing_else_uses_up_that_look(budget: int, details: int) -> None:
    numbers = numbered(3)
    with asking(index(3)) as asker:
        asker.ask([*labels(numbers[0]), *(Question(Topic.DETAIL, n) for n in numbers)], budget=budget)
        paths = [seen.path for seen in asker.play.sandbox.requests]
    assert paths == [CREATE, *["/v3/posting/fbs/get"] * details, LABEL]


def test_a_new_task_is_not_looked_at_once_ozon_refuses_every_request() -> None:
    with asking(index()) as asker:
        refusal = Fault(kind=Kind.ERROR, path="/v3/posting/fbs/get", status=429, message="rate limit", times=9)
        asker.play.sandbox.fault(refusal)
        asker.ask([*labels(ONE), Question(Topic.DETAIL, ONE)])
        assert asker.label(ONE).state is PENDING
        assert asker.asked(LABEL) == []


def test_a_task_that_ozon_has_forgotten_is_made_anew_after_a_failure() -> None:
    with asking(index()) as asker:
        asker.ask(labels(ONE))
        asker.play.sandbox.fault(Fault(kind=Kind.ERROR, path=LABEL, status=404, message="TASK_NOT_FOUND", times=1))
        later(asker, labels(ONE))
        assert asker.known[labels(ONE)[0]].substance is None
        later(asker, labels(ONE))
        assert asker.label(ONE).state is PRINTED
        assert len(asker.asked(CREATE)) == 2


def test_nothing_is_printed_unless_it_is_asked_for() -> None:
    with asking(index()) as asker:
        asker.ask([Question(topic, ONE) for topic in Topic if topic is not Topic.LABEL_TASK])
        assert asker.asked(CREATE) == asker.asked(LABEL) == []


def tasks(*statuses: dict[str, Any]) -> Any:
    """Ozon with one task of each of these standings for whatever batch."""

    def script(asked: Asked) -> Reply:
        if asked.path == CREATE:
            return says({"tasks": [{"task_id": n, "task_type": "big_label"} for n in range(len(statuses))]})
        status = statuses[asked.body["task_id"]]
        return says({"status": status, "file_url": "https://ir.example/label.pdf", "error": status.get("error")})

    return script


DONE = {"code": "completed", "postings_count": 1, "printed_postings_count": 1, "unprinted_postings": []}
WAITING = {"code": "in_progress"}
LACKING = {"code": "completed", "postings_count": 1, "printed_postings_count": 0, "unprinted_postings": []}
BARRED = {**LACKING, "unprinted_postings": [{"posting_number": ONE, "message": "Склад закрыт"}]}
FAILED = {"code": "error"}

# (how the tasks of both sizes stand, what that says about the posting)
BOTH_SIZES = [
    ((DONE, BARRED), PRINTED),
    ((LACKING, DONE), PRINTED),
    ((FAILED, DONE), PRINTED),
    ((BARRED, WAITING), PENDING),
    ((LACKING, BARRED), REFUSED),
    ((FAILED, BARRED), REFUSED),
    ((LACKING, LACKING), MISSING),
    ((FAILED, LACKING), None),
    ((FAILED, FAILED), None),
]


@pytest.mark.parametrize(("statuses", "outcome"), BOTH_SIZES)
def test_one_size_of_the_label_is_enough(statuses: tuple[dict[str, Any], ...], outcome: TaskState | None) -> None:
    (question,) = labels(ONE)
    with scripted(tasks(*statuses)) as scene:
        source = scene.source()
        found = source.ask([question], {}, budget=10)[question].substance
        source.close()
    assert (found.state if isinstance(found, LabelTask) else found) == outcome
    assert len(scene.asked) == 3


def overdue(numbers: list[str]) -> list[Finding]:
    found = [finding(posting(number=number), waited=timedelta(hours=1)) for number in numbers]
    return [each for each in found if each is not None]


# (are the labels there, the most requests that 500 overdue postings cost in all, polls)
BOUNDS = [
    # two lists, 500 postings looked up, 25 batches made and looked at
    (True, 2 + 500 + 25 * 2, 12),
    # each batch is taken apart down to the last posting
    (False, 2 + 500 + 2 * 500, 30),
]


@pytest.mark.parametrize(("label", "requests", "polls"), BOUNDS)
def test_five_hundred_overdue_postings_cost_a_bounded_number_of_requests(
    label: bool, requests: int, polls: int
) -> None:
    numbers = numbered(500)
    findings = overdue(numbers)
    assert len(findings) == 500
    with asking(index(500, label=label)) as asker:
        for _ in range(polls):
            now = asker.play.clock.now()
            wanted = worth_asking(findings, asker.known, now=now, ask_label_task=True)
            asker.ask(wanted, budget=BUDGET)  # costs no more than that, as the asker sees to
        assert wanted == ()
        assert {asker.label(number).state for number in numbers} == {PENDING}
        asked = [(seen.path, repr(seen.body)) for seen in asker.play.sandbox.requests]
        assert len(asked) == len(set(asked)), "nothing is asked twice within its time"
        assert len(asked) <= requests
