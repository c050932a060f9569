"""Reads data for export, some hundreds of rows at a time; part of Store, as `store.export`.

No transaction stays open between the batches: an export of any size blocks nobody and needs little memory.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import MsgspecError
from sqlalchemy import ColumnElement, Row, Select, and_, or_, select

from labelwatch.core.alert import Alert
from labelwatch.core.posting import Known
from labelwatch.store import alerts, mapping
from labelwatch.store.postings import CHUNK, known_by_id
from labelwatch.store.repository import Repository
from labelwatch.store.schema import alert, delivery_method, history, notification, posting, shop, state
from labelwatch.store.values import HistoryRow, OutboxRow

_read_postings = select(posting.c.id, posting.c.number, posting.c.closed_at, shop.c.name.label("shop")).join(
    shop, posting.c.shop_id == shop.c.id
)
_read_history = (
    select(
        history,
        *(c for c in state.c if c.name != "id"),
        *(c for c in delivery_method.c if c.name not in ("id", "shop_id", "first_label_at")),
    )
    .join(state, history.c.state_id == state.c.id)
    .join(delivery_method, history.c.method_id == delivery_method.c.id)
    .order_by(history.c.posting_id, history.c.seen_at)
)


class Export(Repository):
    """Everything that existed at some time after `since`, oldest first."""

    def alerts(self, since: datetime) -> Iterator[Alert]:
        """Alerts that were open after a time: of postings, shops, channels, and incidents; not those of tests."""
        lasted = or_(alert.c.resolved_at.is_(None), alert.c.resolved_at >= since)
        for some in self._batches(select(alert).where(lasted, alerts.is_real)):
            yield from map(mapping.alert, some)

    def postings(self, since: datetime) -> Iterator[tuple[str, Known, datetime | None]]:
        """(shop, posting, when it was closed) of postings watched after a time."""
        for some in self._batches(_read_postings.where(_watched(since))):
            with self._read() as conn:
                known = {one.id: one for one in known_by_id(conn, [row.id for row in some])}
            # Pruned in the meantime.
            yield from ((row.shop, known[row.id], row.closed_at) for row in some if row.id in known)

    def history(self, since: datetime) -> Iterator[tuple[str, str, HistoryRow]]:
        """(shop, posting number, its state) for each change that was seen after a time, posting by posting."""
        for some in self._batches(_read_postings.where(_watched(since))):
            of = {row.id: row for row in some}
            wanted = and_(history.c.posting_id.in_(of), history.c.seen_at >= since)
            with self._read() as conn:
                found = conn.execute(_read_history.where(wanted)).all()
            for row in found:
                yield of[row.posting_id].shop, of[row.posting_id].number, mapping.history(row)

    def outbox(self, since: datetime) -> Iterator[OutboxRow]:
        """Notifications that were queued after a time; those that cannot be decoded are left out."""
        for some in self._batches(select(notification).where(notification.c.created_at >= since)):
            for row in some:
                with suppress(MsgspecError, ValueError):
                    yield mapping.outbox(row)

    def _batches(self, query: Select[*tuple[Any, ...]]) -> Iterator[list[Row[*tuple[Any, ...]]]]:
        """The rows of a query over one table's ids, in batches by id."""
        key, last = query.selected_columns["id"], 0
        while True:
            with self._read() as conn:
                found = list(conn.execute(query.where(key > last).order_by(key).limit(CHUNK)))
            if found:
                yield found
                last = found[-1].id
            if len(found) < CHUNK:
                return


def _watched(since: datetime) -> ColumnElement[bool]:
    return or_(posting.c.closed_at.is_(None), posting.c.closed_at >= since)
