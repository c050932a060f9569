"""What people said a cause really was, beside the cause that labelwatch had named."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from labelwatch.store.dedup import insert
from labelwatch.store.schema import verdict


@dataclass(frozen=True, slots=True)
class Verdict:
    """The cause that labelwatch had named, and what it really was."""

    said: str
    really: str
    by: str
    note: str
    at: datetime


def record(
    conn: Connection,
    shop_id: int,
    posting_number: str,
    judged: Verdict,
) -> None:
    """Store a verdict; another one on the same posting and the same cause replaces it."""
    key = {"shop_id": shop_id, "posting_number": posting_number, "said": judged.said}
    own = {"really": judged.really, "judged_by": judged.by, "note": judged.note, "judged_at": judged.at}
    statement = insert(conn, verdict).values(**key, **own)
    conn.execute(statement.on_conflict_do_update(index_elements=list(key), set_=own))


def counts(conn: Connection) -> list[tuple[str, str, int]]:
    """(the cause that was named, what it really was, how often), by name."""
    query = select(verdict.c.said, verdict.c.really, func.count()).group_by(verdict.c.said, verdict.c.really)
    found = conn.execute(query.order_by(verdict.c.said, verdict.c.really))
    return [(said, really, count) for said, really, count in found]
