"""When each scheduled message was last due, by its name."""

from datetime import datetime

from sqlalchemy import Connection, delete, select

from labelwatch.store.dedup import insert
from labelwatch.store.schema_settings import schedule


def every(conn: Connection) -> dict[str, datetime]:
    """Name -> when it was last due, or when its schedule began."""
    return {row.name: row.at for row in conn.execute(select(schedule))}


def last(conn: Connection, name: str) -> datetime | None:
    """The same of one; locked until the transaction ends."""
    query = select(schedule.c.at).where(schedule.c.name == name).with_for_update()
    found: datetime | None = conn.scalar(query)
    return found


def mark(conn: Connection, name: str, at: datetime) -> None:
    """It was due at this time."""
    statement = insert(conn, schedule).values(name=name, at=at)
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def prune(conn: Connection, before: datetime) -> int:
    """Remove schedules that nothing was due for; returns how many."""
    return conn.execute(delete(schedule).where(schedule.c.at < before)).rowcount
