"""Building blocks of the tables: the type of a time, the metadata, common columns, and partial indexes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    event,
    text,
)

from labelwatch.core.text import Text as OwnText

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Utc(TypeDecorator[datetime]):
    """An aware datetime, stored as whole milliseconds since 1970; read back in UTC.

    Anything finer than a millisecond is truncated (towards the past), so a truncated value comes back equal. A naive
    datetime raises ValueError: its zone is unknown.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds, from any zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value.isoformat()}")
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From milliseconds, in UTC."""
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


class Said(TypeDecorator[OwnText]):
    """A text of ours, stored as JSON; empty = none."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: OwnText | None, dialect: Dialect) -> str:
        """To JSON."""
        return msgspec.json.encode(value).decode() if value is not None else ""

    def process_result_value(self, value: str | None, dialect: Dialect) -> OwnText | None:
        """From JSON."""
        return _read(value) if value else None


_read = msgspec.json.Decoder(OwnText).decode

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite needs no separate index for the primary key only when the column type is INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def said_column(name: str) -> Column[OwnText]:
    return Column(name, Said, nullable=False)


def text_column(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def shop_column() -> Column[int]:
    return Column("shop_id", Id, ForeignKey("shop.id", ondelete="CASCADE"), nullable=False)


def of_shop() -> Column[int]:
    return Column("shop_id", Id, ForeignKey("shop.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def of_posting() -> Column[int]:
    return Column(
        "posting_id", Id, ForeignKey("posting.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


def part_of(name: str, target: str) -> Column[int]:
    """A part of the primary key that refers to another table and is deleted with its row."""
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE"), primary_key=True, autoincrement=False)


def partial_index(name: str, *columns: Column[Any], where: str, unique: bool = False) -> Index:
    """An index of the rows that meet a condition."""
    index = Index(name, *columns, unique=unique, sqlite_where=text(where))

    @event.listens_for(index, "before_create")
    def _also_there(index: Index, connection: Connection, **_: object) -> None:
        # Not given above: SQLAlchemy would load every driver for PostgreSQL, on SQLite too.
        if connection.dialect.name == "postgresql":
            index.dialect_options["postgresql"]["where"] = text(where)

    return index
