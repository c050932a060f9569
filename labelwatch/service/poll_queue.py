"""Which shop is polled next: of those that are due, the one that was unread for longest.

    planned (by when it is due) --due--> waiting (by how long it is unread) --next()--> polled by somebody

If more is due than can be done, every shop waits about as long as any other.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush


class PollQueue:
    """Times in monotonic seconds; not thread-safe."""

    def __init__(self, shops: Iterable[str]) -> None:
        """`shops`: first the one that is unread for longest."""
        self._unread_since = {shop: float(place) - 1e9 for place, shop in enumerate(shops)}
        self._planned: list[tuple[float, str]] = []
        self._waiting: list[tuple[float, float, str]] = []

    def plan_all(self, planned: Iterable[tuple[float, str]]) -> None:
        """Forget every plan, and take these instead: when a shop is due."""
        self._planned, self._waiting = list(planned), []
        heapify(self._planned)

    def plan(self, shop: str, at: float) -> None:
        """A shop that is not planned is due at this time."""
        heappush(self._planned, (at, shop))

    def next(self, now: float) -> str | None:
        """The shop to be polled now, which is no longer planned; None = none is due."""
        while self._planned and self._planned[0][0] <= now:
            at, shop = heappop(self._planned)
            heappush(self._waiting, (self._unread_since[shop], at, shop))
        if not self._waiting:
            return None
        shop = heappop(self._waiting)[2]
        self._unread_since[shop] = now
        return shop

    def due_in(self, now: float) -> float | None:
        """Seconds until the next shop is due; None = none is planned."""
        if self._waiting:
            return 0.0
        return max(0.0, self._planned[0][0] - now) if self._planned else None

    def lag(self, now: float) -> float:
        """For how many seconds the shop has been due that is due for longest; 0 = none waits."""
        moments = [at for _, at, _ in self._waiting] + [at for at, _ in self._planned[:1]]
        return max(0.0, now - min(moments, default=now))
