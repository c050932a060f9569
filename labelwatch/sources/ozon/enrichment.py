"""Asks Ozon the questions about late postings: within a budget of requests, label tasks in batches.

The budget alone limits the cost of a round, whatever Ozon answers. The cost of a label task is not known before, as
a batch with one bad posting is split; so none is started that the budget could not complete.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from labelwatch.core.enrichment import (
    BATCH,
    Answer,
    Answers,
    MethodStates,
    Question,
    Substance,
    Topic,
    WarehouseStates,
)
from labelwatch.core.facts import LabelTask, TaskState
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon import responses as answers
from labelwatch.sources.ozon.errors import Answer as Reply
from labelwatch.sources.ozon.responses import Printing, Rows

T = TypeVar("T")
log = logging.getLogger(__name__)

CREATE = "/v3/posting/fbs/package-label/create"
LABEL = "/v2/posting/fbs/package-label/get"
SINGLE = "/v3/posting/fbs/get"
METHODS = "/v2/delivery-method/list"
WAREHOUSES = "/v2/warehouse/list"

TRIES = 3
MOST_PAGES = 10
"""A shop has a few warehouses and some dozens of delivery methods; a longer list is invalid."""

_LISTS: Mapping[Topic, tuple[str, Mapping[str, Any], Callable[[Reply], Rows[Any]], Callable[[Any], Substance]]] = {
    Topic.METHODS: (
        METHODS,
        {"limit": 100, "sort_dir": "ASC", "filter": {}},
        answers.methods,
        MethodStates,
    ),
    Topic.WAREHOUSES: (WAREHOUSES, {"limit": 200}, answers.warehouses, WarehouseStates),
}
_OF_A_POSTING: Mapping[Topic, tuple[str, Callable[[Reply], Substance]]] = {
    Topic.LIMITS: ("/v1/posting/fbs/restrictions", answers.limits),
    Topic.EXEMPLARS: ("/v5/fbs/posting/product/exemplar/status", answers.exemplars),
    Topic.DETAIL: (SINGLE, answers.detail),
}
PATHS = frozenset(
    (CREATE, LABEL, *(listed[0] for listed in _LISTS.values()), *(single[0] for single in _OF_A_POSTING.values()))
)
"""The methods that questions are asked with."""

_OF_THE_KEY = frozenset(
    (
        Trouble.KEY_REJECTED,
        Trouble.KEY_EXPIRED,
        Trouble.IP_NOT_ALLOWED,
        Trouble.ACCOUNT_BLOCKED,
        Trouble.OFFER_NOT_SIGNED,
        Trouble.RATE_LIMITED,
        Trouble.OUT_OF_FILES,
    )
)
"""After these every further request would fail in the same way."""
_OF_THE_METHOD = frozenset((Trouble.ROLE_MISSING, Trouble.METHOD_RETIRED, Trouble.OZON_DOWN))
"""After these every further question on the same topic would."""

# A posting may be in several tasks, one per label size: the first of these states that occurs counts.
_WEIGHTIEST: tuple[TaskState | None, ...] = (
    TaskState.PRINTED,
    TaskState.PENDING,
    TaskState.REFUSED,
    None,
    TaskState.MISSING,
)


class Send(Protocol):
    """Sends a request, up to so many times, and decodes its answer; raises SourceError."""

    def __call__(
        self, path: str, question: Mapping[str, Any], understand: Callable[[Reply], T], *, tries: int
    ) -> T: ...


class _EndedError(Exception):
    """The round is over: the budget is spent, or no request would be answered."""


class Round:
    """The questions of one poll; `sent` counts the requests of the shop, retries included."""

    def __init__(
        self, send: Send, *, sent: Callable[[], int], clock: Callable[[], datetime], known: Answers, budget: int
    ) -> None:
        self._send = send
        self._sent = sent
        self._clock = clock
        self._known = known
        self._most = sent() + budget
        self._answers: dict[Question, Answer] = {}
        self._given_up: set[Topic] = set()
        self._is_down = False
        self._new: list[tuple[list[str], tuple[int, ...]]] = []
        self._kept = 0  # requests reserved for the first check of new tasks

    def ask(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        """The answers there are; see labelwatch.sources.Source."""
        labels = [question.subject for question in questions if question.topic is Topic.LABEL_TASK]
        with suppress(_EndedError):
            self._put_all(question for question in questions if question.topic in _LISTS)
            for ids, numbers in self._by_task(labels).items():
                self._try(map(_label, numbers), partial(self._look, numbers, ids))
            for numbers in self._batches(labels):
                self._try(map(_label, numbers), partial(self._print, numbers, reserve=0))
            self._put_all(question for question in questions if question.topic in _OF_A_POSTING)
        with suppress(_EndedError):
            self._look_at_new()
        return self._answers

    def _put_all(self, questions: Iterable[Question]) -> None:
        for question in questions:
            self._try((question,), partial(self._put, question))

    def _try(self, questions: Iterable[Question], put: Callable[[], None]) -> None:
        """Ask the questions of one topic; those without an answer afterwards have failed."""
        asked = tuple(questions)
        topic, trouble = asked[0].topic, None
        if topic not in self._given_up:
            try:
                put()
            except SourceError as error:
                log.info("A question about %s failed: %s", topic, error)
                trouble = error.trouble
        for question in asked:
            self._answers.setdefault(question, Answer(self._clock(), None))
        self._draw_conclusions(topic, trouble)

    def _draw_conclusions(self, topic: Topic, trouble: Trouble | None) -> None:
        is_down = trouble is Trouble.OZON_DOWN
        if trouble in _OF_THE_KEY or (is_down and self._is_down):
            self._most = 0
            raise _EndedError
        self._is_down |= is_down  # one method may be blocked for a while; two mean an outage
        if trouble in _OF_THE_METHOD:
            self._given_up.add(topic)

    def _put(self, question: Question) -> None:
        substance: Substance
        if question.topic in _LISTS:
            path, body, understand, whole = _LISTS[question.topic]
            substance = whole(self._all_rows(path, body, understand))
        else:
            path, read = _OF_A_POSTING[question.topic]
            substance = self._post(path, {"posting_number": question.subject}, read)
        self._answers[question] = Answer(self._clock(), substance)

    def _all_rows(
        self, path: str, body: Mapping[str, Any], understand: Callable[[Reply], Rows[T]]
    ) -> Mapping[str, T]:
        """Every page; what is missing from an incomplete list would count as missing from the shop."""
        found: dict[str, T] = {}
        met: list[str | None] = [""]
        for _ in range(MOST_PAGES):
            rows = self._post(path, {**body, "cursor": met[-1]}, understand)
            found |= rows.by_id
            # An end by either sign, as in the lists of postings; not by a repeated cursor after a full page.
            if not rows.has_next or (rows.cursor and rows.cursor in met and len(rows.by_id) < body["limit"]):
                return found
            if not rows.cursor or rows.cursor in met:
                break
            met.append(rows.cursor)
        raise SourceError(Trouble.NOT_UNDERSTOOD, f"{path}: the list does not end")

    def _by_task(self, labels: Sequence[str]) -> dict[tuple[int, ...], list[str]]:
        """Postings with existing tasks: no new tasks are created for them."""
        groups: dict[tuple[int, ...], list[str]] = {}
        for number in labels:
            if (before := self._waiting(number)) and before.tasks:
                groups.setdefault(before.tasks, []).append(number)
        return groups

    def _batches(self, labels: Sequence[str]) -> Iterator[list[str]]:
        """Never together: those never requested, and those that could not be printed yet at the last request.

        No batch is started that the budget could not split: left halfway, it would have to be refused all over again.
        """
        new = [number for number in labels if not self._waiting(number)]
        again = [number for number in labels if (before := self._waiting(number)) and not before.tasks]
        size = max(1, min(BATCH, (self._left() + 1) // 2))
        for numbers in (new, again):
            for start in range(0, len(numbers), size):
                batch = numbers[start : start + size]
                if _price(batch) > self._left():
                    return
                yield batch

    def _print(self, numbers: list[str], *, reserve: int) -> None:
        """Have Ozon print a batch; one bad posting spoils it for all, so a refused batch is halved until it is found.

        Those that were not ready at the last request, and are refused for that again, are not split once more.
        `reserve` requests are needed for the batches that wait for this one.
        """
        made = self._post(CREATE, {"posting_numbers": numbers}, answers.created)
        not_ready = answers.is_not_ready(made.refusal)
        if made.tasks:
            for number in numbers:
                self._settle(number, TaskState.PENDING, tasks=made.tasks)
            if self._left() >= reserve + len(made.tasks):
                self._new.append((numbers, made.tasks))
                self._kept += len(made.tasks)
        elif len(numbers) == 1 or (not_ready and all(map(self._waiting, numbers))):
            for number in numbers:
                self._settle(number, TaskState.PENDING if not_ready else TaskState.REFUSED, made.refusal)
        else:
            half, rest = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
            self._print(half, reserve=reserve + _price(rest))
            self._print(rest, reserve=reserve)

    def _look_at_new(self) -> None:
        """Last, as Ozon needs some time to print; checking one task may bring up others."""
        while self._new:
            numbers, ids = self._new.pop(0)
            self._kept -= len(ids)
            self._try(map(_label, numbers), partial(self._look_first, numbers, ids))

    def _look_first(self, numbers: list[str], ids: tuple[int, ...]) -> None:
        try:
            self._look(numbers, ids)
        except SourceError as error:
            if error.trouble is not Trouble.NOT_UNDERSTOOD:
                raise
            log.info("A new label task cannot be checked yet: %s", error)

    def _look(self, numbers: list[str], ids: tuple[int, ...]) -> None:
        """The state of the tasks, once for all their postings; if one failed as a whole, each is printed alone."""
        tasks = [self._post(LABEL, {"task_id": id_}, answers.printing) for id_ in ids]
        shared = len(numbers) > 1
        spoilt = [number for number in numbers if shared and all(_is_spoilt(task, number) for task in tasks)]
        for number in numbers:
            if number not in spoilt:
                told = [answers.standing(task, number, asked=len(numbers)) for task in tasks]
                state, message = min(told, key=_weight) or (None, "")
                self._settle(number, state, message, tasks=ids)
        for number in spoilt:
            self._print([number], reserve=0)

    def _settle(
        self, number: str, state: TaskState | None, message: str = "", *, tasks: tuple[int, ...] = ()
    ) -> None:
        now, before = self._clock(), self._waiting(number)
        asked_at = before.asked_at if before and tasks and before.tasks == tasks else now
        substance = LabelTask(state, asked_at, message, tasks) if state else None
        self._answers[_label(number)] = Answer(now, substance)

    def _waiting(self, number: str) -> LabelTask | None:
        """What is known about an unfinished label."""
        known = self._known.get(_label(number))
        task = known.substance if known else None
        return task if isinstance(task, LabelTask) and task.state is TaskState.PENDING else None

    def _post(self, path: str, body: Mapping[str, Any], understand: Callable[[Reply], T]) -> T:
        if self._left() == 0:
            raise _EndedError
        return self._send(path, body, understand, tries=min(TRIES, self._left()))

    def _left(self) -> int:
        return max(0, self._most - self._kept - self._sent())


def _label(number: str) -> Question:
    return Question(Topic.LABEL_TASK, number)


def _price(numbers: Sequence[str]) -> int:
    """The most requests that creating the tasks of a batch can cost, refused down to the last posting."""
    return 2 * len(numbers) - 1


def _weight(told: tuple[TaskState, str] | None) -> int:
    return _WEIGHTIEST.index(told[0] if told else None)


def _is_spoilt(task: Printing, number: str) -> bool:
    """The task failed as a whole, and not because of this posting as far as it says."""
    return task.code == "error" and number not in task.unprinted and not answers.is_not_ready(task.error)
