"""SQL is compiled once in a process, not once for each of the thousands of engines that the tests open."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache


def share_compiled() -> None:
    """All engines get one cache of compiled statements; those of one kind of database find each other's."""
    cache: LRUCache[Any, Any] = LRUCache(4000)
    as_before = Engine.__init__

    def sharing(self: Engine, *args: Any, **options: Any) -> None:
        as_before(self, *args, **options)
        self._compiled_cache = cache

    setattr(Engine, "__init__", sharing)  # noqa: B010 - there is no public way
    for kind in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        setattr(kind, "__hash__", lambda self: hash(type(self)))  # noqa: B010
        setattr(kind, "__eq__", lambda self, other: type(self) is type(other))  # noqa: B010
