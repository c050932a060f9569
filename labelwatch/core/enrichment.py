"""Which questions to ask Ozon about late postings, within a budget, and never again while an answer is fresh."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from labelwatch.core.alert import Finding
from labelwatch.core.facts import Detail, DropoffLimits, Facts, LabelTask, MethodState, TaskState, WarehouseState
from labelwatch.core.posting import Stage

T = TypeVar("T")

BUDGET = 60
"""Requests one poll of one shop may spend on questions; the rest is asked at the next polls."""

BATCH = 20
"""Postings in one label task: Ozon rejects more."""

TASK_COST = 3
"""Requests that one batch of label tasks usually costs: one to create it and one for each of its two tasks."""


DETAILS = 10
"""This many of the most urgent are asked about singly before running tasks are checked again."""


class Topic(StrEnum):
    METHODS = "methods"
    """The shop's delivery methods."""
    WAREHOUSES = "warehouses"
    LABEL_TASK = "label_task"
    LIMITS = "limits"
    """What the drop-off point accepts."""
    EXEMPLARS = "exemplars"
    """Whether the marking codes of the products are valid."""
    DETAIL = "detail"


KEPT_FOR = {
    Topic.METHODS: timedelta(hours=1),
    Topic.WAREHOUSES: timedelta(hours=1),
    Topic.LABEL_TASK: timedelta(minutes=10),
    Topic.LIMITS: timedelta(hours=6),
    Topic.EXEMPLARS: timedelta(minutes=15),
    Topic.DETAIL: timedelta(minutes=15),
}
"""How long an answer stays fresh."""

FAILED_FOR = timedelta(minutes=5)
"""How long a failed question is not repeated."""

ANSWERS_KEPT = timedelta(days=1)
"""An answer that could not be refreshed for this long is forgotten."""

FIRST_CHECK = timedelta(seconds=10)
"""How long after its creation a label task is checked: Ozon usually needs some seconds, and the first message about
the posting still waits for others and can contain the answer."""

PENDING_FOR = timedelta(minutes=2)
"""How long to wait before checking a label task again that was unfinished then."""

SHOP_WIDE = (Topic.METHODS, Topic.WAREHOUSES)


@dataclass(frozen=True, slots=True)
class Question:
    """`subject` is a posting number; empty where the question is about the shop."""

    topic: Topic
    subject: str = ""


@dataclass(frozen=True, slots=True)
class MethodStates:
    """All delivery methods of a shop by id."""

    by_id: Mapping[str, MethodState]


@dataclass(frozen=True, slots=True)
class WarehouseStates:
    """All warehouses of a shop by id."""

    by_id: Mapping[str, WarehouseState]


Substance = MethodStates | WarehouseStates | LabelTask | DropoffLimits | Detail | str

SUBSTANCE: Mapping[Topic, type[Substance]] = {
    Topic.METHODS: MethodStates,
    Topic.WAREHOUSES: WarehouseStates,
    Topic.LABEL_TASK: LabelTask,
    Topic.LIMITS: DropoffLimits,
    Topic.EXEMPLARS: str,
    Topic.DETAIL: Detail,
}
"""The type of the answer on each topic."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Ozon answered, and when it was asked; `substance` None = the question failed."""

    asked_at: datetime
    substance: Substance | None


Answers = Mapping[Question, Answer]


def urgency(finding: Finding) -> datetime:
    """Sorts findings by deadline; those without one last."""
    return finding.deadline.at if finding.deadline else datetime.max.replace(tzinfo=UTC)


def worth_asking(
    findings: Sequence[Finding], known: Answers, *, now: datetime, ask_label_task: bool
) -> tuple[Question, ...]:
    """The questions to ask now about these findings (most urgent first), at most BUDGET requests' worth."""
    asked: dict[Question, None] = {}
    paid: set[tuple[int, ...]] = set()
    left, new_tasks = BUDGET, 0
    for question in _wanted(findings, known, ask_label_task=ask_label_task):
        if question in asked or not is_open(known.get(question), question.topic, now):
            continue
        ids = _task_ids(known, question)
        cost = 1
        if ids:  # checked once for all of its postings
            cost = 0 if ids in paid else len(ids)
        elif question.topic is Topic.LABEL_TASK:  # asked for in batches: the first of each batch pays for it
            cost = TASK_COST if new_tasks % BATCH == 0 else 0
        if cost > left:
            continue
        left -= cost
        paid.add(ids)
        new_tasks += question.topic is Topic.LABEL_TASK and not ids
        asked[question] = None
    return tuple(asked)


def _wanted(findings: Sequence[Finding], known: Answers, *, ask_label_task: bool) -> Iterator[Question]:
    """Questions that answer most for the fewest requests come first; running tasks come last."""
    waiting = [finding for finding in findings if finding.stage is not Stage.PACKING]
    packing = [finding for finding in findings if finding.stage is Stage.PACKING]
    due = [one for one in waiting if one.posting.status == "awaiting_deliver" and one.overdue]
    tasks = [Question(Topic.LABEL_TASK, finding.posting.number) for finding in due] if ask_label_task else []
    if waiting:
        yield from (Question(topic) for topic in SHOP_WIDE)
    yield from (question for question in tasks if not _task_ids(known, question))
    for finding in packing:
        if finding.posting.requirements:
            yield Question(Topic.EXEMPLARS, finding.posting.number)
        if finding.posting.flow.lower() == "ozon":  # Ozon returns restrictions for plain FBS only
            yield Question(Topic.LIMITS, finding.posting.number)
            yield Question(Topic.DETAIL, finding.posting.number)
    for finding in waiting[:DETAILS]:
        yield Question(Topic.DETAIL, finding.posting.number)
    yield from (question for question in tasks if _task_ids(known, question))
    for finding in waiting[DETAILS:]:
        yield Question(Topic.DETAIL, finding.posting.number)


def _task_ids(known: Answers, question: Question) -> tuple[int, ...]:
    """The unfinished label task of a posting."""
    answer = known.get(question)
    task = answer.substance if answer else None
    return task.tasks if isinstance(task, LabelTask) and task.state is TaskState.PENDING else ()


def is_open(answer: Answer | None, topic: Topic, now: datetime) -> bool:
    """Whether a question with this answer is to be asked again."""
    if answer is None:
        return True
    return not timedelta(0) <= now - answer.asked_at < _kept_for(answer, topic)


def _kept_for(answer: Answer, topic: Topic) -> timedelta:
    if answer.substance is None:
        return FAILED_FOR
    task = answer.substance
    if isinstance(task, LabelTask) and task.state is TaskState.PENDING and task.tasks:
        return PENDING_FOR if _is_checked(answer, task) else FIRST_CHECK
    return KEPT_FOR[topic]


def first_check(answer: Answer) -> datetime | None:
    """When the label task that was created for this answer has to be checked first; None = there is none."""
    task = answer.substance
    if not isinstance(task, LabelTask) or task.state is not TaskState.PENDING or not task.tasks:
        return None
    return None if _is_checked(answer, task) else answer.asked_at + FIRST_CHECK


def _is_checked(answer: Answer, task: LabelTask) -> bool:
    """Whether a label task was asked about after the poll that created it."""
    return answer.asked_at - task.asked_at >= FIRST_CHECK


def settled(before: Answers, fresh: Answers) -> Answers:
    """The fresh answers; if a question failed that was answered before, that answer is kept until it is time
    to ask again. A new label task does not take back that the last one was refused."""
    kept = {}
    for question, answer in fresh.items():
        old = before.get(question)
        task, last = answer.substance, old.substance if old else None
        if isinstance(task, LabelTask) and isinstance(last, LabelTask) and task.state is TaskState.PENDING:
            said = last.message if last.state is TaskState.REFUSED else last.refused
            kept[question] = replace(answer, substance=replace(task, refused=said))
        if answer.substance is None and old is not None and old.substance is not None:
            spare = max(_kept_for(old, question.topic) - FAILED_FOR, timedelta(0))
            kept[question] = Answer(answer.asked_at - spare, old.substance)
    return {**fresh, **kept}


def with_answers(facts: Facts, finding: Finding, answers: Answers, labelled: Mapping[str, str]) -> Facts:
    """The facts of one posting, completed with the answers; `labelled` are the delivery methods (id -> name) that
    ever gave a label in this shop."""
    number, method = finding.posting.number, finding.posting.method
    task = _of(answers, Question(Topic.LABEL_TASK, number), LabelTask)
    methods = _of(answers, Question(Topic.METHODS), MethodStates)
    houses = _of(answers, Question(Topic.WAREHOUSES), WarehouseStates)
    return replace(
        facts,
        label_task=_last_word(task) if task else None,
        limits=_of(answers, Question(Topic.LIMITS, number), DropoffLimits),
        exemplars=_of(answers, Question(Topic.EXEMPLARS, number), str),
        detail=_of(answers, Question(Topic.DETAIL, number), Detail),
        # An empty list proves nothing about a method that a posting names.
        method=methods.by_id.get(method.id, MethodState("")) if methods and methods.by_id else None,
        warehouse=houses.by_id.get(method.warehouse_id) if houses else None,
        alternatives=_alternatives(methods, finding, labelled) if methods else None,
    )


def says_the_same(one: Substance | None, other: Substance | None) -> bool:
    """Whether two answers to a question lead to the same facts."""
    if isinstance(one, LabelTask) and isinstance(other, LabelTask):
        before, after = _last_word(one), _last_word(other)
        return (before.state, before.message) == (after.state, after.message)
    return one == other


def _last_word(task: LabelTask) -> LabelTask:
    return replace(task, state=TaskState.REFUSED, message=task.refused) if task.refused else task


def _of(answers: Answers, question: Question, kind: type[T]) -> T | None:
    answer = answers.get(question)
    return answer.substance if answer and isinstance(answer.substance, kind) else None


def _alternatives(methods: MethodStates, finding: Finding, labelled: Mapping[str, str]) -> tuple[str, ...]:
    own = finding.posting.method
    return tuple(
        sorted(
            state.name or labelled[id_]
            for id_, state in methods.by_id.items()
            if id_ in labelled
            and id_ != own.id
            and state.status == "ACTIVE"
            and state.warehouse_id == own.warehouse_id
        )
    )
