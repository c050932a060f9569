"""What time it is: this machine's clock, compared with the marketplace's, which decides the deadlines.

    asking() ... answer with a Date --> how far we are ahead --> agreed | in doubt --a second answer--> corrected

A wrong clock makes orders late that are not, or hides late ones. So if the two clocks differ by more than half a
minute, and a second answer some seconds later agrees, the marketplace's time is used. A clock that was set is not
trusted before the marketplace has answered: until then the old time continues.

The process that polls stores its result in the database; every other process of the machine uses that.
"""

import logging
import platform
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from labelwatch.store import ClockSkew, Store, StoreError

log = logging.getLogger(__name__)

SKEW = timedelta(seconds=30)
"""Clocks may differ by this much."""
AGAIN_AFTER = timedelta(seconds=3)
"""Two answers this far apart cannot both come from one cache: its time would have stood still."""
STEP = timedelta(seconds=5)
"""A clock that moved by more than this against the monotonic one was set, or the machine slept."""
HOLD_FOR = timedelta(minutes=1)
"""For this long a clock that was set is not trusted without an answer from the marketplace."""
DISTRUST_FOR = timedelta(hours=1)
"""For this long a time that contradicted itself is ignored."""
RECALL_EVERY = timedelta(seconds=10)
_ZERO = timedelta(0)
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a value: wall clock in UTC, monotonic clock (seconds), and sleep (seconds)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], object]


def real_clock(stop: threading.Event) -> Clock:
    """The machine's clock; sleeping ends early when `stop` is set."""
    return Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=stop.wait)


def corrected(clock: Clock, store: Store) -> Clock:
    """A machine's clock, corrected by what the service on this machine measured."""
    follower = SkewCorrectedClock(clock.now, clock.monotonic, noted=skew_in(store), follows=True)
    return replace(clock, now=follower.now)


def skew_in(store: Store) -> Callable[[], ClockSkew | None]:
    """Reads the stored skew of this machine's clock."""
    return lambda: store.clocks.skew(platform.node())


def save_skew(keeper: "SkewCorrectedClock", store: Store) -> None:
    """Store the skew of this machine's clock, if it changed."""
    found = keeper.found()
    if found is None or (keeper.saved is not None and _is_the_same(found, keeper.saved)):
        return
    known, keeper.saved = skew_in(store)(), found
    if known is None and not found.ahead:
        return
    if known is None or not _is_the_same(found, known):
        store.clocks.note(platform.node(), found)


def _is_the_same(found: ClockSkew, known: ClockSkew) -> bool:
    was_set = found.ahead and abs(found.against_monotonic - known.against_monotonic) > STEP
    return found.ahead == known.ahead and not was_set


@dataclass(frozen=True, slots=True)
class Reading:
    """How far our clock is ahead: a range, as an answer takes time and its Date is in whole seconds."""

    low: timedelta
    high: timedelta
    at: float
    """Monotonic seconds."""

    @property
    def middle(self) -> timedelta:
        return (self.low + self.high) / 2

    def allows(self, ahead: timedelta) -> bool:
        """Whether a clock ahead by this would be wrong by no more than the tolerance."""
        return self.low - SKEW <= ahead <= self.high + SKEW

    def meets(self, other: "Reading") -> bool:
        return max(self.low, other.low) <= min(self.high, other.high)


class SkewCorrectedClock:
    """The time for all decisions and messages; thread-safe."""

    def __init__(
        self,
        wall: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        noted: Callable[[], ClockSkew | None] = lambda: None,
        follows: bool = False,
    ) -> None:
        """`noted` reads what was measured before, by this process or another; it is read once, and if this one only
        `follows`, again every few seconds."""
        self._wall = wall
        self._monotonic = monotonic
        self._noted = noted
        self._recall_at: float | None = monotonic() if follows else None
        self._lock = threading.Lock()
        self._ahead = self._agreed = _ZERO
        self._offset: timedelta | None = None
        self._moved = _ZERO
        self._held_until: float | None = None
        self._doubt: Reading | None = None
        self._distrust_until = monotonic()
        self.version = 0
        """Increases whenever the time is corrected: what began under an older version used another time."""
        self.saved: ClockSkew | None = None
        """What the database was last compared with."""
        self.skew: timedelta | None = None
        """How far this machine's clock was ahead by the last answer; None = no answer had a time."""
        self._recall()

    def now(self) -> datetime:
        """The time, in UTC."""
        with self._lock:
            if self._recall_at is not None and self._monotonic() >= self._recall_at:
                with suppress(StoreError):  # the time is needed even if the database fails
                    self._recall()
            self._look()
            if self._held_until is not None and self._monotonic() > self._held_until:
                self._settle(_ZERO)
            return self._wall() - self._ahead

    def found(self) -> ClockSkew | None:
        """What other processes of this machine may use; None = nothing while it is in doubt."""
        with self._lock:
            self._look()
            if self._doubt is not None or self._held_until is not None:
                return None
            return ClockSkew(self._ahead, self._wall_against_monotonic(), self._wall() - self._ahead)

    @property
    def in_doubt(self) -> bool:
        """Whether an answer gave another time that no second one has confirmed yet."""
        return self._doubt is not None

    def is_other_than(self, version: int) -> bool:
        """Whether the time was corrected since it had this version, or is in doubt."""
        return self.in_doubt or self.version != version

    def moved(self) -> timedelta:
        """By how much the machine's clock was set, or slept, since the last call; the first call starts the
        measurement."""
        with self._lock:
            if self._offset is None:
                self._offset = self._wall_against_monotonic()
            self._look()
            moved, self._moved = self._moved, _ZERO
            return moved

    def asking(self) -> Callable[[datetime | None], None]:
        """A request is about to be sent; call the result with the time that its answer gives."""
        began = self._wall()

        def received(told: datetime | None) -> None:
            ended = self._wall()
            if told is not None and began <= ended:
                # The Date was truncated to whole seconds.
                self._compare(Reading(began - told - timedelta(seconds=1), ended - told, self._monotonic()))

        return received

    def _compare(self, reading: Reading) -> None:
        with self._lock:
            self._look()
            self.skew = reading.middle
            if reading.at < self._distrust_until:
                return
            if reading.allows(_ZERO):
                self._settle(_ZERO)
            elif reading.allows(self._ahead):
                self._settle(self._ahead)
            else:
                self._resolve_doubt(reading)

    def _recall(self) -> None:
        noted = self._noted()
        if self._recall_at is not None:
            self._recall_at = self._monotonic() + RECALL_EVERY.total_seconds()
        self._ahead = self._agreed = self._still_ahead(noted) if noted is not None else _ZERO

    def _still_ahead(self, noted: ClockSkew) -> timedelta:
        """How far the clock must be ahead now. A restarted machine or a corrected clock is trusted."""
        monotonic_then = noted.at + noted.ahead - _EPOCH - noted.against_monotonic
        if timedelta(seconds=self._monotonic()) < monotonic_then - STEP:
            return _ZERO
        by = self._wall_against_monotonic() - noted.against_monotonic
        is_right_again = abs(by) > STEP and abs(noted.ahead + by) <= SKEW
        return _ZERO if is_right_again else noted.ahead

    def _look(self) -> None:
        if self._offset is None:
            return
        by = self._wall_against_monotonic() - self._offset
        if abs(by) > STEP:
            log.warning("the clock was set by %+.0f s", by.total_seconds())
            self._offset += by
            self._moved += by
            self._ahead += by
            self._held_until = self._monotonic() + HOLD_FOR.total_seconds()

    def _wall_against_monotonic(self) -> timedelta:
        return self._wall() - _EPOCH - timedelta(seconds=self._monotonic())

    def _resolve_doubt(self, reading: Reading) -> None:
        """It differs from our clock and from the known skew: one is a doubt, two that agree are trusted, two that
        differ are not."""
        before = self._doubt
        if before is None:
            self._doubt = reading
        elif not reading.meets(before):
            log.warning("Ozon's time contradicts itself: using this machine's clock")
            self._distrust_until = reading.at + DISTRUST_FOR.total_seconds()
            self._settle(_ZERO)
        elif reading.at - before.at >= AGAIN_AFTER.total_seconds():
            self._settle(reading.middle)

    def _settle(self, ahead: timedelta) -> None:
        self._doubt = self._held_until = None
        if ahead != self._ahead:
            self._ahead = ahead
            self.version += 1
        if ahead != self._agreed:
            self._agreed = ahead
            seconds = ahead.total_seconds()
            off = f"is off by {seconds:+.0f} s: using Ozon's until it is right" if ahead else "is right again"
            log.warning("this machine's clock %s", off)
