"""How far the clock of each machine is ahead of Ozon's: written by the process that polls, read by all others."""

from datetime import timedelta

from sqlalchemy import select

from labelwatch.store.dedup import insert
from labelwatch.store.repository import Repository
from labelwatch.store.schema import clock
from labelwatch.store.values import ClockSkew

_MILLISECOND = timedelta(milliseconds=1)


class ClockSkews(Repository):
    """Part of Store, as `store.clocks`."""

    def skew(self, host: str) -> ClockSkew | None:
        """What is known about the clock of this machine; None = nothing."""
        with self._read() as conn:
            row = conn.execute(select(clock).where(clock.c.host == host)).one_or_none()
        if row is None:
            return None
        return ClockSkew(row.ahead * _MILLISECOND, row.against_monotonic * _MILLISECOND, row.noted_at)

    def note(self, host: str, skew: ClockSkew) -> None:
        """Store it in place of the earlier value."""
        kept = {
            "ahead": skew.ahead // _MILLISECOND,
            "against_monotonic": skew.against_monotonic // _MILLISECOND,
            "noted_at": skew.at,
        }
        with self._write() as conn:
            statement = insert(conn, clock).values(host=host, **kept)
            conn.execute(statement.on_conflict_do_update(index_elements=["host"], set_=kept))
