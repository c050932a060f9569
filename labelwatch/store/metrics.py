"""Values for a monitoring system: counted from indexes, fast for any size of the database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from labelwatch.store.board import LOOKED_BACK
from labelwatch.store.engine import database_file
from labelwatch.store.outbox import waits
from labelwatch.store.schema import notification, posting, shop, state
from labelwatch.store.values import OutboxState

_n = notification.c


@dataclass(frozen=True, slots=True)
class MetricCounts:
    """Part of Store, as `store.gauges`; reads only."""

    read: Callable[[], AbstractContextManager[Connection]]
    engine: Engine

    def outbox(self) -> dict[tuple[str, str], int]:
        """(channel, state) -> how many notifications wait, and how many of the latest died or expired."""
        with self.read() as conn:
            return _outbox(conn)

    def oldest_due(self, now: datetime) -> dict[str, datetime]:
        """Channel -> when its oldest unsent notification was due; notifications held back until later are not due."""
        with self.read() as conn:
            query = select(_n.channel, func.min(_n.due_at, type_=_n.due_at.type)).where(waits, _n.due_at <= now)
            return {name: at for name, at in conn.execute(query.group_by(_n.channel))}  # noqa: C416 - not pairs

    def statuses(self) -> dict[tuple[str, str], int]:
        """(shop, status as Ozon writes it) -> how many open postings have it; reads every open posting."""
        with self.read() as conn:
            query = (
                select(shop.c.name, state.c.status, func.count())
                .join_from(posting, state, posting.c.state_id == state.c.id)
                .join(shop, posting.c.shop_id == shop.c.id)
                .where(posting.c.closed_at.is_(None))
                .group_by(shop.c.name, state.c.status)
            )
            return {(name, status): number for name, status, number in conn.execute(query)}

    def files(self) -> dict[str, int]:
        """`database` and `wal` -> bytes on disk; empty if the database is not a local file."""
        if self.engine.dialect.name != "sqlite":
            return {}
        file = database_file(self.engine.url)
        return {"database": _bytes(file), "wal": _bytes(file.with_name(f"{file.name}-wal"))}


def _outbox(conn: Connection) -> dict[tuple[str, str], int]:
    latest = select(func.coalesce(func.max(_n.id), 0) - LOOKED_BACK).scalar_subquery()
    ended = (_n.id > latest, _n.state.in_([OutboxState.DEAD.value, OutboxState.EXPIRED.value]))
    found: dict[tuple[str, str], int] = {}
    for where in ((waits,), ended):
        query = select(_n.channel, _n.state, func.count()).where(*where).group_by(_n.channel, _n.state)
        found |= {(name, state): number for name, state, number in conn.execute(query)}
    return found


def _bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
