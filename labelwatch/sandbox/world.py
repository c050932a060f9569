"""The world of the sandbox: shops, their postings, and a timeline of their changes."""

import heapq
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from labelwatch.sandbox.faults import Fault, Faults
from labelwatch.sandbox.posting_index import PostingIndex, Record
from labelwatch.sandbox.shops import Body, Method, Shop, Warehouse

CATCHES_UP = 15.0
"""Minutes in which everything that a stall delayed is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """What happens `minutes` after the start of the world.

    `change` is merged into the one thing that is named: a posting (a new number with a whole body is an arrival and
    needs its shop), a delivery method, a warehouse, or the shop itself. A `fault` begins then, for the shop or all.
    A posting that does not match `when` then is not changed.
    """

    minutes: float
    shop: str = ""
    posting: str = ""
    method: int = 0
    warehouse: int = 0
    change: Mapping[str, Any] = field(default_factory=dict)
    fault: Fault | None = None
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of an action, once: events whose minutes count from it. `when`: only for a matching posting."""

    events: tuple[At, ...]
    when: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stall:
    """Between these minutes, Ozon or this carrier (empty = any) does nothing after packing."""

    carrier: str
    start: float
    end: float


class World:
    """Everything there is, as of the time it was last advanced to. Hold `lock` while reading more than one thing.

    `expected` says for a scripted scenario what is wrong: posting number (or Client-Id) -> cause id. `effects` are
    those of manual actions, by subject and action (see manual_actions.py).
    """

    def __init__(self, start: datetime) -> None:
        self.start = self.now = start
        self.lock = threading.RLock()
        self.faults = Faults()
        self.shops: dict[str, Shop] = {}
        self.shelves: dict[str, PostingIndex] = {}
        self.methods: dict[str, dict[int, Method]] = {}
        self.warehouses: dict[str, dict[int, Warehouse]] = {}
        self.expected: dict[str, str] = {}
        self.effects: dict[tuple[str, str], list[Effect]] = {}
        self.stalls: list[Stall] = []
        self.noticed: Callable[[Record], None] = lambda record: None
        """Called with every posting that has just come or changed."""
        self._owners: dict[str, str] = {}
        self._serials = count(1_200_000_001)
        self._timeline: list[tuple[datetime, int, At]] = []

    def open(self, shop: Shop, *, methods: Iterable[Method] = ()) -> None:
        """Add a shop with its delivery methods and the warehouses they leave from."""
        self.shops[shop.client_id] = shop
        self.shelves[shop.client_id] = PostingIndex()
        self.methods[shop.client_id] = {method.id: method for method in methods}
        houses = (method.warehouse for method in methods)
        self.warehouses[shop.client_id] = {house.id: house for house in houses}

    def put(self, client_id: str, body: Body) -> None:
        """Add a posting to a shop now."""
        record = Record(next(self._serials), body, self.now)
        self._owners[record.number] = client_id
        self.shelves[client_id].put(record)
        self.noticed(record)

    def plan(self, *events: At) -> None:
        """Put events on the timeline; those already due happen at the next access to the world."""
        with self.lock:
            for event in events:
                due = self.start + timedelta(minutes=event.minutes)
                heapq.heappush(self._timeline, (due, next(self._serials), event))

    def later(self, event: At) -> None:
        """Put an event on the timeline whose minutes count from now."""
        since_start = (self.now - self.start).total_seconds() / 60
        self.plan(replace(event, minutes=since_start + event.minutes))

    def unstalled(self, carrier: str, minutes: float) -> float:
        """In how many minutes something due happens if a stall delays it: after its end, in the same order."""
        due = (self.now - self.start).total_seconds() / 60 + minutes
        for stall in self.stalls:
            over = stall.end + CATCHES_UP
            if stall.carrier in ("", carrier) and stall.start <= due < over:
                return minutes + stall.end - due + CATCHES_UP * (due - stall.start) / (over - stall.start)
        return minutes

    def fits(self, subject: str, when: Mapping[str, Any]) -> bool:
        """Whether a posting matches `when`; anything else always does."""
        if subject not in self._owners:
            return True
        body = self.shelves[self._owners[subject]].records[subject].body
        return all(body[key] == value for key, value in when.items())

    def advance(self, now: datetime) -> None:
        """Apply the events that are due; a step backwards undoes nothing."""
        with self.lock:
            while self._timeline and self._timeline[0][0] <= now:
                self.now, _, event = heapq.heappop(self._timeline)
                self._happen(event)
            self.now = now

    def owner(self, number: str) -> str | None:
        """The Client-Id of the shop a posting belongs to."""
        return self._owners.get(number)

    def record(self, client_id: str, number: str) -> Record | None:
        """A posting of this shop."""
        return self.shelves[client_id].records.get(number)

    def change(self, number: str, change: Mapping[str, Any]) -> None:
        """Merge a change into a posting now."""
        index = self.shelves[self._owners[number]]
        record = index.records[number].after(dict(change), at=self.now)
        index.put(record)
        self.noticed(record)

    def _happen(self, event: At) -> None:
        if event.fault:
            self.faults.add(replace(event.fault, client_id=event.shop or event.fault.client_id), now=self.now)
        elif event.posting:
            self._touch_posting(event)
        elif event.method:
            _replace(self.methods, event.method, change=event.change)
        elif event.warehouse:
            _replace(self.warehouses, event.warehouse, change=event.change)
        else:
            self.shops[event.shop] = replace(self.shops[event.shop], **event.change)

    def _touch_posting(self, event: At) -> None:
        if event.posting in self._owners:
            if self.fits(event.posting, event.when):
                self.change(event.posting, event.change)
        elif event.shop:  # else it has not arrived yet
            self.put(event.shop, dict(event.change))


def _replace(shelves: dict[str, dict[int, Any]], identity: int, *, change: Mapping[str, Any]) -> None:
    for things in shelves.values():
        if identity in things:
            things[identity] = replace(things[identity], **change)
