"""Watches whether the polls keep up: people are told when shops are read too late, and when that is over."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.core.system_problems import falling_behind
from labelwatch.delivery.context import Channels
from labelwatch.delivery.direct import DirectAlert

log = logging.getLogger(__name__)

TOLD_AFTER, OVER_BELOW = 2, 1
"""Intervals that a shop may wait for its poll; between the two nothing changes."""


@dataclass(slots=True)
class LagWatch:
    """`look` is for one thread only."""

    lag: Callable[[], float | None]
    """For how many seconds the shop has been due that waits longest; None = this process does not poll."""
    every: timedelta
    """The shortest interval of a shop."""
    channels: Channels
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    _alert: DirectAlert = field(init=False)

    def __post_init__(self) -> None:
        self._alert = DirectAlert(self.channels, self.now, self.monotonic)

    def look(self) -> None:
        """Check the lag, and send what has to be sent. Takes as long as the slowest channel."""
        lag = timedelta(seconds=self.lag() or 0.0)
        if not self._alert.is_open and lag > TOLD_AFTER * self.every:
            log.error("polls are %d s behind: there is more to read than this machine can do", lag.total_seconds())
            now = self.now()
            self._alert.begin(falling_behind(lag, now=now), since=now)
        elif self._alert.is_open and lag < OVER_BELOW * self.every:
            log.warning("polls keep up again")
            self._alert.end()
        self._alert.send()
