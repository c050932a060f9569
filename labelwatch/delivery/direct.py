"""Sends an alert without the outbox, for what is wrong with labelwatch itself: nothing is stored."""

import logging
import secrets
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.channels.base import Ambiguous, Channel, Delivered, OutgoingMessage
from labelwatch.core.alert import Alert, Diagnosis, Notification, Outcome, Reason
from labelwatch.core.lifecycle import close, reconcile
from labelwatch.core.policy import AlertPolicy, Destination
from labelwatch.delivery.context import Channels
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import Layout, render

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=1)
TRIES = 60
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
class DirectAlert:
    """One trouble at a time: sent until every channel has it, and its end to those that had it; for one thread."""

    channels: Channels
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    _news: _News | None = None

    @property
    def is_open(self) -> bool:
        """Whether a trouble has begun and not ended."""
        return self._news is not None and self._news.reason is Reason.FIRST

    def begin(self, trouble: Diagnosis, *, since: datetime) -> None:
        alert, _ = reconcile(None, trouble, policy=_POLICY, now=since)
        self._news = _News(alert, Reason.FIRST, set(self.channels))

    def end(self) -> None:
        told, self._news = self._news, None
        if told is not None and told.sent:
            ended, reason = close(told.alert, Outcome.OVER, policy=_POLICY, now=self.now())
            self._news = _News(ended, reason or Reason.RESOLVED, told.sent)

    def send(self) -> None:
        """Try what has to be sent, once a minute. Takes as long as the slowest channel."""
        news, at = self._news, self.monotonic()
        if news is None or not news.left or news.tries >= TRIES:
            return
        if at - news.tried_at < AGAIN_AFTER.total_seconds():
            return
        news.tried_at, news.tries = at, news.tries + 1
        sent = send_directly(self.channels, news.left, news.alert, news.reason, key=news.key, now=self.now())
        news.left, news.sent = news.left - sent, news.sent | sent


def send_directly(
    channels: Channels, names: Collection[str], alert: Alert, reason: Reason, *, key: str, now: datetime
) -> set[str]:
    """Send an alert over all these channels at once; returns the names of those that took it, or may have.

    `key` is the same for every repetition and every channel.
    """
    with ThreadPoolExecutor(max(len(names), 1), thread_name_prefix="tell directly") as pool:
        told = {
            name: pool.submit(_tell, Notification(alert, 1, reason, name, now, now), *channels[name], key)
            for name in names
        }
    return {name for name, took in told.items() if took.result()}


def _tell(told: Notification, to: Destination, channel: Channel, key: str) -> bool:
    now, name = told.due_at, told.channel
    message = render([told], to, now=now, layout=Layout(channel.limit))
    views = [view(told.alert, language=to.language, now=now, reason=told.reason, zone=to.timezone, shops=to.shops)]
    result = channel.send(OutgoingMessage(message, views, key))
    if isinstance(result, Delivered | Ambiguous):
        log.info("channel %s: told directly", name)
        return True
    log.warning("channel %s: could not be told directly: %s", name, translate(result.error, "en"))
    return False
