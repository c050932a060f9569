"""What every table is made of: the type of a time, the metadata, and columns that occur often."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, MetaData, Text, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Utc(TypeDecorator[datetime]):
    """An aware datetime, kept as whole milliseconds since 1970; read back in UTC.

    What is finer than a millisecond is cut off (towards the past), so a value that was cut before comes back
    equal. A naive datetime is refused with ValueError: nobody knows what it means.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds; whatever the zone it came in."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value.isoformat()}")
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From milliseconds, in UTC."""
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives a table without an index of its own for the key only when the column is called INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


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
    """A part of the key that refers to another table and goes with its row."""
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE"), primary_key=True, autoincrement=False)
