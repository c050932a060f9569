"""The clock of the sandbox, with a start, a speed and jumps that the caller sets."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock


class TellableClock:
    """A virtual clock. Call it (or `now()`) for the time; `speed` is virtual seconds per real one.

    Speed 0 stands still and moves by `advance` only. `ticks` is the real time in seconds, monotonic.
    """

    def __init__(self, start: datetime, *, speed: float = 1.0, ticks: Callable[[], float] = time.monotonic) -> None:
        if start.tzinfo is None:
            raise ValueError("the clock of the sandbox needs a start with a time zone")
        self._ticks = ticks
        self._lock = Lock()
        self._anchor = (start, ticks())
        self._speed = speed

    def now(self) -> datetime:
        """The virtual time, in the time zone of the start."""
        with self._lock:
            return self._read()

    __call__ = now

    @property
    def speed(self) -> float:
        """Virtual seconds per real second."""
        return self._speed

    def run(self, speed: float) -> None:
        """Continue from now at another speed; 0 stops the clock."""
        if speed < 0:
            raise ValueError(f"a clock cannot run at speed {speed}")
        with self._lock:
            self._anchor = (self._read(), self._ticks())
            self._speed = speed

    def advance(self, by: timedelta) -> None:
        """Jump; a negative jump sets the clock back."""
        with self._lock:
            self._anchor = (self._read() + by, self._ticks())

    def _read(self) -> datetime:
        start, tick = self._anchor
        return start + timedelta(seconds=(self._ticks() - tick) * self._speed)
