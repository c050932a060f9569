"""Stores equal states and delivery methods once, so that a posting's history consists of small numbers."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Union

from sqlalchemy import Connection, Select, Table, bindparam, select
from sqlalchemy.dialects import sqlite

from labelwatch.core.posting import DeliveryMethod, Posting
from labelwatch.store import mapping
from labelwatch.store.schema import delivery_method, state

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

StateKey = tuple[object, ...]


Insert = Union["sqlite.Insert", "postgresql.Insert"]
"""An insert with ON CONFLICT, which SQLAlchemy spells differently for each database."""


def insert_into(dialect: str, table: Table) -> Insert:
    """An insert for the kind of database that has this name."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # which loads every driver that there is for it

    return postgresql.insert(table)


def insert(conn: Connection, table: Table) -> Insert:
    """The same for the database of a connection."""
    return insert_into(conn.dialect.name, table)


def upsert(conn: Connection, table: Table, *, key: tuple[str, ...], overwrite: tuple[str, ...]) -> Insert:
    """An insert that overwrites these columns of a row with the same key."""
    return _upsert(conn.dialect.name, table, key, overwrite)


@cache
def _upsert(dialect: str, table: Table, key: tuple[str, ...], overwrite: tuple[str, ...]) -> Insert:
    # Kept: to build it takes longer than to run it.
    statement = insert_into(dialect, table)
    changed = {name: statement.excluded[name] for name in overwrite}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


class Deduplicated:
    """The shared rows that one transaction has used; discarded with it, since it may be rolled back."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._states: dict[StateKey, int] = {}
        self._methods: dict[tuple[int, DeliveryMethod], int] = {}

    def register(self, shop_id: int, postings: Iterable[Posting]) -> None:
        """Make sure that every state and method of these postings has its row.

        All writers use the same order: on PostgreSQL two of them may be adding the same rows at once.
        """
        postings = list(postings)
        states = {state_key(p): p for p in postings}
        for key in sorted(states.keys() - self._states.keys(), key=repr):
            self._states[key] = self._id(state, mapping.state_values(states[key]))
        methods = {(shop_id, p.method) for p in postings}
        for known in sorted(methods - self._methods.keys(), key=repr):
            self._methods[known] = self._id(delivery_method, mapping.method_values(*known))

    def state(self, posting: Posting) -> int:
        """The id of a state that was registered."""
        return self._states[state_key(posting)]

    def method(self, shop_id: int, method: DeliveryMethod) -> int:
        """The id of a delivery method that was registered."""
        return self._methods[shop_id, method]

    def _id(self, table: Table, values: mapping.Values) -> int:
        find = _find(table)
        found = self.conn.execute(find, values).scalar()
        if found is None:
            self.conn.execute(insert(self.conn, table).on_conflict_do_nothing(), values)
            found = self.conn.execute(find, values).scalar_one()
        return int(found)


@cache
def _find(table: Table) -> Select[int]:
    keys = (column for column in table.c if column.name not in ("id", "first_label_at"))
    return select(table.c.id).where(*(column == bindparam(column.name) for column in keys))


def state_key(posting: Posting) -> StateKey:
    """The values that make two states equal."""
    requirements = tuple(key for key, _ in posting.requirements)
    return (posting.status, posting.substatus, posting.flow, posting.actions, requirements)
