"""The state of channels: notifications sent, every attempt, and messages that are out of date."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from labelwatch.store import mapping
from labelwatch.store.dedup import upsert
from labelwatch.store.outbox_reads import read_rows
from labelwatch.store.postings import chunks
from labelwatch.store.schema import attempt, attempt_notification, channel, notification
from labelwatch.store.values import Attempt, ChannelState, OutboxRow, OutboxState, Sent

_n = notification.c
_ARRIVED = [OutboxState.SENT.value, OutboxState.UNVERIFIED.value]


def states(conn: Connection) -> dict[str, ChannelState]:
    """Every channel with a stored state, by name."""
    return {row.name: mapping.channel(row) for row in conn.execute(select(channel))}


def state(conn: Connection, name: str) -> ChannelState:
    """One channel; locked until the transaction ends."""
    row = conn.execute(select(channel).where(channel.c.name == name).with_for_update()).one_or_none()
    return mapping.channel(row) if row is not None else ChannelState(name)


def save(conn: Connection, state: ChannelState) -> None:
    """Store the state of a channel."""
    values = mapping.channel_values(state)
    changed = tuple(name for name in values if name != "name")
    conn.execute(upsert(conn, channel, key=("name",), overwrite=changed), [values])


def note(conn: Connection, one: Attempt, ids: Iterable[int]) -> None:
    """Record an attempt to send the notifications with these ids."""
    values = {
        "channel": one.channel,
        "at": one.at,
        "message_key": one.message_key,
        "outcome": one.outcome,
        "said": one.said,
    }
    attempt_id = conn.execute(attempt.insert().returning(attempt.c.id), values).scalar_one()
    held = [{"notification_id": id_, "attempt_id": attempt_id} for id_ in ids]
    if held:
        conn.execute(attempt_notification.insert(), held)


def trail(conn: Connection, ids: Sequence[int]) -> dict[int, list[Attempt]]:
    """Notification id -> every attempt to send it, oldest first."""
    found: dict[int, list[Attempt]] = {}
    held = attempt_notification.c
    for some in chunks(list(ids)):
        query = (
            select(held.notification_id, attempt)
            .join(attempt, attempt.c.id == held.attempt_id)
            .where(held.notification_id.in_(some))
            .order_by(attempt.c.id)
        )
        for row in conn.execute(query):
            found.setdefault(row.notification_id, []).append(mapping.attempt(row))
    return found


def sent(conn: Connection, name: str, alert_ids: Sequence[int]) -> list[Sent]:
    """What this channel was sent about these alerts, oldest first."""
    found = []
    for some in chunks(list(alert_ids)):
        query = select(_n.id, _n.alert_id, _n.message_key, _n.ref, _n.sent_at).where(
            _n.alert_id.in_(some), _n.channel == name, _n.state.in_(_ARRIVED), _n.message_key.is_not(None)
        )
        found += [
            (row.id, Sent(row.alert_id, row.message_key, row.ref or "", row.sent_at)) for row in conn.execute(query)
        ]
    return [one for _, one in sorted(found, key=lambda pair: (pair[1].sent_at, pair[0]))]


def message(conn: Connection, key: str) -> list[OutboxRow]:
    """The notifications that are one message, in the order they were queued."""
    return read_rows(conn, select(notification).where(_n.message_key == key).order_by(_n.id))


def outdate(conn: Connection, alert_ids: Sequence[int], *, at: datetime) -> None:
    """Mark every message about these alerts that can be edited as out of date."""
    for some in chunks(list(alert_ids)):
        mine = (_n.alert_id.in_(some), _n.state == OutboxState.SENT.value, _n.ref.is_not(None))
        conn.execute(update(notification).where(*mine).values(revise_at=at))


def outdate_later(conn: Connection, alert_id: int, *, at: datetime, names: Collection[str]) -> None:
    """The same for these channels and from `at` on; messages already out of date stay so."""
    mine = (_n.alert_id == alert_id, _n.state == OutboxState.SENT.value, _n.ref.is_not(None))
    current = (_n.revise_at.is_(None), _n.channel.in_(list(names)))
    conn.execute(update(notification).where(*mine, *current).values(revise_at=at))


def outdated(conn: Connection, name: str, now: datetime, *, limit: int = 20) -> dict[str, datetime]:
    """Message key -> when it last went out of date, the longest outdated first."""
    since, last = (of(_n.revise_at, type_=_n.revise_at.type) for of in (func.min, func.max))
    query = (
        select(_n.message_key, last)
        .where(_n.channel == name, _n.revise_at.is_not(None), _n.revise_at <= now)
        .group_by(_n.message_key)
        .order_by(since)
        .limit(limit)
    )
    return {key: at for key, at in conn.execute(query)}  # noqa: C416 - rows are not pairs


def revised(conn: Connection, name: str, key: str, *, seen: datetime, gone: bool, again_at: datetime | None) -> None:
    """A message was edited, unless it went out of date again after `seen`, what `outdated` said of it; `gone`: it no
    longer exists, `again_at`: it could not be edited this time."""
    where = (_n.channel == name, _n.message_key == key, _n.revise_at <= seen)
    values: dict[str, object] = {"revise_at": again_at}
    if gone:
        values["ref"] = None
    conn.execute(update(notification).where(*where).values(**values))


def waiting(conn: Connection, name: str) -> list[OutboxRow]:
    """What this channel has not been sent yet, as far as it can be decoded; oldest first."""
    states = [state.value for state in (OutboxState.PENDING, OutboxState.RETRY, OutboxState.LEASED)]
    query = select(notification).where(_n.channel == name, _n.state.in_(states)).order_by(_n.id).limit(10_000)
    return read_rows(conn, query)


def heard(conn: Connection, alert_ids: Sequence[int], *, beside: Iterable[str]) -> dict[int, dict[str, bool]]:
    """Alert -> the channels that were notified of it and have nothing more waiting, each with whether a message can
    still be edited. Notifications that wait for one of the reasons `beside` do not count."""
    waiting = {OutboxState.PENDING.value, OutboxState.RETRY.value, OutboxState.LEASED.value}
    ignored, told = set(beside), dict[int, dict[str, bool]]()
    still: set[tuple[int, str]] = set()
    for some in chunks(list(alert_ids)):
        query = select(_n.alert_id, _n.channel, _n.state, _n.reason, _n.ref.is_not(None)).where(_n.alert_id.in_(some))
        for alert_id, name, state, reason, has_ref in conn.execute(query):
            if state in waiting and reason not in ignored:
                still.add((alert_id, name))
            elif state in _ARRIVED:
                channels = told.setdefault(alert_id, {})
                channels[name] = channels.get(name, False) or bool(has_ref)
    return {
        id_: {name: has_ref for name, has_ref in channels.items() if (id_, name) not in still}
        for id_, channels in told.items()
    }


def gathering(conn: Connection, name: str, reasons: Iterable[str], *, until: datetime) -> datetime | None:
    """When what waits for this channel for one of these reasons is due, if that is before `before`."""
    soonest: datetime | None = conn.scalar(
        select(func.min(_n.due_at, type_=_n.due_at.type)).where(
            _n.channel == name,
            _n.state == OutboxState.PENDING.value,
            _n.reason.in_(list(reasons)),
            _n.due_at <= until,
        )
    )
    return soonest


def told_of(conn: Connection, alert_id: int) -> Mapping[str, int]:
    """Channel -> the last notification number of this alert that was queued for it."""
    query = select(_n.channel, func.max(_n.telling)).where(_n.alert_id == alert_id).group_by(_n.channel)
    return {name: number for name, number in conn.execute(query)}  # noqa: C416 - rows are not pairs
