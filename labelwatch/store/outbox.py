"""Notifications to be sent: claimed for a time, settled afterwards; never two claimers for one row.

pending --claim--> leased --settle--> sent | unverified | dead | superseded
   ^                 |  '--lease ran out--> claimed again, as the same message
   '---- retry <-----'
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache

from msgspec import MsgspecError
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)

from labelwatch.core.alert import SUMMARIES, Notification, Reason
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.store import mapping
from labelwatch.store.alert_json import write_alert
from labelwatch.store.dedup import Insert, insert_into
from labelwatch.store.postings import chunks
from labelwatch.store.schema import notification
from labelwatch.store.values import OutboxRow, OutboxState, Settled

log = logging.getLogger(__name__)

# Written out: SQLite uses a partial index only where the query repeats the index's condition.
# Without a type: SQLAlchemy would append "= 1" to a Boolean.
_WAITING = "state IN ('pending', 'retry', 'leased')"
waits: ColumnElement[bool] = literal_column(f"notification.{_WAITING}")
_n = notification.c
SKEW = timedelta(minutes=1)
"""Hosts that share a database may differ by this much; a time further ahead means that a clock was set back."""
LONGEST_LEASE = timedelta(minutes=10)
"""No claim is longer; a lease that ends later was given before the clock was set back."""
WORTH_STILL = timedelta(hours=12)
"""What was held back is still worth sending for this long."""
WITHDRAWN = Text("withdrawn")
withdrawn = and_(_n.state == OutboxState.SUPERSEDED.value, _n.error == WITHDRAWN)


def add(conn: Connection, notifications: Iterable[Notification], *, created_at: datetime) -> None:
    """Queue notifications of saved alerts; one that exists already (alert, number, channel) stays as it is,
    but a withdrawn one was never sent: it is queued again."""
    fresh = [_fresh(n, created_at) for n in notifications]
    if not fresh:
        return
    conn.execute(_queue(conn.dialect.name, tuple(fresh[0])), fresh)


@cache
def _queue(dialect: str, names: tuple[str, ...]) -> Insert:
    statement = insert_into(dialect, notification)
    same = [_n.alert_id, _n.telling, _n.channel]
    values = {name: statement.excluded[name] for name in names} | {"message_key": None, "lease_until": None}
    return statement.on_conflict_do_update(index_elements=same, set_=values, where=withdrawn)


def _fresh(n: Notification, created_at: datetime) -> mapping.Values:
    if n.alert.id is None:
        raise ValueError("an alert is saved before its notifications")
    return {
        "alert_id": n.alert.id,
        "telling": n.number,
        "channel": n.channel,
        "reason": n.reason.value,
        "state": OutboxState.PENDING.value,
        "due_at": n.due_at,
        "expires_at": n.expires_at,
        "created_at": created_at,
        "attempts": 0,
        "possible_duplicate": False,
        "receipt": "",
        "error": None,
        "snapshot": write_alert(n.alert),
    }


def claim(  # noqa: PLR0913 - six and the connection
    conn: Connection,
    channel: str,
    *,
    now: datetime,
    lease_until: datetime,
    key: str,
    limit: int = 2000,
    only: Reason | None = None,
) -> list[OutboxRow]:
    """Claim the rows for one message to a channel; no other process gets them before `lease_until`.

    A message that was tried before goes first, whole and under its old key. Otherwise all that is due, under
    the new key; with `only` the rows with that reason. Rows past their time expire instead.
    """
    _expire(conn, channel, now)
    begun = _begun_message(conn, channel, now)
    if begun is not None:
        return _lease(conn, and_(_n.message_key == begun, ready(now)), key=begun, now=now, lease_until=lease_until)
    wanted = true() if only is None else _n.reason == only.value
    due = (
        select(_n.id)
        .where(_n.channel == channel, waits, ready(now), _n.message_key.is_(None), wanted)
        .order_by(_n.due_at, _n.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.scalars(due))
    return _lease(conn, _n.id.in_(ids), key=key, now=now, lease_until=lease_until) if ids else []


def join(
    conn: Connection, channel: str, *, now: datetime, lease_until: datetime, key: str, limit: int = 2000
) -> list[OutboxRow]:
    """Claim what would be sent later as well, under the key of a message that was just claimed.

    Not rows that were tried: a refused message is split in half, and its half must not join.
    """
    later = (
        select(_n.id)
        .where(
            _n.channel == channel,
            _n.state == OutboxState.PENDING.value,
            _n.reason.not_in([Reason.TEST.value, *SUMMARIES]),
            _n.message_key.is_(None),
            _n.attempts == 0,
            _n.due_at > now,
        )
        .order_by(_n.due_at, _n.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.scalars(later))
    return _lease(conn, _n.id.in_(ids), key=key, now=now, lease_until=lease_until) if ids else []


def ready(now: datetime) -> ColumnElement[bool]:
    """Due, or claimed by a process that has not settled it in time; times from before the clock was set back would
    hold a row for as long as it was set back, so it is ready at once."""
    over = or_(_n.lease_until <= now, _n.lease_until > now + LONGEST_LEASE + SKEW)
    lapsed = and_(_n.state == OutboxState.LEASED.value, over)
    come = or_(_n.due_at <= now, _n.created_at > now + SKEW)
    due = and_(_n.state.in_([OutboxState.PENDING.value, OutboxState.RETRY.value]), come)
    return or_(lapsed, due)


def _expire(conn: Connection, channel: str, now: datetime) -> None:
    late = and_(_n.channel == channel, waits, ready(now), _n.expires_at <= now)
    gone = {"state": OutboxState.EXPIRED.value, "lease_until": None}
    conn.execute(update(notification).where(late).values(**gone))


def _begun_message(conn: Connection, channel: str, now: datetime) -> str | None:
    """The key of the oldest message that has to be sent again.

    Its first row stands for all of it: the holder of that lock has the message, others look for another one.
    """
    earlier = notification.alias("earlier")
    is_first = ~(
        select(earlier.c.id)
        .where(
            earlier.c.message_key == _n.message_key,
            earlier.c.channel == channel,
            literal_column(f"earlier.{_WAITING}"),
            earlier.c.id < _n.id,
        )
        .exists()
    )
    query = (
        select(_n.message_key)
        .where(_n.channel == channel, waits, ready(now), _n.message_key.is_not(None), is_first)
        .order_by(_n.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return conn.scalars(query).first()


def _lease(
    conn: Connection, which: ColumnElement[bool], *, key: str, now: datetime, lease_until: datetime
) -> list[OutboxRow]:
    """Rows that were in a message before may have arrived: they keep its key.

    A row from before the clock was set back gets a new time, or no pause after a failure would hold it.
    """
    statement = (
        update(notification)
        .where(which)
        .values(
            state=OutboxState.LEASED.value,
            lease_until=lease_until,
            created_at=case((_n.created_at > now + SKEW, literal(now, _n.created_at.type)), else_=_n.created_at),
            attempts=_n.attempts + 1,
            possible_duplicate=or_(_n.possible_duplicate, _n.message_key.is_not(None)),
            message_key=key,
        )
        .returning(notification)
    )
    claimed = [_readable(conn, row) for row in conn.execute(statement).all()]
    return sorted(filter(None, claimed), key=lambda row: (row.notification.due_at, row.id))


def _readable(conn: Connection, row: mapping.AnyRow) -> OutboxRow | None:
    """A claimed row; one whose snapshot cannot be decoded is dead, or it would block its channel."""
    try:
        return mapping.outbox(row)
    except (MsgspecError, ValueError) as error:
        why = Text("unreadable", {"raw": f"{type(error).__name__}: {error}"[:180]})
        log.error("channel %s: notification %d %s", row.channel, row.id, translate(why, "en"))
        dead = {"state": OutboxState.DEAD.value, "lease_until": None, "error": why}
        _set(conn, [row.id], dead, where=_n.state == OutboxState.LEASED.value)
        return None


def settle(
    conn: Connection,
    ids: Sequence[int],
    how: Settled,
    *,
    at: datetime,
) -> int:
    """Record the result of sending, for rows that are leased; returns how many were.

    What may have arrived at an earlier try is sent again unchanged, unless it is `pending`: refused in that form.
    """
    state = how.state
    values: mapping.Values = {"state": state.value, "lease_until": None, "error": how.error}
    if state in (OutboxState.SENT, OutboxState.UNVERIFIED):
        values |= {"sent_at": at, "receipt": how.receipt, "ref": how.ref or None}
    if state in (OutboxState.RETRY, OutboxState.PENDING):
        if how.next_try is None:
            raise ValueError("what is to be sent again needs the time of the next try")
        values |= {"due_at": how.next_try, "possible_duplicate": how.keep_key or _n.possible_duplicate}
        if not how.keep_key:
            is_as_it_was = _n.possible_duplicate if state is OutboxState.RETRY else false()
            values["message_key"] = case((is_as_it_was, _n.message_key), else_=None)
    leased = _n.state == OutboxState.LEASED.value
    return _set(conn, ids, values, where=leased)


def postpone(conn: Connection, ids: Sequence[int], *, until: datetime) -> int:
    """Give leased rows back unsent, not to be claimed before a time; what may have arrived keeps its message."""
    longer = until + WORTH_STILL
    values = {
        "state": OutboxState.PENDING.value,
        "message_key": None,
        "lease_until": None,
        "due_at": until,
        "expires_at": case((_n.expires_at <= until, literal(longer, _n.expires_at.type)), else_=_n.expires_at),
        "attempts": _n.attempts - 1,
    }
    unsent = and_(_n.state == OutboxState.LEASED.value, ~_n.possible_duplicate)
    return _set(conn, ids, values, where=unsent)


def supersede(conn: Connection, ids: Sequence[int], *, why: Text) -> int:
    """Drop waiting rows that newer ones replace; returns how many still waited.

    They leave the message that they were claimed for.
    """
    values = {
        "state": OutboxState.SUPERSEDED.value,
        "message_key": None,
        "lease_until": None,
        "error": why,
    }
    return _set(conn, ids, values, where=waits)


def withdraw(conn: Connection, alert_ids: Sequence[int]) -> set[int]:
    """Drop the unsent notifications of these alerts; returns the alerts without any sent notification.

    What is being sent, or may have arrived, counts as sent: it stays as it is. So does a missed deadline, which is
    notified for each posting.
    """
    missed = _n.reason == Reason.MISSED.value
    waiting = and_(_n.state.in_([OutboxState.PENDING.value, OutboxState.RETRY.value]), ~missed)
    sent = _n.state.in_([OutboxState.LEASED.value, OutboxState.SENT.value, OutboxState.UNVERIFIED.value])
    gone = {"state": OutboxState.SUPERSEDED.value, "error": WITHDRAWN}
    unsent: set[int] = set()
    for some in chunks(alert_ids):
        theirs = _n.alert_id.in_(some)
        conn.execute(update(notification).where(theirs, waiting, ~_n.possible_duplicate).values(**gone))
        kept = conn.scalars(select(_n.alert_id).where(theirs, or_(sent, missed, _n.possible_duplicate)))
        unsent.update(set(some) - set(kept))
    return unsent


def detach(conn: Connection, ids: Sequence[int]) -> int:
    """Give leased rows back that do not belong to the message they were claimed for.

    A process that died before this left them under the key of that message: two messages under one key would look
    like the same one twice, and the reader would discard the second.
    """
    values = {
        "attempts": _n.attempts - 1,
        "state": OutboxState.PENDING.value,
        "message_key": None,
        "lease_until": None,
    }
    return _set(conn, ids, values, where=_n.state == OutboxState.LEASED.value)


def release(conn: Connection, ids: Sequence[int]) -> int:
    """Give leased rows back unsent; those that may have arrived keep their message."""
    again = OutboxState.RETRY.value
    values = {
        "attempts": _n.attempts - 1,
        "state": case((_n.possible_duplicate, again), else_=OutboxState.PENDING.value),
        "message_key": case((_n.possible_duplicate, _n.message_key), else_=None),
        "lease_until": None,
    }
    return _set(conn, ids, values, where=_n.state == OutboxState.LEASED.value)


def retry(conn: Connection, ids: Sequence[int], *, at: datetime, expires_at: datetime) -> int:
    """Queue rows again that ended as dead, expired or superseded, and make those that wait for their next try due
    now; returns how many there were."""
    ended = [OutboxState.DEAD.value, OutboxState.EXPIRED.value, OutboxState.SUPERSEDED.value]
    values: mapping.Values = {
        "state": OutboxState.PENDING.value,
        "due_at": at,
        "expires_at": expires_at,
        "message_key": None,
        "error": None,
    }
    return hurry(conn, ids, at=at) + _set(conn, ids, values, where=_n.state.in_(ended))


def hurry(conn: Connection, ids: Sequence[int], *, at: datetime) -> int:
    """Make rows that wait for their next try due now; returns how many there were."""
    return _set(conn, ids, {"due_at": at}, where=and_(_n.state == OutboxState.RETRY.value, _n.due_at > at))


def abandon(conn: Connection, channels: Collection[str]) -> int:
    """End what waits for channels other than these: it would never be sent. Returns how many rows."""
    values = {
        "state": OutboxState.DEAD.value,
        "lease_until": None,
        "error": Text("no_channel"),
    }
    gone = and_(waits, _n.channel.not_in(list(channels)))
    return conn.execute(update(notification).where(gone).values(**values)).rowcount


def _set(conn: Connection, ids: Sequence[int], values: mapping.Values, *, where: ColumnElement[bool]) -> int:
    changed = 0
    for some in chunks(list(ids)):
        changed += conn.execute(update(notification).where(_n.id.in_(some), where).values(**values)).rowcount
    return changed
