"""Watches for trouble with the database itself: nothing can be written, so people are notified without it.

    look | does it fail, and since when | notify every channel | does it work again | notify again

A full disk, a damaged or a foreign file do not get better by waiting and are notified at once; a lock and an
unreachable server are notified when they last. The trouble is over when the database has not failed for three polls
and was written meanwhile: on a full disk a small change may succeed where a poll does not.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.core.rules.blind import OUT_OF_FILES
from labelwatch.core.system_problems import FAILING, FULL, database_trouble
from labelwatch.delivery.context import Channels
from labelwatch.delivery.direct import DirectAlert
from labelwatch.store import Fault
from labelwatch.store.condition import FailureCounts

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=2)
_AT_ONCE = (Fault.FULL, Fault.READ_ONLY, Fault.CORRUPT)
_CAUSES = {Fault.FULL: FULL, Fault.OUT_OF_FILES: OUT_OF_FILES}


@dataclass(slots=True)
class DatabaseWatch:
    """Watches one store; `look` is for one thread only."""

    condition: FailureCounts
    channels: Channels
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    calm_after: timedelta
    """The database is healthy again when it has not failed for this long."""
    signal_failure: Callable[[str], None]
    """Signals the failure to an external monitor."""
    line: str = ""
    """What is wrong with it now; empty = nothing."""
    _refused: int = 0
    _refused_at: float = 0.0
    _written: int = 0
    _since: datetime | None = None
    _blocked_at: float | None = None
    _alert: DirectAlert = field(init=False)

    def __post_init__(self) -> None:
        self._alert = DirectAlert(self.channels, self.now, self.monotonic)

    def look(self) -> None:
        """Check the database, and send what has to be sent; never uses the database. Takes as long as the slowest
        channel."""
        at = self.monotonic()
        refused = sum(count for fault, count in self.condition.failures.items() if fault.is_condition)
        if refused > self._refused:
            self._refused = refused
            self._is_refused(at)
        elif self.condition.written > self._written:
            self._blocked_at = None
            if self._since and at - self._refused_at >= self.calm_after.total_seconds():
                self._end()
        if self._since and self._is_due(at):
            self._begin(self._since)
        self._alert.send()

    def _is_refused(self, at: float) -> None:
        assert self.condition.last is not None, "a failure has a reason"
        self.line, self._refused_at, self._written = str(self.condition.last), at, self.condition.written
        self._blocked_at = at if self._blocked_at is None else self._blocked_at
        if self._since is None:
            self._since = self.now()
            log.error("%s: polling continues, but nothing can be saved", self.line)

    def _is_due(self, at: float) -> bool:
        if self._alert.is_open:
            return False
        lasts = self._blocked_at is not None and at - self._blocked_at >= LASTS.total_seconds()
        return lasts or (self.condition.last is not None and self.condition.last.fault in _AT_ONCE)

    def _begin(self, since: datetime) -> None:
        cause = _CAUSES.get(self.condition.last.fault, FAILING) if self.condition.last else FAILING
        trouble = database_trouble(self.line, cause=cause, since=since, now=self.now())
        self._alert.begin(trouble, since=since)
        self.signal_failure(f"labelwatch: {self.line}")

    def _end(self) -> None:
        log.warning("the database works again; it had failed since %s", self._since)
        self.line, self._since = "", None
        self._alert.end()
