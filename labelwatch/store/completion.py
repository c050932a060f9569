"""Late posting numbers with a given prefix, for shell completion."""

from sqlalchemy import select

from labelwatch.store.engine import database_file, make_engine, read_url
from labelwatch.store.schema import alert


def late_numbers(url: str, beginning: str, *, limit: int = 50) -> list[str]:
    """Numbers of postings with an open alert and this prefix, latest first; empty if there is no database.

    Creates nothing, but raises StoreError if the database cannot be opened.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite" and not database_file(parsed).exists():
        return []
    number = alert.c.posting_number
    query = (
        select(number)
        .where(alert.c.resolved_at.is_(None), alert.c.shop_id.is_not(None), number != "")
        .where(number.startswith(beginning, autoescape=True))
        .order_by(alert.c.id.desc())
        .limit(limit)
    )
    engine = make_engine(parsed)
    try:
        with engine.connect() as conn:
            return list(dict.fromkeys(conn.scalars(query)))
    finally:
        engine.dispose()
