"""Reads postings: their current state, what is due, and their history."""

import json
from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Select, Text, any_, bindparam, func, select

from labelwatch.core.alert import Outcome
from labelwatch.core.lateness import LEFT
from labelwatch.core.posting import DeliveryMethod, Known
from labelwatch.store import mapping
from labelwatch.store.schema import delivery_method, history, label_evidence, posting, shop, state
from labelwatch.store.values import Evidence, EvidenceLevel, HistoryRow

CHUNK = 500

_is_open = posting.c.closed_at.is_(None)

method_columns = [c for c in delivery_method.c if c.name not in ("id", "shop_id", "first_label_at")]
state_columns = [c for c in state.c if c.name != "id"]
known_columns = (
    select(posting, *state_columns, *method_columns)
    .join(state, posting.c.state_id == state.c.id)
    .join(delivery_method, posting.c.method_id == delivery_method.c.id)
)

# Built once, as the others below: to build a statement takes longer than to run it, and each poll runs them.
_by_number = known_columns.where(
    posting.c.shop_id == bindparam("shop"), posting.c.number.in_(bindparam("numbers", expanding=True))
)
_by_id = known_columns.where(posting.c.id.in_(bindparam("ids", expanding=True)))
_open = select(posting.c.id).where(posting.c.shop_id == bindparam("shop"), _is_open)
due_of_shop = _open.where(posting.c.late_at <= bindparam("now"))
_labelled = (
    select(delivery_method.c.ozon_id, delivery_method.c.name)
    .where(delivery_method.c.shop_id == bindparam("shop"), delivery_method.c.first_label_at.is_not(None))
    .order_by(delivery_method.c.id)
)

# One statement for any number of digests: it runs for every page, and is compiled only once.
_wanted = func.json_each(bindparam("digests", type_=Text)).table_valued("value")
_unchanged = select(posting.c.digest, posting.c.id).where(posting.c.shop_id == bindparam("shop"), _is_open)
_same_here = _unchanged.where(posting.c.digest.in_(select(_wanted.c.value)))
_same = _unchanged.where(posting.c.digest == any_(bindparam("digests", type_=ARRAY(BigInteger))))


def chunks(values: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    """The values in batches of at most `size`: databases limit how many fit into one query."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def unchanged(conn: Connection, shop_id: int, digests: Sequence[int]) -> dict[int, int]:
    """Digest -> id of the open postings whose bytes are unchanged since they were stored."""
    query, some = (_same_here, json.dumps(list(digests))) if conn.dialect.name == "sqlite" else (_same, list(digests))
    return {found.digest: found.id for found in conn.execute(query, {"shop": shop_id, "digests": some})}


def known(conn: Connection, shop_id: int, numbers: Sequence[str]) -> dict[str, Known]:
    """The postings of a shop by number, closed ones too; those never stored are left out."""
    found = {}
    for some in chunks(numbers):
        for row in conn.execute(_by_number, {"shop": shop_id, "numbers": some}):
            found[row.number] = mapping.known(row)
    return found


def known_by_id(conn: Connection, ids: Sequence[int]) -> list[Known]:
    """Postings by id, in no particular order."""
    found = []
    for some in chunks(ids):
        found += [mapping.known(row) for row in conn.execute(_by_id, {"ids": list(some)})]
    return found


def find(conn: Connection, number: str) -> dict[str, Known]:
    """Shop name -> the posting of that number, over all shops."""
    everywhere = posting.c.shop_id.in_(select(shop.c.id))
    query = known_columns.add_columns(shop.c.name.label("shop_name")).join(shop, posting.c.shop_id == shop.c.id)
    there = conn.execute(query.where(everywhere, posting.c.number == number))
    return {row.shop_name: mapping.known(row) for row in there}


def open_ids(conn: Connection, shop_id: int) -> "array[int]":
    """The ids of all open postings of a shop, 8 bytes each."""
    return _ids(conn, _open, {"shop": shop_id})


def due_ids(conn: Connection, shop_id: int, now: datetime) -> "array[int]":
    """The ids of the open postings that are late at `now`; costs what it finds, not what is open."""
    return _ids(conn, due_of_shop, {"shop": shop_id, "now": now})


def _ids(conn: Connection, query: Select[int], values: mapping.Values) -> "array[int]":
    ids = array("q")
    for some in conn.scalars(query, values, execution_options={"yield_per": 5000}).partitions():
        ids.extend(some)
    return ids


def history_of(conn: Connection, posting_id: int) -> list[HistoryRow]:
    """The history of a posting, oldest first."""
    query = (
        select(history, *state_columns, *method_columns)
        .join(state, history.c.state_id == state.c.id)
        .join(delivery_method, history.c.method_id == delivery_method.c.id)
        .where(history.c.posting_id == posting_id)
        .order_by(history.c.seen_at)
    )
    return [mapping.history(row) for row in conn.execute(query)]


def evidence_of(conn: Connection, posting_id: int) -> list[Evidence]:
    """The evidence for a posting's label, oldest first."""
    query = select(label_evidence).where(label_evidence.c.posting_id == posting_id)
    found = conn.execute(query.order_by(label_evidence.c.seen_at))
    return [Evidence(EvidenceLevel(row.level), row.not_before, row.seen_at) for row in found]


def labelled_methods(conn: Connection, shop_id: int) -> dict[str, str]:
    """Ozon's id -> the latest name of the delivery methods that have offered a label at least once."""
    return dict(conn.execute(_labelled, {"shop": shop_id}).all())


def methods(conn: Connection, shop_id: int) -> list[DeliveryMethod]:
    """The delivery methods that have offered a label at least once, each as it is called now, by name."""
    query = select(delivery_method).where(
        delivery_method.c.shop_id == shop_id, delivery_method.c.first_label_at.is_not(None)
    )
    latest = {row.ozon_id: mapping.method(row) for row in conn.execute(query.order_by(delivery_method.c.id))}
    return sorted(latest.values(), key=lambda method: (method.name, method.id))


def handed_over_unlabelled(conn: Connection, shop_id: int) -> dict[str, int]:
    """Ozon's method id -> how many of its postings shipped and never had a label; uses an index only."""
    handed_over = [status for status, ended in LEFT.items() if ended is Outcome.HANDED_OVER]
    query = (
        select(delivery_method.c.ozon_id, func.count())
        .join(posting, posting.c.method_id == delivery_method.c.id)
        .where(
            delivery_method.c.shop_id == shop_id,
            posting.c.closed_at.is_not(None),
            posting.c.label_latest.is_(None),
            posting.c.state_id.in_(select(state.c.id).where(state.c.status.in_(handed_over))),
        )
        .group_by(delivery_method.c.ozon_id)
    )
    return dict(conn.execute(query).all())
