"""Whether anything in a shop is to be looked at closely: asked in every poll, and nearly always there is nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, or_, select

from labelwatch.store.alerts import is_incident, of_this_shop
from labelwatch.store.needs import is_unchecked
from labelwatch.store.postings import due_of_shop
from labelwatch.store.schema_settings import need


@dataclass(frozen=True, slots=True)
class Activity:
    """What there is, in one shop and over all."""

    is_busy: bool
    """A posting is late, an alert is open, or a new order needs something that is to be asked or told."""
    has_incidents: bool
    """An incident of any shop is open."""


_is_needed = select(need.c.posting_id).where(
    need.c.shop_id == bindparam("shop"), or_(is_unchecked, need.c.tell_at <= bindparam("now"))
)
_found = select(
    or_(exists(due_of_shop), exists(of_this_shop), exists(_is_needed)).label("is_busy"),
    exists(is_incident).label("has_incidents"),
)


def activity(conn: Connection, shop_id: int, now: datetime) -> Activity:
    """What there is to be looked at."""
    found = conn.execute(_found, {"shop": shop_id, "now": now}).one()
    return Activity(bool(found.is_busy), bool(found.has_incidents))
