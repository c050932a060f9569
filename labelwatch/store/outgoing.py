"""What is asked of the store about channels and what they were told; part of Store, as `store.outgoing`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from labelwatch.core.alert import Alert
from labelwatch.store import alerts, channels
from labelwatch.store.values import Attempt, ChannelState, OutboxRow, Sent


class Outgoing:
    """Reads only; what is written goes through a Transaction."""

    def __init__(self, read: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._read = read

    def states(self) -> dict[str, ChannelState]:
        """How each channel fares, by name; one that was never used is missing."""
        with self._read() as conn:
            return channels.states(conn)

    def trail(self, ids: Sequence[int]) -> dict[int, list[Attempt]]:
        """Notification id -> every try to send it, oldest first."""
        with self._read() as conn:
            return channels.trail(conn, ids)

    def sent(self, channel: str, alert_ids: Sequence[int]) -> list[Sent]:
        """What a channel was told of these alerts, oldest first."""
        with self._read() as conn:
            return channels.sent(conn, channel, alert_ids)

    def message(self, key: str) -> list[OutboxRow]:
        """The notifications that are one message, in the order they were queued."""
        with self._read() as conn:
            return channels.message(conn, key)

    def outdated(self, channel: str, now: datetime, *, limit: int = 20) -> dict[str, datetime]:
        """Message key -> since when a message of this channel is no longer up to date, oldest first."""
        with self._read() as conn:
            return channels.outdated(conn, channel, now, limit=limit)

    def next_revision(self) -> datetime | None:
        """When the next message wants to be changed; None = all are up to date."""
        with self._read() as conn:
            return channels.next_revision(conn)

    def waiting(self, channel: str) -> list[OutboxRow]:
        """What a channel has not been told yet, oldest first."""
        with self._read() as conn:
            return channels.waiting(conn, channel)

    def alerts(self, ids: Sequence[int]) -> dict[int, Alert]:
        """Alerts as they are now, by id."""
        with self._read() as conn:
            return alerts.by_id(conn, ids)

    def troubles(self) -> Mapping[str, Alert]:
        """The name of each channel that does not work -> its open alert."""
        with self._read() as conn:
            return alerts.open_of_channels(conn)
