"""What people said a cause really was, beside the cause that labelwatch had named."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from labelwatch.store.dedup import insert
from labelwatch.store.schema import verdict


def record(
    conn: Connection,
    shop_id: int,
    posting_number: str,
    *,
    said: str,
    really: str,
    by: str,
    note: str,
    at: datetime,
) -> None:
    """Store a verdict; another one on the same posting and the same cause replaces it."""
    key = {"shop_id": shop_id, "posting_number": posting_number, "said": said}
    judged = {"really": really, "judged_by": by, "note": note, "judged_at": at}
    statement = insert(conn, verdict).values(**key, **judged)
    conn.execute(statement.on_conflict_do_update(index_elements=list(key), set_=judged))


def counts(conn: Connection) -> list[tuple[str, str, int]]:
    """(the cause that was named, what it really was, how often), by name."""
    query = select(verdict.c.said, verdict.c.really, func.count()).group_by(verdict.c.said, verdict.c.really)
    found = conn.execute(query.order_by(verdict.c.said, verdict.c.really))
    return [(said, really, count) for said, really, count in found]
