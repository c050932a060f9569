"""Who acknowledged or snoozed what, sent over every channel that had reported it.

A channel that can edit its messages does so. Over the others it is part of the next message. If time is short, a
short message follows, one for everything within a minute. None is sent in quiet hours, and none that is superseded by
something newer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from labelwatch.channels.base import EditableChannel
from labelwatch.core.alert import Alert, Notification
from labelwatch.core.policy import Destination
from labelwatch.delivery import handled
from labelwatch.delivery.context import Channels, DeliveryContext, alert_id
from labelwatch.delivery.handled import Audience, How, is_follow_up
from labelwatch.messages import diagnosis_text
from labelwatch.messages.catalog import counted
from labelwatch.messages.message import Kind, Message, Section, SizeLimit, affordable, joined
from labelwatch.messages.render import render_context, seen_by
from labelwatch.messages.time_format import RenderContext
from labelwatch.store import OutboxRow, Transaction

_LISTED = 10


def changed(
    tx: Transaction, change: Callable[[How], list[Alert]], how: How, *, channels: Channels, now: datetime
) -> list[Alert]:
    """Have `change` apply `how` to alerts, and queue the notifications of it for these channels."""
    return handled.changed(tx, change, how, audience=audience_of(channels), now=now)


def audience_of(channels: Channels) -> Audience:
    """These channels, as far as it matters who is told that an alert is handled."""
    return {name: (to, isinstance(channel, EditableChannel)) for name, (to, channel) in channels.items()}


def current(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """These rows without the follow-ups that are out of date.

    A later message of this channel has already said who has acknowledged the alert.
    """
    about = sorted({alert_id(row) for row in rows if is_follow_up(row)})
    if not about:
        return list(rows)
    alerts, told_at = delivery.store.alerts.by_id(about), dict[int, datetime]()
    for sent in delivery.store.channels.sent(name, about):
        told_at[sent.alert_id] = sent.sent_at
    return [row for row in rows if not is_follow_up(row) or _holds(row, alerts, told_at, delivery.now())]


def message(told: Sequence[Notification], destination: Destination, *, now: datetime, limit: SizeLimit) -> Message:
    """Who acknowledged or snoozed what: a sentence for each person, and the alerts."""
    context, told = render_context(destination, now), [seen_by(destination, one) for one in told]
    first, *others = [diagnosis_text.in_hands(context, alerts) for alerts in _by_hands(context, told)]
    title = f"👤 {first}"
    rows = [_row(context, one.alert) for one in told[:_LISTED]]
    rest = len(told) - len(rows)
    more = [(2, Section(lines=(counted(context.words, context.words.count.more, rest),)))] if rest else []
    pieces = [
        *((0, Section(lines=(sentence,))) for sentence in others[:_LISTED]),
        *more,
        *((1, Section(rows=(row,))) for row in rows),
    ]
    return Message(title, joined(affordable(pieces, limit.beside(title=title))), Kind.INFO)


def _holds(row: OutboxRow, alerts: Mapping[int, Alert], told_at: Mapping[int, datetime], now: datetime) -> bool:
    alert, then = alerts.get(alert_id(row)), row.notification.alert
    if alert is None or (alert.state, alert.handled_by) != (then.state, then.handled_by):
        return False
    if alert.snoozed_until is not None and alert.snoozed_until <= now:
        return False
    last = told_at.get(alert_id(row))
    return last is None or last <= row.created_at


def _by_hands(context: RenderContext, told: Sequence[Notification]) -> Iterator[Sequence[Alert]]:
    """The alerts that the same person acknowledged, or snoozed until the same time."""
    groups: dict[str, list[Alert]] = {}
    for one in told:
        groups.setdefault(diagnosis_text.keeper(context, replace(one.alert, note="")), []).append(one.alert)
    yield from groups.values()


def _row(context: RenderContext, alert: Alert) -> tuple[str, ...]:
    about = alert.diagnosis
    name = diagnosis_text.words_of(context, about.cause).name
    return diagnosis_text.subject(context, about) or name, diagnosis_text.time_left(context, about), name
