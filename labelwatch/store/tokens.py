"""The secret that signs sessions and links, and the tokens that can be used only once."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, select

from labelwatch.store.dedup import insert
from labelwatch.store.repository import Repository, writes
from labelwatch.store.schema import secret, spent_token


def spend(conn: Connection, token: str, *, until: datetime, now: datetime) -> bool:
    """Use a token; False = it was used before. Those that expired by `now` are removed."""
    conn.execute(delete(spent_token).where(spent_token.c.until <= now))
    taken = insert(conn, spent_token).values(token=token, until=until).on_conflict_do_nothing()
    return conn.execute(taken.returning(spent_token.c.token)).first() is not None


class OneTimeTokens(Repository):
    """Named secrets, and tokens that can be used once."""

    spend = writes(spend)

    def secret(self, name: str, fresh: Callable[[], str]) -> str:
        """The secret of this name, the same for every process on this database; `fresh` generates it first."""
        kept = self.kept(name)
        if kept is not None:
            return kept
        with self._write() as conn:
            conn.execute(insert(conn, secret).values(name=name, value=fresh()).on_conflict_do_nothing())
            kept = _kept(conn, name)
        assert kept is not None, "it existed, or has just been inserted"
        return kept

    def kept(self, name: str) -> str | None:
        """The secret of this name; None = it was never needed. Writes nothing."""
        with self._read() as conn:
            return _kept(conn, name)

    def is_spent(self, token: str) -> bool:
        """Whether a token was used before."""
        with self._read() as conn:
            return conn.scalar(select(spent_token.c.token).where(spent_token.c.token == token)) is not None


def _kept(conn: Connection, name: str) -> str | None:
    value: str | None = conn.scalar(select(secret.c.value).where(secret.c.name == name))
    return value
