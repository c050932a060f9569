"""The two posting lists: validation, filter and paging."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from labelwatch.sandbox.http import bad_request, integer, section
from labelwatch.sandbox.posting_index import Key, Order, PostingIndex, Record, dump
from labelwatch.sandbox.shops import Body

T = TypeVar("T")

YEAR = timedelta(days=366)
ON_THE_WAY = ("delivering", "driver_pickup")
OPEN = (
    "acceptance_in_progress",
    "awaiting_approve",
    "awaiting_packaging",
    "awaiting_registration",
    "awaiting_deliver",
    "arbitration",
    "client_arbitration",
    "not_accepted",
)
# Two statuses exist that no list accepts in a filter: both were seen only in answers.
UNFULFILLED = frozenset({*OPEN, "awaiting_verification", "delivering"})
MAY_NAME_UNFULFILLED = frozenset({*OPEN, *ON_THE_WAY, "cancelled"})
MAY_NAME = frozenset({*OPEN, *ON_THE_WAY, "delivered", "cancelled"})
OPTIONAL_PARTS = ("analytics_data", "barcodes", "financial_data", "legal_info")
Window = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A filter for each posting of its window; an empty set, or None, accepts all."""

    order: Order
    window: Window
    statuses: frozenset[str] | None = None
    orders: frozenset[str] = frozenset()
    order_id: int = 0
    methods: frozenset[int] = frozenset()
    warehouses: frozenset[int] = frozenset()
    carriers: frozenset[int] = frozenset()
    flows: frozenset[str] = frozenset()
    changed: Window | None = None

    def wants(self, record: Record) -> bool:
        body, method = record.body, record.body["delivery_method"]
        return (
            (self.statuses is None or body["status"] in self.statuses)
            and (not self.orders or body["order_number"] in self.orders)
            and self.order_id in (0, body["order_id"])
            and (not self.methods or method["id"] in self.methods)
            and (not self.warehouses or method["warehouse_id"] in self.warehouses)
            and (not self.carriers or method["tpl_provider_id"] in self.carriers)
            and (not self.flows or body["integration_type_flow"] in self.flows)
            and (self.changed is None or _within(record.changed_at.timestamp(), self.changed))
        )


def unfulfilled(index: PostingIndex, body: Body) -> bytes:
    """/v4/posting/fbs/unfulfilled/list; `count` is the number of all that match, as Ozon's own example has it."""
    asked = section(body, "filter")
    by_date = any(asked.get(f"delivering_date_{end}") for end in ("from", "to"))
    by_cutoff = any(asked.get(f"cutoff_{end}") for end in ("from", "to"))
    if by_date == by_cutoff:
        raise bad_request("either filter.cutoff or filter.delivering_date must be specified")
    named = _statuses(asked, MAY_NAME_UNFULFILLED)
    name = "delivering_date" if by_date else "cutoff"
    query = Query(
        order=Order.DELIVERING if by_date else Order.CUTOFF,
        window=_window(asked, start=f"{name}_from", end=f"{name}_to"),
        statuses=named - {"cancelled"} if named else UNFULFILLED,
        **_common(asked),
    )
    return _page(index, query, body=body, counted=True)


def all_postings(index: PostingIndex, body: Body) -> bytes:
    """/v4/posting/fbs/list; the window is for the time of arrival."""
    if not body.get("filter"):
        raise bad_request("filter is required")
    asked = section(body, "filter")
    orders = _values(asked, "order_numbers", kind=str, most=100)
    query = Query(
        order=Order.ARRIVAL,
        window=_window(asked, start="since", end="to"),
        statuses=_statuses(asked, MAY_NAME) or None,
        orders=orders,
        order_id=integer(asked.get("order_id") or 0, "filter.order_id"),
        flows=_values(asked, "integration_type_flow", kind=str),
        **_common(asked),
    )
    return _page(index, query, body=body, counted=False)


def _common(asked: Body) -> dict[str, Any]:
    changed = section(asked, "last_changed_status_date")
    return {
        "methods": _values(asked, "delivery_method_ids", kind=int),
        "warehouses": _values(asked, "warehouse_ids", kind=int),
        "carriers": _values(asked, "provider_ids", kind=int),
        "changed": _window(changed, start="from", end="to") if changed else None,
    }


def _page(index: PostingIndex, query: Query, *, body: Body, counted: bool) -> bytes:
    limit = integer(body.get("limit", 0), "limit")
    if not 1 <= limit <= 100:
        raise bad_request("invalid limit: value must be inside range [1, 100]")
    direction = str(body.get("sort_dir") or "asc").lower()
    if direction not in ("asc", "desc"):
        raise bad_request("invalid sort_dir: value must be ASC or DESC")
    after = key_of(body["cursor"]) if body.get("cursor") else None
    found = index.matching(query)
    records, more = index.page(found, after=after, limit=limit, descending=direction == "desc")
    parts = section(body, "with")
    hidden = tuple(name for name in OPTIONAL_PARTS if not parts.get(name))
    postings = b",".join(record.encoded(hidden) for record in records)
    head: Body = {"cursor": cursor(records[-1].key(query.order)) if more else "", "has_next": more}
    if counted:
        head["count"] = len(found)
    return dump(head)[:-1] + b',"postings":[' + postings + b"]}"


def cursor(key: Key) -> str:
    """An opaque cursor: the sort key of the last posting sent, so changes in the world shift nothing."""
    return base64.b64encode(dump({"after": key})).decode()


def key_of(text: str) -> Key:
    """The sort key in a cursor."""
    try:
        first, second, serial = json.loads(base64.b64decode(text, validate=True))["after"]
        return float(first), float(second), int(serial)
    except (ValueError, TypeError, KeyError):
        raise bad_request("invalid cursor") from None


def _within(moment: float, window: Window) -> bool:
    return window[0] <= moment <= window[1]


def _window(asked: Mapping[str, Any], *, start: str, end: str) -> Window:
    since, until = _moment(asked, start), _moment(asked, end)
    if until < since:
        raise bad_request(f"filter.{end} is before filter.{start}")
    if until - since > YEAR:
        raise bad_request("PERIOD_IS_TOO_LONG")
    return since.timestamp(), until.timestamp()


def _moment(asked: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(asked[name])
    except (KeyError, ValueError, TypeError):
        raise bad_request(f"invalid filter.{name}: value is required and must be RFC 3339") from None
    if moment.tzinfo is None:
        raise bad_request(f"invalid filter.{name}: the time zone is missing")
    return moment


def _statuses(asked: Body, allowed: frozenset[str]) -> frozenset[str]:
    statuses = _values(asked, "statuses", kind=str)
    for status in sorted(statuses - allowed):
        raise bad_request(f"invalid filter.statuses: {status}")
    return statuses


def _values(asked: Body, name: str, *, kind: type[T], most: int = 1000) -> frozenset[T]:
    values = asked.get(name) or []
    if not isinstance(values, list) or len(values) > most:
        raise bad_request(f"invalid filter.{name}: value must contain no more than {most} items")
    try:
        return frozenset(kind(value) for value in values)  # type: ignore[call-arg]
    except (ValueError, TypeError):
        raise bad_request(f"invalid filter.{name}") from None
