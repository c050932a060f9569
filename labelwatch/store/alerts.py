"""Alerts: which are open, how they ended, and changing one by hand."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    cast,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from labelwatch.core.alert import Alert
from labelwatch.core.subject import Channel, Incident, IncidentId, PostingId, Shop, Subject
from labelwatch.store import mapping
from labelwatch.store.alert_json import KINDS
from labelwatch.store.decision_inputs import OF_SEVERAL, Input, InputTopic, note, written
from labelwatch.store.postings import chunks
from labelwatch.store.schema import alert, shop

_INCIDENTS = 0x6C6162656C0003  # any number that never changes

_unresolved = alert.c.resolved_at.is_(None)
_of_no_shop = alert.c.shop_id.is_(None)
MADE_UP = "00000000-0001-1"
"""The order number in a channel test: no real order, so it is never counted."""

is_real = alert.c.posting_number != MADE_UP
_of_channel = and_(_of_no_shop, alert.c.subject == KINDS[Channel])
_is_incident = and_(_of_no_shop, alert.c.subject == KINDS[Incident])
of_posting = alert.c.subject == KINDS[PostingId]
_of_shop_itself = alert.c.subject == KINDS[Shop]
of_this_shop = select(alert.c.id).where(alert.c.shop_id == bindparam("shop"), _unresolved)
is_incident = select(alert.c.id).where(_is_incident, _unresolved)
_KEPT = ("id", "shop_id", "posting_number", "unseen_since")
_update = (
    update(alert)
    .where(alert.c.id == bindparam("alert_id"))
    .values({c.name: bindparam(c.name) for c in alert.c if c.name not in _KEPT})
)


def open_of_shop(conn: Connection, shop_id: int) -> dict[Subject, Alert]:
    """The open alerts of a shop and of its postings, by subject; locked until the transaction ends."""
    return {one.diagnosis.subject: one for one in _open(conn, alert.c.shop_id == shop_id)}


def open_incidents(conn: Connection) -> dict[IncidentId, Alert]:
    """The open incidents, each with its alert; locked until the transaction ends."""
    found = ((one.diagnosis.subject, one) for one in _open(conn, _is_incident))
    return {incident.id: one for incident, one in found if isinstance(incident, Incident)}


def open_of_channels(conn: Connection) -> dict[str, Alert]:
    """The name of each channel that does not work -> its open alert; locked until the transaction ends."""
    found = ((one.diagnosis.subject, one) for one in _open(conn, _of_channel))
    return {channel.name: one for channel, one in found if isinstance(channel, Channel)}


def by_id(conn: Connection, ids: Sequence[int]) -> dict[int, Alert]:
    """The current state of alerts, by id."""
    found: list[Alert] = []
    for some in chunks(list(ids)):
        found += _as_they_are(conn, select(alert).where(alert.c.id.in_(some)))
    return {one.id: one for one in found if one.id is not None}


def said(conn: Connection, key: str) -> ColumnElement[str]:
    """A value of the diagnosis, as text."""
    as_json = cast if conn.dialect.name == "postgresql" else type_coerce
    found: ColumnElement[str] = as_json(alert.c.diagnosis, JSON)[key].as_string()
    return found


def mark_unseen(conn: Connection, shop_id: int, *, unseen: Collection[str], since: datetime | None) -> None:
    """Record the open alerts whose posting was not read this time, and since when; the others were read."""
    mine = (alert.c.shop_id == shop_id, _unresolved)
    seen = alert.c.unseen_since.is_not(None), alert.c.posting_number.not_in(unseen)
    conn.execute(update(alert).where(*mine, *seen).values(unseen_since=None))
    for some in chunks(sorted(unseen)):
        missed = alert.c.unseen_since.is_(None), alert.c.posting_number.in_(some)
        conn.execute(update(alert).where(*mine, *missed).values(unseen_since=since))


def has_missed(conn: Connection, shop_id: int, *, since: datetime | None, until: datetime) -> bool:
    """Whether a deadline of the shop passed after `since`, and by `until`, without a notification."""
    if since is not None and since >= until:
        return False
    untold = and_(of_posting, alert.c.deadline <= until, alert.c.told_missed.is_not(True))
    query = select(alert.c.id).where(alert.c.shop_id == shop_id, _unresolved, untold)
    if since is not None:
        query = query.where(alert.c.deadline > since)
    return conn.execute(query.limit(1)).first() is not None


def shops_with_missed(conn: Connection, *, until: datetime) -> set[int]:
    """The ids of the shops in which a deadline passed since they were read, by `until`, without a notification."""
    return set(conn.scalars(_missed, {"until": until}))


_missed = (
    select(alert.c.shop_id)
    .join(shop, alert.c.shop_id == shop.c.id)
    .where(_unresolved, of_posting, alert.c.deadline <= bindparam("until"), alert.c.told_missed.is_not(True))
    .where(or_(shop.c.read_at.is_(None), alert.c.deadline > shop.c.read_at))
)


def _as_they_are(conn: Connection, query: Select[*tuple[Any, ...]]) -> list[Alert]:
    """Alerts, open ones as of the last poll of their shops: an evaluation that changes nothing is not written."""
    read_at = {name: at for name, at in conn.execute(select(shop.c.name, shop.c.read_at))}  # noqa: C416 - rows
    return [_dated(mapping.alert(row), row.unseen_since, read_at) for row in conn.execute(query)]


def _dated(found: Alert, unseen_since: datetime | None, read_at: Mapping[str, datetime | None]) -> Alert:
    diagnosis = found.diagnosis
    if incident := diagnosis.incident:
        parts = tuple(replace(part, as_of=read_at.get(part.shop)) for part in incident.parts)
        diagnosis = replace(diagnosis, subject=replace(incident, parts=parts))
        found = replace(found, diagnosis=diagnosis)
    looks = [read_at.get(name) for name in diagnosis.shops]
    known = [at for at in looks if at is not None]
    last = unseen_since or (min(known) if known and len(known) == len(looks) else None)
    if found.resolved_at is not None or last is None or (diagnosis.as_of is not None and last <= diagnosis.as_of):
        return found
    return replace(found, diagnosis=replace(diagnosis, as_of=last))


def _open(conn: Connection, whose: ColumnElement[bool]) -> list[Alert]:
    query = select(alert).where(whose, _unresolved).order_by(alert.c.id).with_for_update()
    return [mapping.alert(row) for row in conn.execute(query)]


def unexplained(conn: Connection, *, shops: Collection[str], carrier: str | None) -> dict[int, list[Alert]]:
    """Shop id -> the open alerts of these shops (and of this carrier; None = of all) without a cause of their own.
    Alerts locked by another transaction are left out: that one evaluates them itself."""
    query = (
        select(alert)
        .join(shop, alert.c.shop_id == shop.c.id)
        .where(_unresolved, alert.c.kind != "", shop.c.name.in_(shops))
        .with_for_update(of=alert, skip_locked=True)
    )
    found: dict[int, list[Alert]] = {}
    for row in conn.execute(query if carrier is None else query.where(alert.c.carrier == carrier)):
        found.setdefault(row.shop_id, []).append(mapping.alert(row))
    return found


def lock_incidents(conn: Connection) -> None:
    """Make all others who call this wait until this transaction ends; SQLite has only one writer anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INCIDENTS})


def incidents(conn: Connection, *, open_only: bool = True, resolved_since: datetime | None = None) -> list[Alert]:
    """The alerts of incidents, oldest first; `resolved_since` limits the resolved ones to those resolved after it."""
    query = select(alert).where(_is_incident).order_by(alert.c.opened_at, alert.c.id)
    if open_only:
        query = query.where(_unresolved)
    if resolved_since is not None:
        query = query.where(_unresolved | (alert.c.resolved_at >= resolved_since))
    return _as_they_are(conn, query)


def find(
    conn: Connection,
    *,
    shops: Collection[str] | None = None,
    posting_number: str | None = None,
    open_only: bool = True,
    resolved_since: datetime | None = None,
) -> list[Alert]:
    """Alerts of shops, not incidents, oldest first.

    With open_only=False also the resolved ones, with `resolved_since` only those resolved after it.
    """
    query = select(alert).where(~_of_no_shop, is_real).order_by(alert.c.opened_at, alert.c.id)
    if shops is not None:
        query = query.join(shop, alert.c.shop_id == shop.c.id).where(shop.c.name.in_(shops))
    if posting_number is not None:
        query = query.where(alert.c.posting_number == posting_number)
    if open_only:
        query = query.where(_unresolved)
    if resolved_since is not None:
        query = query.where(_unresolved | (alert.c.resolved_at >= resolved_since))
    return _as_they_are(conn, query)


def of_shops_themselves(conn: Connection, shops: Collection[str]) -> dict[str, Alert]:
    """Shop -> the open alert about the shop itself, if there is one."""
    query = select(alert).join(shop, alert.c.shop_id == shop.c.id)
    found = _as_they_are(conn, query.where(_of_shop_itself, _unresolved, shop.c.name.in_(shops)).order_by(alert.c.id))
    return {one.diagnosis.shop: one for one in found}


def save(conn: Connection, shop_id: int | None, alerts: Sequence[Alert]) -> list[int]:
    """Store alerts of a shop (None = incidents), new (id None) or known, and return their ids in the same order."""
    known = [mapping.alert_values(shop_id, a) | {"alert_id": a.id} for a in alerts if a.id is not None]
    if known:
        conn.execute(_update, known)
    fresh = [mapping.alert_values(shop_id, a) for a in alerts if a.id is None]
    ids = iter(_insert(conn, fresh))
    return [a.id if a.id is not None else next(ids) for a in alerts]


def _insert(conn: Connection, values: list[mapping.Values]) -> list[int]:
    if not values:
        return []
    statement = alert.insert().returning(alert.c.id, sort_by_parameter_order=True)
    return list(conn.execute(statement, values).scalars())


def change(
    conn: Connection,
    posting_number: str | None,
    how: Callable[[Alert], Alert | None],
    *,
    shop_name: str | None = None,
) -> list[Alert]:
    """Apply `how` to the open alerts of a posting or an incident's key (None = of shops themselves), save what it
    returns, and return that. Messages about the changed alerts are out of date from `handled_at` on."""
    query = select(alert).where(alert.c.posting_number == (posting_number or ""), _unresolved)
    if shop_name is not None:
        query = query.where(alert.c.shop_id.in_(select(shop.c.id).where(shop.c.name == shop_name)))
    return _changed(conn, query, how)


def change_by_id(conn: Connection, ids: Sequence[int], how: Callable[[Alert], Alert | None]) -> list[Alert]:
    """Apply `how` to the open ones of these alerts; its results are saved and returned."""
    return [
        one
        for some in chunks(list(ids))
        for one in _changed(conn, select(alert).where(alert.c.id.in_(some), _unresolved), how)
    ]


def _handled(shop_id: int | None, alert: Alert) -> Iterator[Input]:
    if alert.handled_at is not None:
        body = written((alert.state, alert.snoozed_until))
        subject = str(alert.diagnosis.subject)
        yield Input(shop_id or OF_SEVERAL, InputTopic.HANDLED, subject, alert.handled_at, body)


def _changed(conn: Connection, query: Select[*tuple[Any, ...]], how: Callable[[Alert], Alert | None]) -> list[Alert]:
    changed = []
    for row in conn.execute(query.with_for_update()).all():
        after = how(mapping.alert(row))
        if after is not None:
            save(conn, row.shop_id, [after])
            note(conn, *_handled(row.shop_id, after))
            changed.append(after)
    return changed
