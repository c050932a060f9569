"""What was recorded of some time: polls, every state of the postings, what people were told; as `store.recorded`."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, and_, func, or_, select

from labelwatch.core.alert import Alert, Outcome
from labelwatch.core.lateness import LEFT
from labelwatch.core.posting import Posting
from labelwatch.core.subject import Incident, PostingId
from labelwatch.store import mapping
from labelwatch.store.alert_json import KINDS, read_alert
from labelwatch.store.alerts import is_real
from labelwatch.store.outbox import withdrawn
from labelwatch.store.postings import known_columns, method_columns, state_columns
from labelwatch.store.schema import alert, delivery_method, history, notification, poll, posting, shop, state


@dataclass(frozen=True, slots=True)
class Poll:
    started_at: datetime
    finished_at: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class State:
    """What a posting was from a reading on."""

    seen_at: datetime
    not_before: datetime | None
    """When it was last seen in another state; None = never before."""
    posting: Posting


@dataclass(frozen=True, slots=True)
class Told:
    """A notification that was queued, and what became of it."""

    shop: str
    """Empty for an incident."""
    alert: Alert
    """As it was then."""
    number: int
    reason: str
    channel: str
    created_at: datetime
    sent_at: datetime | None
    is_withdrawn: bool


def span(conn: Connection) -> tuple[datetime, datetime] | None:
    """The ends of the first and the last complete poll; None = there is none."""
    p = poll.c
    row = conn.execute(
        select(func.min(p.finished_at, type_=p.finished_at.type), func.max(p.finished_at, type_=p.finished_at.type))
        .where(p.complete)
    ).one()  # fmt: skip
    return (row[0], row[1]) if row[0] is not None else None


def polls(conn: Connection, shop_id: int, since: datetime, until: datetime) -> list[Poll]:
    """The polls of a shop, oldest first, with the complete one before them."""
    p = poll.c
    own = select(p.started_at, p.finished_at, p.complete, p.polls, p.first_at).where(p.shop_id == shop_id)
    within = conn.execute(own.where(p.finished_at >= since, p.finished_at <= until).order_by(p.finished_at, p.id))
    before = conn.execute(own.where(p.finished_at < since, p.complete).order_by(p.finished_at.desc()).limit(1))
    return [one for row in [*before, *within] for one in _each(row)]


def _each(row: mapping.AnyRow) -> Iterator[Poll]:
    """The polls of a row: if there were several, at equal distances, as they were nearly."""
    took = row.finished_at - row.started_at
    apart = (row.finished_at - row.first_at) / (row.polls - 1) if row.first_at and row.polls > 1 else timedelta(0)
    for later in reversed(range(row.polls)):
        at = row.finished_at - later * apart
        yield Poll(at - took, at, row.complete)


def states(conn: Connection, shop_id: int, since: datetime) -> Iterator[list[State]]:
    """Of each posting of a shop that was open after `since`: everything that it was, oldest first."""
    was_open = or_(posting.c.closed_at.is_(None), posting.c.closed_at >= since)
    own = and_(posting.c.shop_id == shop_id, was_open)
    known = {row.id: row for row in conn.execute(known_columns.where(own))}
    query = (
        select(history, *state_columns, *method_columns)
        .join(posting, history.c.posting_id == posting.c.id)
        .join(state, history.c.state_id == state.c.id)
        .join(delivery_method, history.c.method_id == delivery_method.c.id)
        .where(own)
        .order_by(history.c.posting_id, history.c.seen_at)
    )
    rows = conn.execute(query.execution_options(yield_per=5000))
    for posting_id, some in groupby(rows, key=lambda row: row.posting_id):
        if posting_id in known:
            yield _states(mapping.known(known[posting_id]).posting, list(some))


def _states(last: Posting, rows: list[mapping.AnyRow]) -> list[State]:
    """From the last state back: what the history has no column for is as it is now, unless a row says otherwise."""
    found: list[State] = []
    skus = dict(last.requirements)
    for row in reversed(rows):
        found.append(
            State(
                row.seen_at,
                row.seen_at - timedelta(milliseconds=row.unseen) if row.unseen is not None else None,
                replace(
                    last,
                    status=row.status,
                    substatus=row.substatus,
                    flow=row.flow,
                    actions=mapping.words(row.actions),
                    requirements=tuple((key, skus.get(key, ())) for key in mapping.words(row.requirements)),
                    method=mapping.method(row),
                    cutoff=row.cutoff,
                    tracking_number=row.tracking_number or "",
                ),
            )
        )
        last = mapping.as_before(last, row.before)
    return found[::-1]


def labelled(conn: Connection, shop_id: int, before: datetime) -> dict[str, str]:
    """The delivery methods that had offered a label by then: Ozon's id -> name."""
    m = delivery_method.c
    query = select(m.ozon_id, m.name).where(m.shop_id == shop_id, m.first_label_at < before).order_by(m.id)
    return dict(conn.execute(query).all())


def handed_over(conn: Connection, shop_id: int, before: datetime) -> dict[str, int]:
    """Ozon's method id -> how many of its postings had shipped by then and never had a label."""
    left = [status for status, ended in LEFT.items() if ended is Outcome.HANDED_OVER]
    query = (
        select(delivery_method.c.ozon_id, func.count())
        .join(posting, posting.c.method_id == delivery_method.c.id)
        .where(
            posting.c.shop_id == shop_id,
            posting.c.closed_at < before,
            posting.c.label_latest.is_(None),
            posting.c.state_id.in_(select(state.c.id).where(state.c.status.in_(left))),
        )
        .group_by(delivery_method.c.ozon_id)
    )
    return dict(conn.execute(query).all())


def told(conn: Connection, since: datetime, until: datetime, reasons: Collection[str]) -> list[Told]:
    """What was queued in this time for these reasons about postings, shops and incidents, oldest first."""
    n = notification.c
    query = (
        select(notification, shop.c.name.label("shop_name"), alert.c.opened_at, withdrawn.label("is_withdrawn"))
        .join(alert, n.alert_id == alert.c.id)
        .outerjoin(shop, alert.c.shop_id == shop.c.id)
        .where(n.created_at >= since, n.created_at <= until, n.reason.in_(reasons), is_real)
        .where(or_(alert.c.shop_id.is_not(None), alert.c.subject == KINDS[Incident]))
        .order_by(n.created_at, n.id)
    )
    return [_told(row) for row in conn.execute(query)]


def open_at(conn: Connection, at: datetime) -> list[Alert]:
    """The alerts of postings that were open at a time and had been told, as they were when that was last done."""
    n = notification.c
    was_open = and_(alert.c.opened_at < at, or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= at))
    last = (
        select(n.alert_id, func.max(n.id).label("id"))
        .join(alert, n.alert_id == alert.c.id)
        .where(was_open, n.created_at < at, alert.c.subject == KINDS[PostingId], is_real)
        .group_by(n.alert_id)
        .subquery()
    )
    query = select(notification.c.snapshot).join(last, n.id == last.c.id).order_by(n.id)
    return [read_alert(text) for text in conn.scalars(query)]


def _told(row: mapping.AnyRow) -> Told:
    return Told(
        row.shop_name or "",
        replace(read_alert(row.snapshot), opened_at=row.opened_at),
        row.telling,
        row.reason,
        row.channel,
        row.created_at,
        row.sent_at,
        bool(row.is_withdrawn),
    )
