"""The notifications of a replay in memory, and the messages that channels would have made of them."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from labelwatch.core.alert import Notification, Reason
from labelwatch.core.policy import Destination
from labelwatch.core.quiet_hours import quiet_span
from labelwatch.core.routing import due_within, gathers_until
from labelwatch.core.subject import PostingId, Shop, Subject, shops_of


@dataclass(frozen=True, slots=True)
class RowId:
    """A notification whatever its alert is called in a database: the subject, when the alert was opened, the number
    of the notification and the channel."""

    shop: str
    subject: str
    opened_at: datetime
    number: int
    channel: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What really became of a notification: when it was decided, for the last time, and when it was sent."""

    created_at: datetime
    sent_at: datetime | None


@dataclass(slots=True)
class Row:
    """One notification, decided at a time."""

    told: Notification
    created_at: datetime
    sent_at: datetime | None = None
    """When a channel that works would have sent it."""
    is_withdrawn: bool = False
    is_superseded: bool = False

    @property
    def id(self) -> RowId:
        alert = self.told.alert
        return RowId(*key_of(alert.diagnosis.subject), alert.opened_at, self.told.number, self.told.channel)


def key_of(subject: Subject) -> tuple[str, str]:
    """Shop and key of a subject, as the database has them: an incident has no shop."""
    shop = shops_of(subject)[0] if isinstance(subject, PostingId | Shop) else ""
    return shop, str(subject)


@dataclass(slots=True)
class _Queue:
    """What waits for one channel."""

    to: Destination
    coming: deque[tuple[datetime, int, Row]] = field(default_factory=deque)
    """Those that were not decided yet at the time until which it was sent, oldest first."""
    waiting: list[tuple[datetime, int, Row]] = field(default_factory=list)
    spoke: datetime | None = None
    messages: list[datetime] = field(default_factory=list)

    def next_at(self) -> datetime | None:
        """When something is due next, with everything waiting that was decided by then; None = nothing is left."""
        while self.coming and (not self.waiting or self.coming[0][2].created_at <= self.waiting[0][0]):
            heappush(self.waiting, self.coming.popleft())
        return self.waiting[0][0] if self.waiting else None


class Outbox:
    """Withdraws as the outbox of the store does; `fates` is what really became of notifications, as far as known."""

    def __init__(self, fates: Mapping[RowId, Fate] | None = None) -> None:
        self._fates = fates or {}
        self._rows: dict[int, dict[tuple[int, str], Row]] = defaultdict(dict)
        self._queues: dict[str, _Queue] = {}
        self._order = count()

    def rows(self) -> Iterable[Row]:
        """Every notification that was not withdrawn."""
        return (row for some in self._rows.values() for row in some.values() if not row.is_withdrawn)

    def add(self, told: Notification, to: Destination, now: datetime) -> None:
        """Queue a notification; one that exists already is left as it is, unless it was withdrawn."""
        assert told.alert.id is not None, "an alert is saved before its notifications"
        own, key = self._rows[told.alert.id], (told.number, told.channel)
        if key in own and not own[key].is_withdrawn:
            return
        row = own[key] = Row(told, now)
        queue = self._queues.setdefault(told.channel, _Queue(to))
        queue.to = to
        queue.coming.append((told.due_at, next(self._order), row))

    def withdraw(self, alert_id: int, now: datetime) -> bool:
        """Drop what was not sent of this alert; True if nothing was. A missed deadline stays."""
        is_kept = False
        for row in self._rows.get(alert_id, {}).values():
            if row.is_withdrawn:
                continue
            if row.told.reason is Reason.MISSED or self._is_sent(row, now):
                is_kept = True
            elif not row.is_superseded:
                row.is_withdrawn = True
        return not is_kept

    def last_told(self, alert_id: int) -> dict[str, Notification]:
        """Channel -> the last notification about an alert that was queued for it."""
        own = self._rows.get(alert_id, {})
        return {channel: row.told for (_, channel), row in sorted(own.items(), key=_number) if not row.is_withdrawn}

    def messages(self, until: datetime) -> int:
        """How many messages all channels would have sent by then."""
        for queue in self._queues.values():
            self._send(queue, until)
        return sum(len(queue.messages) for queue in self._queues.values())

    def _is_sent(self, row: Row, now: datetime) -> bool:
        fate = self._fates.get(row.id)
        if fate is not None and fate.created_at == row.created_at:
            return fate.sent_at is not None and fate.sent_at <= now
        if fate is not None and fate.created_at > row.created_at:
            return False  # it was withdrawn then, and so not sent before
        self._send(self._queues[row.told.channel], now)
        return row.sent_at is not None

    def _send(self, queue: _Queue, until: datetime) -> None:
        """What the dispatcher does with what is due, without retries and limits of size."""
        while (now := queue.next_at()) is not None and now <= until:
            if queue.spoke is not None and now < queue.spoke + queue.to.group_interval:
                self._postpone(queue, now, queue.spoke + queue.to.group_interval)
                continue
            rows = self._claimed(queue, now)
            later = self._later(queue, rows, now)
            if later is not None:
                for row in rows:
                    heappush(queue.waiting, (later, next(self._order), row))
                continue
            for row in rows:
                row.sent_at = now
            if rows:
                queue.spoke = now
                queue.messages.append(now)

    def _claimed(self, queue: _Queue, now: datetime) -> list[Row]:
        rows: list[Row] = []
        kept = []
        span = quiet_span(queue.to, now)
        while queue.waiting:
            if queue.waiting[0][0] > now and not queue.to.calm_interval:
                break
            due, order, row = heappop(queue.waiting)
            if row.is_withdrawn or row.is_superseded:
                continue
            until = due_within(span, row.told.alert, row.told.reason, now)
            if row.created_at > now or until > now:
                kept.append((max(due, until), order, row))
            else:
                rows.append(row)
        for one in kept:
            heappush(queue.waiting, one)
        return self._newest(rows)

    def _newest(self, rows: Iterable[Row]) -> list[Row]:
        newest: dict[int | None, Row] = {}
        for row in sorted(rows, key=lambda row: row.told.number):
            before = newest.pop(row.told.alert.id, None)
            if before is not None:
                before.is_superseded = True
            newest[row.told.alert.id] = row
        for row in newest.values():
            row.is_superseded = row.told.reason is Reason.RESOLVED and not self._was_told(row)
        return [row for row in newest.values() if not row.is_superseded]

    def _was_told(self, row: Row) -> bool:
        assert row.told.alert.id is not None, "as in add"
        own = self._rows[row.told.alert.id]
        return any(one.sent_at is not None for (_, channel), one in own.items() if channel == row.told.channel)

    def _later(self, queue: _Queue, rows: Iterable[Row], now: datetime) -> datetime | None:
        """Until when these rows wait for more; None = they are sent now."""
        if queue.spoke is None:
            return None
        until = min((gathers_until(row.told, queue.to, queue.spoke, now) for row in rows), default=now)
        return until if until > now else None

    def _postpone(self, queue: _Queue, now: datetime, until: datetime) -> None:
        while queue.waiting and queue.waiting[0][0] <= now:
            _, order, row = heappop(queue.waiting)
            heappush(queue.waiting, (until, order, row))


def _number(one: tuple[tuple[int, str], Row]) -> tuple[int, str]:
    return one[0]
