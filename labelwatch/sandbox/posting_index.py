"""The postings of one shop in the sort orders of the lists, with their JSON ready to send."""

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Protocol

from labelwatch.sandbox.bodies import merged
from labelwatch.sandbox.shops import Body

Key = tuple[float, float, int]


class Order(StrEnum):
    """The field a list is sorted by and its window is over."""

    CUTOFF = "shipment_date"
    ARRIVAL = "in_process_at"
    DELIVERING = "delivering_date"


def dump(value: object) -> bytes:
    """JSON as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def epoch(text: str | None) -> float:
    """Seconds of an RFC 3339 time; 0 for a missing one."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """An immutable state of a posting; a change makes another record."""

    serial: int
    body: Body
    changed_at: datetime
    previous_substatus: str = ""
    _sent: dict[tuple[str, ...], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def number(self) -> str:
        return str(self.body["posting_number"])

    def key(self, order: Order) -> Key:
        return (epoch(self.body[order]), epoch(self.body[Order.ARRIVAL]), self.serial)

    def after(self, change: Body, *, at: datetime) -> "Record":
        """The posting with a change merged into it."""
        body = merged(self.body, change)
        moved = any(body[key] != self.body[key] for key in ("status", "substatus"))
        if not moved:
            return Record(self.serial, body, self.changed_at, self.previous_substatus)
        return Record(self.serial, body, at, self.body["substatus"])

    def encoded(self, hidden: tuple[str, ...]) -> bytes:
        """The body as the lists send it, `hidden` fields nulled; made once per record."""
        if hidden not in self._sent:
            shown = {k: None if k in hidden else v for k, v in self.body.items() if k[0] != "_"}
            self._sent[hidden] = dump(shown)
        return self._sent[hidden]


class Question(Protocol):
    """A hashable filter of a list; the window is in epoch seconds, both ends included."""

    @property
    def order(self) -> Order: ...
    @property
    def window(self) -> tuple[float, float]: ...
    @property
    def orders(self) -> frozenset[str]: ...
    def wants(self, record: Record) -> bool: ...
    def __hash__(self) -> int: ...


class PostingIndex:
    """The postings of a shop. Sorted keys are kept up to date, and the matches of a filter are cached until a change.

    `changes` counts the changes: without one in between, a repeated list is the same.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.records: dict[str, Record] = {}
        self._by_serial: dict[int, Record] = {}
        self._by_order: dict[str, set[str]] = {}
        self._keys: dict[Order, list[Key]] = {order: [] for order in Order}
        self._matches: dict[Question, list[Key]] = {}

    def put(self, record: Record) -> None:
        """Add a posting, or replace the one of the same number (which keeps its serial)."""
        self.changes += 1
        old = self.records.get(record.number)
        for order, keys in self._keys.items():
            self._resort(keys, old=old.key(order) if old else None, new=record.key(order))
        self.records[record.number] = self._by_serial[record.serial] = record
        self._by_order.setdefault(record.body["order_number"], set()).add(record.number)
        self._matches.clear()

    @staticmethod
    def _resort(keys: list[Key], *, old: Key | None, new: Key) -> None:
        if old == new:
            return
        if old is not None:
            del keys[bisect_left(keys, old)]
        insort(keys, new)

    def matching(self, question: Question) -> list[Key]:
        """The keys of the matches of a filter, in ascending order; scans all only after a change."""
        if question not in self._matches:
            if len(self._matches) >= 16:
                self._matches.clear()
            self._matches[question] = self._scan(question)
        return self._matches[question]

    def _scan(self, question: Question) -> list[Key]:
        wants: Callable[[Record], bool] = question.wants
        by_serial = self._by_serial
        return [key for key in self._candidates(question) if wants(by_serial[key[2]])]

    def _candidates(self, question: Question) -> list[Key]:
        keys = self._of_orders(question) if question.orders else self._keys[question.order]
        since, until = question.window
        return keys[bisect_left(keys, (since, 0.0, 0)) : bisect_left(keys, (until, inf, 0))]

    def _of_orders(self, question: Question) -> list[Key]:
        numbers = {number for order in question.orders for number in self._by_order.get(order, ())}
        return sorted(self.records[number].key(question.order) for number in numbers)

    def page(self, keys: list[Key], *, after: Key | None, limit: int, descending: bool) -> tuple[list[Record], bool]:
        """Up to `limit` records beyond the key `after`, and whether more follow."""
        if descending:
            end = len(keys) if after is None else bisect_left(keys, after)
            start = max(0, end - limit)
            chosen, more = keys[start:end][::-1], start > 0
        else:
            start = 0 if after is None else bisect_right(keys, after)
            chosen, more = keys[start : start + limit], start + limit < len(keys)
        return [self._by_serial[key[2]] for key in chosen], more
