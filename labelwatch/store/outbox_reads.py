"""Reads notifications: what was sent, what waits, and when the next one is due."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import MsgspecError
from sqlalchemy import Connection, Select, and_, case, func, select

from labelwatch.core.alert import Notification, Reason
from labelwatch.store import mapping
from labelwatch.store.outbox import ready, waits, withdrawn
from labelwatch.store.postings import chunks
from labelwatch.store.schema import alert, notification
from labelwatch.store.values import OutboxRow, OutboxState

_n = notification.c


def told_before(conn: Connection, channel: str, alert_ids: Sequence[int]) -> set[int]:
    """The alerts of which this channel was sent at least one notification."""
    arrived = [OutboxState.SENT.value, OutboxState.UNVERIFIED.value]
    told: set[int] = set()
    for some in chunks(list(alert_ids)):
        query = select(_n.alert_id).where(_n.alert_id.in_(some), _n.channel == channel, _n.state.in_(arrived))
        told.update(conn.scalars(query))
    return told


def last_told(conn: Connection, alert_id: int) -> dict[str, Notification]:
    """Channel -> the last notification about an alert that was queued for it; withdrawn ones do not count."""
    news = _n.reason.not_in([Reason.ACKNOWLEDGED.value, Reason.SNOOZED.value])  # these say who handles it, not why
    query = select(notification).where(_n.alert_id == alert_id, ~withdrawn, news).order_by(_n.telling)
    return {row.notification.channel: row.notification for row in read_rows(conn, query)}


def next_due(conn: Connection) -> datetime | None:
    """When the next row can be claimed, over all channels; None = nothing waits."""
    when = case((_n.state == OutboxState.LEASED.value, _n.lease_until), else_=_n.due_at)
    soonest: datetime | None = conn.scalar(select(func.min(when, type_=_n.due_at.type)).where(waits))
    return soonest


def due_channels(conn: Connection, now: datetime) -> set[str]:
    """The channels with rows that can be claimed, or with messages to edit."""
    reasons = (and_(waits, ready(now)), and_(_n.revise_at.is_not(None), _n.revise_at <= now))
    return {name for why in reasons for name in conn.scalars(select(_n.channel).where(why).distinct())}


def find(
    conn: Connection,
    *,
    channel: str | None = None,
    states: Collection[OutboxState] | None = None,
    posting_number: str | None = None,
    since: datetime | None = None,
    limit: int = 1000,
) -> list[OutboxRow]:
    """Notifications, latest first; each argument narrows them down, `since` by when they were queued.

    Those that cannot be decoded are left out: they end when they are claimed, and the log says so.
    """
    query = select(notification).order_by(_n.id.desc()).limit(limit)
    if channel is not None:
        query = query.where(_n.channel == channel)
    if states is not None:
        query = query.where(_n.state.in_([state.value for state in states]))
    if posting_number is not None:
        query = query.where(_n.alert_id.in_(select(alert.c.id).where(alert.c.posting_number == posting_number)))
    if since is not None:
        query = query.where(_n.created_at >= since)
    return read_rows(conn, query)


def by_id(conn: Connection, id_: int) -> OutboxRow | None:
    """One notification."""
    return next(iter(read_rows(conn, select(notification).where(_n.id == id_))), None)


def read_rows(conn: Connection, query: Select[*tuple[Any, ...]]) -> list[OutboxRow]:
    """The current state of notifications; those that cannot be decoded are left out."""
    found = []
    for row in conn.execute(query):
        with suppress(MsgspecError, ValueError):
            found.append(mapping.outbox(row))
    return found
