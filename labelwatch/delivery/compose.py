"""Turns rows of the outbox into an outgoing message: its text, its alerts as JSON, and what it replies to."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from labelwatch.channels.base import Attachment, Channel, Earlier, EditableChannel, OutgoingMessage, Target
from labelwatch.channels.time_limit import within_time
from labelwatch.core.alert import CALM, SUMMARIES, Alert, Notification, Outcome, Reason
from labelwatch.core.policy import Destination
from labelwatch.core.quiet_hours import quiet_span
from labelwatch.core.subject import Channel as ChannelSubject
from labelwatch.core.subject import PostingId
from labelwatch.core.visibility import as_seen, narrowed, unnamed
from labelwatch.delivery import follow_ups, summaries
from labelwatch.delivery.action_links import SINGLY, section
from labelwatch.delivery.context import DeliveryContext, alert_id
from labelwatch.delivery.handled import is_follow_up
from labelwatch.messages import diagnosis_text
from labelwatch.messages.alert_json import View, view
from labelwatch.messages.message import Message, Section, SizeLimit
from labelwatch.messages.render import Layout, brief, channel_dead, render, render_context, seen_by, urgency
from labelwatch.messages.time_format import ShiftNames
from labelwatch.store import OutboxRow, Sent

log = logging.getLogger(__name__)

MOST_EARLIER = 20
MOST_LABELS = 3
ROOM_FOR_LINKS = 1500
"""Characters: in a shorter message, links of some hundred leave too little room for the text."""
LABELS_WITHIN = timedelta(seconds=45)
"""Fetching labels must not use up the lease of the message."""

_SILENT = CALM | SUMMARIES
_ORDER = ("test", "channel", "alerts", "arrival", "audit", "handover", "report")
_TOGETHER = frozenset({"alerts", "arrival", "audit"})


def newest_of_each(
    rows: Sequence[OutboxRow], told_before: Collection[int]
) -> tuple[list[OutboxRow], list[OutboxRow]]:
    """Split rows into those to send and superseded ones: only the newest notification of each alert counts, and a
    resolved alert is not news to a channel that was never notified of it."""
    newest = {alert_id(row): row for row in sorted(rows, key=lambda row: (row.notification.number, row.id))}
    sent = {row.id for alert, row in newest.items() if not _is_over(row.notification) or alert in told_before}
    return [row for row in rows if row.id in sent], [row for row in rows if row.id not in sent]


def one_message(rows: Sequence[OutboxRow]) -> tuple[list[OutboxRow], list[OutboxRow]]:
    """Split rows into one message and those for the next: a test, a shift summary and a channel problem are each sent
    alone, everything else together."""
    kinds: dict[str, list[OutboxRow]] = {}
    for row in rows:
        kinds.setdefault(_kind(row), []).append(row)
    kind = next(kind for kind in _ORDER if kind in kinds)
    message = kinds[kind] if kind in _TOGETHER else kinds[kind][:1]
    taken = {row.id for row in message}
    return message, [row for row in rows if row.id not in taken]


def compose(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> OutgoingMessage:
    """The message made of these rows."""
    destination, channel = delivery.channels[name]
    key = rows[0].message_key
    assert key is not None, "claimed rows have the key of their message"
    earlier = _earlier(delivery, name, rows, channel)
    told = _by_now(delivery, rows, destination)
    links = _links(delivery, told, channel, key)
    targets = _targets(told, destination, delivery.now())
    if delivery.settings.links and links and 1 < len(targets) <= SINGLY:
        sign = partial(delivery.settings.links.links_of, key, now=delivery.now())
        singly = tuple(replace(one, links=sign(alert=one.id)) for one in targets)
        has_room = channel.limit.beside(section(links, singly, destination.language)).letters >= ROOM_FOR_LINKS
        targets = singly if has_room else targets
    if all(map(is_follow_up, rows)):
        message = follow_ups.message(told, destination, now=delivery.now(), limit=channel.limit)
    elif is_brief(earlier, rows, channel):
        message = brief(told[0], destination, now=delivery.now(), intervals=delivery.settings.intervals)
    else:
        end = section(links, targets, destination.language) if links else Section()
        room = channel.limit.beside(end)
        held = _held_since(rows, destination, delivery.now())
        message = _message(delivery, told, destination, room, after_quiet=held)
        message = replace(message, sections=(*message.sections, end)) if links else message
    return OutgoingMessage(
        message=message,
        views=_views(delivery, told, destination),
        key=key,
        about="handled" if all(map(is_follow_up, rows)) else _kind(rows[0]),
        earlier=earlier,
        buttons=_has_buttons(told),
        targets=targets,
        links=links,
        quiet=all(one.reason in _SILENT for one in told),
        attachments=_labels(delivery, told) if name in delivery.settings.with_labels else (),
    )


def _by_now(delivery: DeliveryContext, rows: Sequence[OutboxRow], destination: Destination) -> list[Notification]:
    """The notifications, with open alerts as they are now: a night may pass between notification and message. That an
    alert has been resolved meanwhile is a notification of its own."""
    alerts = delivery.store.alerts.by_id([alert_id(row) for row in rows])
    still_open = {id_: alert for id_, alert in alerts.items() if alert.resolved_at is None}
    told = [_as_it_is(row.notification, still_open.get(alert_id(row)), destination) for row in rows]
    return [_as_known(delivery, one, destination) for one in told]


def _as_known(delivery: DeliveryContext, told: Notification, destination: Destination) -> Notification:
    """An alert about a channel without its name, if the readers of this one may not know it."""
    about = told.alert.diagnosis.subject
    if not isinstance(about, ChannelSubject) or delivery.may_be_named(about.name, destination.name):
        return told
    return replace(told, alert=unnamed(told.alert))


def _as_it_is(told: Notification, alert: Alert | None, destination: Destination) -> Notification:
    """A notification of an alert that is still open; one that is resolved for this channel stays as it was."""
    seen = narrowed(alert, destination.shops) if alert and not _is_over(told) else None
    return replace(told, alert=seen or as_seen(told.alert, destination.shops))


def as_it_stands(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> OutgoingMessage:
    """A sent message as it should read now: the same alerts in their present state."""
    destination, channel = delivery.channels[name]
    alerts = delivery.store.alerts.by_id([alert_id(row) for row in rows])
    told = [_now(row.notification, alerts.get(alert_id(row)), destination) for row in rows]
    told = [_as_known(delivery, one, destination) for one in told]
    message = _message(delivery, told, destination, channel.limit)
    return OutgoingMessage(
        message,
        _views(delivery, told, destination),
        rows[0].message_key or "",
        buttons=_has_buttons(told),
        targets=_targets(told, destination, delivery.now()),
    )


def is_brief(earlier: Sequence[Earlier], rows: Sequence[OutboxRow], channel: Channel) -> bool:
    """Whether a short reply is enough: the message it replies to has the rest and is kept up to date."""
    return len(rows) == 1 and isinstance(channel, EditableChannel) and any(one.ref for one in earlier)


def _kind(row: OutboxRow) -> str:
    reason, about = row.notification.reason, row.notification.alert.diagnosis.subject
    if reason in {Reason.TEST, *SUMMARIES}:
        return str(reason)
    return "channel" if isinstance(about, ChannelSubject) else "alerts"


def _message(
    delivery: DeliveryContext,
    told: Sequence[Notification],
    destination: Destination,
    limit: SizeLimit,
    *,
    after_quiet: datetime | None = None,
) -> Message:
    first, now = told[0], delivery.now()
    layout = Layout(limit, delivery.board, _more(delivery, destination))
    about = first.alert.diagnosis.subject
    if first.reason in SUMMARIES:
        return summaries.message(delivery, told, destination, layout=layout)
    if isinstance(about, ChannelSubject):
        waiting = [row.notification.alert for row in delivery.store.channels.waiting(about.name)]
        return channel_dead(first, destination, waiting, now=now, limit=limit, intervals=delivery.settings.intervals)
    return render(
        told,
        destination,
        now=now,
        intervals=delivery.settings.intervals,
        after_quiet=after_quiet,
        layout=layout,
    )


def _more(delivery: DeliveryContext, destination: Destination) -> ShiftNames:
    """Where the readers of this channel find what does not fit."""
    if isinstance(delivery.channels[destination.name][1], EditableChannel):
        return ShiftNames.BUTTONS
    return ShiftNames.BOARD if delivery.board else ShiftNames.NOBODY


def _held_since(rows: Sequence[OutboxRow], destination: Destination, now: datetime) -> datetime | None:
    """The start of the quiet hours that held all of this back until now; None = some of it is newer."""
    spans = [quiet_span(destination, row.created_at) for row in rows]
    over = [span.start for span in spans if span is not None and span.end <= now]
    return min(over) if len(over) == len(rows) else None


def _views(delivery: DeliveryContext, told: Sequence[Notification], destination: Destination) -> list[View]:
    """The alerts as JSON, the most urgent first as in the text; for a summary those that it lists."""
    if told[0].reason in SUMMARIES:
        told = summaries.listed(delivery, told, destination)
    return [
        view(
            one.alert,
            language=destination.language,
            now=delivery.now(),
            reason=one.reason,
            zone=destination.timezone,
            shops=destination.shops,
        )
        for one in sorted(told, key=urgency)
    ]


def _earlier(
    delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow], channel: Channel
) -> tuple[Earlier, ...]:
    """Earlier messages of this channel about these alerts. A channel that replies gets only the latest full message,
    and only if it is about every one of these alerts."""
    ids = {alert_id(row) for row in rows}
    sent = delivery.store.channels.sent(name, sorted(ids))
    if not isinstance(channel, EditableChannel):
        return tuple({one.message_key: Earlier(one.message_key, one.ref) for one in sent}.values())[-MOST_EARLIER:]
    about: dict[str, set[int]] = {}
    for one in sent:
        about.setdefault(one.message_key, set()).add(one.alert_id)
    full = [one for one in sent if one.ref and about[one.message_key] >= ids]
    return _as_earlier(full[-1:])


def _as_earlier(sent: Sequence[Sent]) -> tuple[Earlier, ...]:
    return tuple(Earlier(one.message_key, one.ref) for one in sent)


def _links(delivery: DeliveryContext, told: Sequence[Notification], channel: Channel, key: str) -> Mapping[str, str]:
    """Links to act on what is still open, for a channel without buttons whose messages have room for them."""
    links = delivery.settings.links
    has_room = not isinstance(channel, EditableChannel) and channel.limit.letters >= ROOM_FOR_LINKS
    if links is None or not has_room or not _has_buttons(told):
        return {}
    return links.links_of(key, now=delivery.now())


def _has_buttons(told: Sequence[Notification]) -> bool:
    """Whether there is anything to acknowledge: a posting, a shop or an incident that is still open."""
    if told[0].reason in {Reason.TEST, *SUMMARIES}:
        return False
    return any(map(_is_to_take, told))


def _is_to_take(told: Notification) -> bool:
    return told.alert.resolved_at is None and told.reason not in CALM


def _targets(told: Sequence[Notification], destination: Destination, now: datetime) -> tuple[Target, ...]:
    """What somebody can acknowledge, the most urgent first."""
    if not _has_buttons(told):
        return ()
    context = render_context(destination, now)
    seen = [seen_by(destination, one) for one in told]
    open_ones = {one.alert.id: one for one in seen if _is_to_take(one)}
    return tuple(
        Target(
            id_,
            diagnosis_text.subject(context, one.alert.diagnosis)
            or diagnosis_text.headline(context, one.alert.diagnosis),
        )
        for id_, one in sorted(open_ones.items(), key=lambda pair: urgency(pair[1]))
        if id_ is not None
    )


def _now(told: Notification, alert: Alert | None, destination: Destination) -> Notification:
    """A notification as it would be sent now; its alert may have been pruned."""
    alert = as_seen(alert or told.alert, destination.shops)
    return replace(told, alert=alert, reason=Reason.RESOLVED if alert.resolved_at else told.reason)


def _is_over(told: Notification) -> bool:
    return told.reason is Reason.RESOLVED


def _labels(delivery: DeliveryContext, told: Sequence[Notification]) -> tuple[Attachment, ...]:
    """The labels that have just appeared, in memory only; as many as time allows. An open alert does not wait for a
    file."""
    if any(one.reason is not Reason.RESOLVED for one in told):
        return ()
    began, found = delivery.now(), list[Attachment]()
    for one in told:
        diagnosis, left = one.alert.diagnosis, LABELS_WITHIN - abs(delivery.now() - began)
        appeared = one.reason is Reason.RESOLVED and one.alert.outcome is Outcome.LABELLED
        if not appeared or not isinstance(diagnosis.subject, PostingId):
            continue
        if len(found) == MOST_LABELS or delivery.stop() or left <= timedelta(0):
            break
        fetch = partial(delivery.settings.label, diagnosis.subject.shop, diagnosis.subject.number)
        label = within_time(left, fetch)
        if label is not None:
            found.append(label)
    return tuple(found)
