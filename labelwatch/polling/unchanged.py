"""Polls that changed nothing: kept in memory and written for all shops together.

What is kept is lost if the process is killed: then the last second of "nothing has changed" is missing from the
database, and nothing else.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest

from labelwatch.core.snapshot import Plan
from labelwatch.store import Polled, PollRow, ShopState, Store, joined


class UnchangedPolls:
    """Of the shops of one database; thread-safe, if each thread polls another shop."""

    def __init__(self, store: Store, *, keeps: bool = False) -> None:
        """`keeps`: somebody calls `write` every second; without it, each poll is written at once."""
        self.keeps = keeps
        self._store = store
        self._kept: dict[int, list[Polled]] = {}
        self._under_way: dict[int, list[Polled]] = {}
        self._plans: dict[int, tuple[object, ...]] = {}
        self._lock = threading.Lock()
        self._one_writer = threading.Lock()

    def know(self, shop_id: int, plan: Plan) -> None:
        """What a shop is now polled with is recorded."""
        self._plans[shop_id] = _settings(plan)

    def knows(self, shop_id: int, plan: Plan) -> bool:
        """Whether that was recorded before, so that a poll that changed nothing need not do so."""
        return self._plans.get(shop_id) == _settings(plan)

    def note(self, shop_id: int, row: PollRow, *, joins_within: timedelta) -> None:
        """A poll of a shop that was readable before, and in which nothing is to be written."""
        with self._lock:
            self._kept[shop_id] = _added(self._kept.get(shop_id, ()), [Polled(shop_id, row, joins_within)])
        if not self.keeps:
            self.write()

    def of(self, shop: ShopState) -> ShopState:
        """The state of a shop with what is not written yet."""
        with self._lock:
            kept = self._kept.get(shop.id) or self._under_way.get(shop.id)
        return replace(shop, read_from=kept[-1].row.started_at, read_at=kept[-1].row.finished_at) if kept else shop

    def settle(self, shop_id: int) -> None:
        """Write what is kept of a shop before anything else is written about it."""
        with self._lock:
            is_kept = shop_id in self._kept or shop_id in self._under_way
        if is_kept:
            self.write()

    def write(self) -> None:
        """Write what is kept, in one transaction. Raises StoreError; what cannot be written is kept."""
        with self._one_writer:
            with self._lock:
                self._kept, self._under_way = {}, self._kept
            try:
                self._record(self._under_way.values())
            except BaseException:
                with self._lock:
                    for id_, polls in self._under_way.items():
                        self._kept[id_] = _added(polls, self._kept.get(id_, ()))
                raise
            finally:
                self._under_way = {}

    def _record(self, polls: Iterable[Sequence[Polled]]) -> None:
        rounds = [[one for one in some if one is not None] for some in zip_longest(*polls)]
        if rounds:
            with self._store.write() as tx:
                for some in rounds:
                    tx.shops.record_unchanged(some)


def _settings(plan: Plan) -> tuple[object, ...]:
    own = (plan.every, plan.delays, plan.alerts, plan.incidents, plan.destinations, plan.group_wait, plan.timezone)
    return (*own, plan.ask_label_task, plan.arrival, plan.learned)


def _added(kept: Iterable[Polled], more: Iterable[Polled]) -> list[Polled]:
    """Both, each poll joined to the one before it where they are to be one row."""
    found: list[Polled] = []
    for one in (*kept, *more):
        both = joined(found[-1].row, one.row, one.joins_within) if found else None
        found[-1:] = [replace(one, row=both)] if both else [*found[-1:], one]
    return found
