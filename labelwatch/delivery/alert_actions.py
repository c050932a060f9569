"""The actions of the buttons below a message on the alerts of that message."""

from collections.abc import Callable, Collection, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.policy import Destination
from labelwatch.core.report import Report
from labelwatch.core.visibility import as_seen
from labelwatch.delivery.context import Channels, alert_id
from labelwatch.delivery.follow_ups import changed
from labelwatch.messages import diagnosis_text, letters
from labelwatch.messages.evidence_text import because
from labelwatch.messages.message import Message, Section
from labelwatch.messages.render import LIMIT, Layout, render, render_context
from labelwatch.messages.staleness import EVERY_SHOP_ALIKE, Intervals
from labelwatch.messages.time_format import ShiftNames
from labelwatch.store import OutboxRow, Store

JUST_READ = timedelta(seconds=10)
"""A shop that was polled so recently is not polled again."""


class StoredAlertActions:
    """The alert actions of `messages.interactions` over a store.

    `poll` reads one shop now (None: it could not be read), `intervals` is the regular interval of each shop, and
    `channels` are notified of who acknowledged what.
    """

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        poll: Callable[[str], Report | None],
        intervals: Intervals = EVERY_SHOP_ALIKE,
        channels: Channels | None = None,
    ) -> None:
        self._here: Collection[str] | None = None
        self._who = ""
        self._store = store
        self._now = now
        self._poll = poll
        self._intervals = intervals
        self._channels = channels or {}

    def at(self, channels: Collection[str], who: str) -> "StoredAlertActions":
        """The same, restricted to messages of these channels: a key from another chat has no effect."""
        bound = copy(self)
        bound._here, bound._who = channels, who
        return bound

    def alerts_of(self, key: str) -> Sequence[Alert]:
        """The alerts of the message with this key as they are now, in the order of the deadlines it gave."""
        rows = sorted(self._rows(key), key=_pressed)
        alerts = self._store.alerts.by_id([alert_id(row) for row in rows])
        return self._seen(rows, [alerts[id_] for id_ in dict.fromkeys(map(alert_id, rows)) if id_ in alerts])

    def acknowledge(self, key: str, *, by: str, only: Collection[int]) -> Sequence[Alert]:
        """Take care of those of the message with these ids that are open, and return them."""
        now = self._now()
        return self._changed(key, only, lambda alert: acknowledge(alert, by=by, note="", now=now))

    def snooze(self, key: str, *, span: timedelta, by: str, only: Collection[int]) -> Sequence[Alert]:
        """Silence those of the message with these ids that are open for so long, and return them."""
        now = self._now()
        return self._changed(key, only, lambda alert: snooze(alert, until=now + span, by=by, note="", now=now))

    def check(self, key: str) -> Sequence[Alert] | str:
        """Poll their shops now and return the alerts as they are then; a text says why Ozon could not be asked."""
        rows = self._rows(key)
        told, seen = [row.notification.alert.diagnosis for row in rows], self._shops(rows)
        shops = {shop for one in told for shop in one.shops}
        for shop in sorted(shop for shop in shops if not seen or shop in seen):
            state = self._store.shops.named(shop)
            if state is None or (state.read_at and timedelta(0) <= self._now() - state.read_at < JUST_READ):
                continue
            report = self._poll(shop)
            if report is None or report.error:
                return (report.error if report else None) or shop
        return self.alerts_of(key)

    def details(self, key: str, destination: Destination, *, only: Collection[int] = ()) -> Message:
        """Everything known about those with these ids (none = all): for one alert also what was ruled out, and the
        letters."""
        now, rows = self._now(), [row for row in self._rows(key) if not only or alert_id(row) in only]
        alerts = self._store.alerts.by_id([alert_id(row) for row in rows])
        current = [(row.notification, alerts[alert_id(row)]) for row in rows if alert_id(row) in alerts]
        told = [_now(one, as_seen(alert, destination.shops)) for one, alert in current]
        message = render(told, destination, now=now, intervals=self._intervals, layout=Layout(more=ShiftNames.HERE))
        if len(told) != 1:
            return message
        return _whole(message, told[0].alert, destination, now)

    def _changed(self, key: str, only: Collection[int], how: Callable[[Alert], Alert | None]) -> Sequence[Alert]:
        rows = self._rows(key)
        ids = [one.id for one in self.alerts_of(key) if one.id in only and one.id and one.resolved_at is None]
        with self._store.write() as tx:
            change = partial(tx.alerts.change_by_id, ids)
            return self._seen(rows, changed(tx, change, how, channels=self._channels, now=self._now()))

    def _seen(self, rows: Sequence[OutboxRow], alerts: Sequence[Alert]) -> Sequence[Alert]:
        """The alerts, limited to the shops of the channel that the message was sent over."""
        shops = self._shops(rows)
        seen = [as_seen(one, shops) for one in alerts]
        # The presser knows their own name.
        own = [one.handled_by if one.handled_by == self._who else "" for one in alerts]
        return [replace(one, handled_by=one.handled_by or by) for one, by in zip(seen, own, strict=True)]

    def _rows(self, key: str) -> Sequence[OutboxRow]:
        """The rows of the message with this key, if it was sent to the chat where the button is pressed."""
        rows = self._store.channels.message(key)
        return [row for row in rows if self._here is None or row.notification.channel in self._here]

    def _shops(self, rows: Sequence[OutboxRow]) -> frozenset[str]:
        """The shops that the channel of a message may see; empty = all."""
        sent_over = {row.notification.channel for row in rows} & self._channels.keys()
        return frozenset(shop for name in sent_over for shop in self._channels[name][0].shops)


def _pressed(row: OutboxRow) -> tuple[datetime, int]:
    return row.notification.alert.diagnosis.deadline or datetime.max.replace(tzinfo=UTC), row.id


def _now(told: Notification, alert: Alert) -> Notification:
    reason = Reason.RESOLVED if alert.resolved_at is not None else Reason.FIRST
    return Notification(alert, told.number, reason, told.channel, told.due_at, told.expires_at)


def _whole(message: Message, alert: Alert, destination: Destination, now: datetime) -> Message:
    context, diagnosis = render_context(destination, now), alert.diagnosis
    considered = tuple(
        (diagnosis_text.words_of(context, other.cause).name, because(context, other.because))
        for other in diagnosis.ruled_out
    )
    sections = list(message.sections)
    if considered:
        sections.append(Section(context.words.line.ruled_out, rows=considered, aside=True))
    for section in letters.in_full(context, alert):
        if LIMIT.beside(title=message.title).holds(*sections, section):
            sections.append(replace(section, aside=False))  # meant to be copied, so not collapsed
    return Message(message.title, tuple(sections), message.kind)
