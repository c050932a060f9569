"""The board's queries: how many alerts there are of what kind, the most urgent ones, and the state of the outbox.

Severity, cause and incident of an alert are only in its diagnosis, which is JSON. Reading them there for all open
alerts costs some milliseconds for ten thousand; a column for each would have to be written at every poll.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from labelwatch.core.alert import Alert, AlertState, Severity
from labelwatch.store import alerts
from labelwatch.store.outbox import waits
from labelwatch.store.outbox_reads import read_rows
from labelwatch.store.schema import alert, notification, shop
from labelwatch.store.values import OutboxRow, OutboxState

LOOKED_BACK = 20_000
"""How many recent notifications are searched for failed ones."""


class Hands(StrEnum):
    """How an alert of a posting is handled; what nobody has acknowledged comes first."""

    NOBODY = "nobody"
    SOMEBODY = "somebody"
    """Acknowledged or snoozed."""
    INCIDENT = "incident"
    """An incident explains it: not to be handled separately while there is time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to show; empty = all."""

    shop: str = ""
    carrier: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many open alerts of postings share all these values."""

    shop: str
    carrier: str
    cause: str
    severity: Severity
    hands: Hands
    number: int


def counts(conn: Connection, shops: Collection[str]) -> list[Count]:
    """The open alerts of the postings of these shops, counted by everything that can be filtered by."""
    cause, severity = alerts.said(conn, "cause").label("cause"), alerts.said(conn, "severity").label("severity")
    facts = select(shop.c.name, alert.c.carrier, cause, severity, _hands(conn).label("hands"))
    inner = _of_postings(facts, shops).subquery()
    query = select(inner, func.count()).group_by(*inner.c)
    return [
        Count(name, carrier, cause, Severity(severity), Hands(hands), number)
        for name, carrier, cause, severity, hands, number in conn.execute(query)
    ]


def urgent(conn: Connection, shops: Collection[str], wanted: Wanted, *, limit: int, offset: int = 0) -> list[Alert]:
    """The open alerts of postings by deadline; those explained by an incident last.

    Selects the ids first: the sorted rows are short, and only the shown ones are decoded.
    """
    query = _of_postings(select(alert.c.id), shops)
    if wanted.shop:
        query = query.where(shop.c.name == wanted.shop)
    if wanted.carrier:
        query = query.where(alert.c.carrier == wanted.carrier)
    if wanted.cause:
        query = query.where(alerts.said(conn, "cause") == wanted.cause)
    explained = _hands(conn) == Hands.INCIDENT.value
    order = (explained, alert.c.deadline.is_(None), alert.c.deadline, alert.c.opened_at, alert.c.id)
    ids = list(conn.scalars(query.order_by(*order).limit(limit).offset(offset)))
    found = alerts.by_id(conn, ids)
    return [found[id_] for id_ in ids if id_ in found]


def waiting(conn: Connection) -> dict[str, int]:
    """Channel -> how many notifications wait for it, due or not."""
    query = select(notification.c.channel, func.count()).where(waits).group_by(notification.c.channel)
    return {name: number for name, number in conn.execute(query)}  # noqa: C416 - rows are not pairs


def failed(conn: Connection, *, limit: int) -> list[OutboxRow]:
    """Dead and expired ones among the latest notifications, latest first."""
    since = select(func.coalesce(func.max(notification.c.id), 0) - LOOKED_BACK).scalar_subquery()
    ended = [OutboxState.DEAD.value, OutboxState.EXPIRED.value]
    query = select(notification).where(notification.c.id > since, notification.c.state.in_(ended))
    return read_rows(conn, query.order_by(notification.c.id.desc()).limit(limit))


def _of_postings(query: Select[*tuple[Any, ...]], shops: Collection[str]) -> Select[*tuple[Any, ...]]:
    return query.join(shop, alert.c.shop_id == shop.c.id).where(
        alert.c.resolved_at.is_(None), alerts.of_posting, shop.c.name.in_(shops)
    )


def _hands(conn: Connection) -> ColumnElement[str]:
    taken: Sequence[str] = (AlertState.ACKNOWLEDGED.value, AlertState.SNOOZED.value)
    is_left = alerts.said(conn, "severity") != Severity.CRITICAL.value
    return case(
        (alerts.said(conn, "explained_by").is_not(None) & is_left, Hands.INCIDENT.value),
        (alert.c.state.in_(taken), Hands.SOMEBODY.value),
        else_=Hands.NOBODY.value,
    )
