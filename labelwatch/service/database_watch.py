"""Watches for trouble with the database itself: nothing can be written, so people are notified without it.

    look | does it fail, and since when | notify every channel | does it work again | notify again

A full disk, a damaged or a foreign file do not get better by waiting and are notified at once; a lock and an
unreachable server are notified when they last. The trouble is over when the database has not failed for three polls
and was written meanwhile: on a full disk a small change may succeed where a poll does not.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Outcome, Reason
from labelwatch.core.lifecycle import close, reconcile
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.rules.blind import OUT_OF_FILES
from labelwatch.core.system_problems import FAILING, FULL, database_trouble
from labelwatch.delivery.context import Channels
from labelwatch.delivery.direct import send_directly
from labelwatch.store import Fault
from labelwatch.store.condition import FailureCounts

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=2)
AGAIN_AFTER = timedelta(minutes=1)
TRIES = 60
_AT_ONCE = (Fault.FULL, Fault.READ_ONLY, Fault.CORRUPT)
_CAUSES = {Fault.FULL: FULL, Fault.OUT_OF_FILES: OUT_OF_FILES}
_POLICY = AlertPolicy()


@dataclass(slots=True)
class _News:
    """The notification to send, and the channels that have not received it."""

    alert: Alert
    reason: Reason
    left: set[str]
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    sent: set[str] = field(default_factory=set)
    tries: int = 0
    tried_at: float = float("-inf")


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
    _news: _News | None = None

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
        self._tell(at)

    def _is_refused(self, at: float) -> None:
        assert self.condition.last is not None, "a failure has a reason"
        self.line, self._refused_at, self._written = str(self.condition.last), at, self.condition.written
        self._blocked_at = at if self._blocked_at is None else self._blocked_at
        if self._since is None:
            self._since = self.now()
            log.error("%s: polling continues, but nothing can be saved", self.line)

    def _is_due(self, at: float) -> bool:
        if self._news is not None and self._news.reason is Reason.FIRST:
            return False
        lasts = self._blocked_at is not None and at - self._blocked_at >= LASTS.total_seconds()
        return lasts or (self.condition.last is not None and self.condition.last.fault in _AT_ONCE)

    def _begin(self, since: datetime) -> None:
        cause = _CAUSES.get(self.condition.last.fault, FAILING) if self.condition.last else FAILING
        trouble = database_trouble(self.line, cause=cause, since=since, now=self.now())
        alert, _ = reconcile(None, trouble, policy=_POLICY, now=since)
        self._news = _News(alert, Reason.FIRST, set(self.channels))
        self.signal_failure(f"labelwatch: {self.line}")

    def _end(self) -> None:
        log.warning("the database works again; it had failed since %s", self._since)
        self.line, self._since = "", None
        told, self._news = self._news, None
        if told is not None and told.sent:
            ended, reason = close(told.alert, Outcome.OVER, policy=_POLICY, now=self.now())
            self._news = _News(ended, reason or Reason.RESOLVED, told.sent)

    def _tell(self, at: float) -> None:
        news = self._news
        if news is None or not news.left or news.tries >= TRIES:
            return
        if at - news.tried_at < AGAIN_AFTER.total_seconds():
            return
        news.tried_at, news.tries = at, news.tries + 1
        sent = send_directly(self.channels, news.left, news.alert, news.reason, key=news.key, now=self.now())
        news.left, news.sent = news.left - sent, news.sent | sent
