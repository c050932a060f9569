"""Virtual time: what happens when, one thing after another, and nothing in between costs anything."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count


class Timeline:
    """A clock that jumps from one planned thing to the next; what asks it to sleep moves it on."""

    def __init__(self, start: datetime) -> None:
        self.start = self._now = start
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        """Seconds; it never jumps against `now`."""
        return (self._now - self.start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (max(when, self._now), next(self._order), what))

    def after(self, minutes: float, what: Callable[[], None]) -> None:
        self.at(self._now + timedelta(minutes=minutes), what)

    def run(self, until: datetime) -> None:
        while self._heap and self._heap[0][0] <= until:
            when, _, what = heapq.heappop(self._heap)
            self._now = max(self._now, when)
            what()
        self._now = max(self._now, until)
