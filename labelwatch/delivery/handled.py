"""Changes alerts that somebody handles, and queues who did what for every channel that had reported them.

A channel that can edit its messages says it in those; delivery/follow_ups.py writes what the others are sent.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.config import Config
from labelwatch.core.alert import Alert, AlertState, Notification, Reason
from labelwatch.core.lifecycle import is_handled_otherwise
from labelwatch.core.policy import Destination
from labelwatch.core.routing import calm_until
from labelwatch.store import OutboxRow, Transaction

Audience = Mapping[str, tuple[Destination, bool]]
"""Channel -> its destination, and whether it can edit its messages."""
How = Callable[[Alert], Alert | None]
"""Changes an alert; None = it stays as it is."""

REASONS: Mapping[AlertState, Reason] = {
    AlertState.ACKNOWLEDGED: Reason.ACKNOWLEDGED,
    AlertState.SNOOZED: Reason.SNOOZED,
}
GATHER = timedelta(minutes=1)
WORTH_READING_FOR = timedelta(hours=12)

_EDITABLE = re.compile(r"\s*(tgram://|https://api\.telegram\.org/)", re.IGNORECASE)
"""Channels whose messages can be edited."""


def audience(config: Config) -> Audience:
    """The channels of a configuration, without opening them."""
    urls = {channel.name: channel.url.get_secret_value() for channel in config.channels}
    return {to.name: (to, can_edit(urls[to.name])) for to in config.destinations()}


def can_edit(url: str) -> bool:
    """Whether the channel of this URL is a channels.base.EditableChannel."""
    return bool(_EDITABLE.match(url))


def is_follow_up(row: OutboxRow) -> bool:
    """Whether it says who acknowledged or snoozed something."""
    return row.notification.reason in REASONS.values()


def changed(
    tx: Transaction, change: Callable[[How], list[Alert]], how: How, *, audience: Audience, now: datetime
) -> list[Alert]:
    """Have `change` apply `how` to alerts, and queue the notifications of it for this audience."""
    hearing: dict[int, list[str]] = {}

    def noted(before: Alert) -> Alert | None:
        after = how(before)
        if after is None or after.id is None or after.told is None or not is_handled_otherwise(before, after):
            return after
        names = _hearing(tx.channels.heard([after.id], beside=REASONS.values()).get(after.id, {}), audience)
        if not names:
            return after
        hearing[after.id] = names
        return replace(after, told=replace(after.told, count=after.told.count + 1))

    done = change(noted)
    _queue(tx, [(one, hearing[one.id]) for one in done if one.id in hearing], audience, now)
    return done


def _queue(tx: Transaction, news: Sequence[tuple[Alert, Sequence[str]]], audience: Audience, now: datetime) -> None:
    """Queue follow-ups for these channels; they join what is already queued for a channel."""
    queued = []
    for alert, hearing in news:
        for name in hearing:
            soon = max(now + GATHER, calm_until(alert.diagnosis, audience[name][0], now))
            queued.append(
                _notification(alert, name, tx.channels.gathering(name, REASONS.values(), until=soon) or soon)
            )
    tx.outbox.queue(queued, created_at=now)


def _hearing(heard: Mapping[str, bool], audience: Audience) -> list[str]:
    """The channels that reported an alert and cannot say it by editing a message."""
    return [
        name for name, has_ref in sorted(heard.items()) if name in audience and not (has_ref and audience[name][1])
    ]


def _notification(alert: Alert, channel: str, at: datetime) -> Notification:
    assert alert.told is not None, "it was notified"
    reason = REASONS[alert.state]
    return Notification(alert, alert.told.count, reason, channel, due_at=at, expires_at=at + WORTH_READING_FOR)
