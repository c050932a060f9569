"""Ozon's JSON to the words of the house: tolerant of what is added, strict on what is needed, blind to the buyer.

The structures below simply lack the buyer's fields (customer, addressee, legal_info, region, city ...), so these
are skipped in the bytes and never become values. Enumerations are never validated: Ozon adds words unannounced.
"""

import functools
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from labelwatch.core.model import DeliveryMethod, Posting, Product, TariffStep
from labelwatch.sources import Item, KeyInfo, Unreadable
from labelwatch.sources.ozon_errors import Answer, broken_off, clean, failure, is_posting_missing

Loose = str | int | float | bool | None
"""A plain value whose type has been seen to drift (ids arrive as numbers and as text)."""

T = TypeVar("T")

_WORD = 64
_NAME = 120
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
# What other languages write for "no time": zero values, and "for ever".
_NO_YEAR = frozenset(("0001", "1970", "9999"))


class _Method(msgspec.Struct, gc=False):
    id: Loose = None
    name: Loose = None
    warehouse_id: Loose = None
    warehouse: Loose = None
    tpl_provider_id: Loose = None
    tpl_provider: Loose = None


class _Analytics(msgspec.Struct, gc=False):
    warehouse: Loose = None
    is_legal: Loose = None


class _Product(msgspec.Struct, gc=False):
    sku: Loose = None
    offer_id: Loose = None
    name: Loose = None
    quantity: Loose = None


class _Money(msgspec.Struct, gc=False):
    amount: Loose = None
    currency: Loose = None


class _Step(msgspec.Struct, gc=False):
    tariff_deadline_at: Loose = None
    tariff_rate: Loose = None
    tariff_type: Loose = None
    tariff_charge: _Money | Loose = None
    tariff_charge_currency_code: Loose = None


class _Posting(msgspec.Struct, gc=False):
    posting_number: Loose = None
    order_number: Loose = None
    status: str | None = None
    substatus: Loose = None
    previous_substatus: Loose = None
    provider_status: Loose = None
    integration_type_flow: Loose = None
    tpl_integration_type: Loose = None
    delivery_schema: Loose = None
    delivery_method: _Method | None = None
    in_process_at: Loose = None
    shipment_date: Loose = None
    shipment_date_without_delay: Loose = None
    tracking_number: Loose = None
    available_actions: list[str] | None = None
    requirements: dict[str, Any] | None = None
    products: list[_Product] | None = None
    tariffication_steps: list[_Step] | None = None
    analytics_data: _Analytics | None = None
    parent_posting_number: Loose = None
    is_multibox: Loose = None
    multi_box_qty: Loose = None
    is_express: Loose = None


class _Number(msgspec.Struct, gc=False):
    posting_number: Loose = None


class _List(msgspec.Struct, gc=False):
    postings: list[msgspec.Raw] | None = None
    cursor: str | int | None = None
    has_next: bool | None = None
    result: msgspec.Raw = msgspec.Raw()


class _One(msgspec.Struct, gc=False):
    result: msgspec.Raw = msgspec.Raw()


class _Role(msgspec.Struct, gc=False):
    name: Loose = None


class _Roles(msgspec.Struct, gc=False):
    roles: list[_Role] | None = None
    expires_at: Loose = None


_POSTING = msgspec.json.Decoder(_Posting)
_NUMBER = msgspec.json.Decoder(_Number)
_LIST = msgspec.json.Decoder(_List)
_ONE = msgspec.json.Decoder(_One)
_ROLES = msgspec.json.Decoder(_Roles)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `cursor` asks for the next one, None when the answer has none."""

    items: Sequence[Item]
    cursor: str | None
    has_next: bool


class _SenselessError(ValueError):
    """A needed value makes no sense; `path` is relative to the posting."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


def digest(raw: bytes | memoryview) -> int:
    """64-bit signed hash of the bytes Ozon sent."""
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big", signed=True)


def page(answer: Answer) -> Page:
    """One page of either list method, at top level (v4) or wrapped in `result`; postings stay undecoded.

    Raises SourceError: an answer without an array of postings is no empty page.
    """
    problem = "no list of postings in it"
    found = _decoded(_LIST, answer, problem=problem)
    if found.postings is None:
        found = _unwrapped(_LIST, found.result, answer, problem=problem)
    if found.postings is None:
        raise failure(answer, problem)
    if found.has_next is None and not _is_utf8(answer.body):
        # Skipped bytes are not validated: a damaged "has_next" would pass for a missing one, and end the list.
        raise failure(answer, "damaged characters in it")
    views = [memoryview(raw) for raw in found.postings]
    items = [Item(digest(raw), raw, index) for index, raw in enumerate(views)]
    cursor = None if found.cursor is None else str(found.cursor)
    return Page(items, cursor, has_next=bool(found.has_next))


def one(answer: Answer) -> Item | None:
    """The posting of /v3/posting/fbs/get, undecoded; None when Ozon knows no such posting."""
    if answer.status != 200 and is_posting_missing(answer):
        return None
    raw = memoryview(_decoded(_ONE, answer, problem="no posting in it").result)
    if bytes(raw[:1]) == b"{":
        return Item(digest(raw), raw, 0)
    if is_posting_missing(answer):
        return None
    raise failure(answer, "no posting in it")


def key_info(answer: Answer) -> KeyInfo:
    """The answer of /v1/roles; `expires_at` may be null and the roles may be empty."""
    found = _decoded(_ROLES, answer, problem="no roles in it")
    if found.roles is None:
        raise failure(answer, "no roles in it")
    try:
        expires_at = _time(found.expires_at, "")
    except ValueError:
        raise failure(answer, "the key's expiry is no time") from None
    return KeyInfo(expires_at, tuple(name for role in found.roles if (name := _text(role.name))))


def read(item: Item) -> Posting:
    """Decode one posting of a page; raises Unreadable with the path of what makes no sense."""
    try:
        return _posting(_POSTING.decode(item.raw))
    except _SenselessError as error:
        path, problem = error.path, str(error)
    except (ValueError, OverflowError, RecursionError) as error:
        path, problem = _place(error)
    # Without the cause: the decoder's error may carry the bytes, and those are the buyer's too.
    raise Unreadable(f"$.postings[{item.index}]{path}", _number_at_least(item.raw), problem)


def _posting(raw: _Posting) -> Posting:
    number = _needed(raw.posting_number, "posting_number")
    tracking = _text(raw.tracking_number)
    analytics = raw.analytics_data or _Analytics()
    return Posting(
        number=number,
        order_number=_text(raw.order_number),
        status=_needed(raw.status, "status"),
        substatus=_text(raw.substatus),
        previous_substatus=_text(raw.previous_substatus),
        provider_status=_text(raw.provider_status),
        flow=_text(raw.integration_type_flow) or _text(raw.tpl_integration_type),
        schema=_text(raw.delivery_schema),
        method=_method(raw.delivery_method or _Method(), _text(analytics.warehouse, _NAME)),
        in_process_at=_time(raw.in_process_at, ".in_process_at"),
        cutoff=_time(raw.shipment_date, ".shipment_date"),
        hard_cutoff=_time(raw.shipment_date_without_delay, ".shipment_date_without_delay"),
        tracking_number="" if tracking == number else tracking,
        actions=tuple(sorted({_text(action) for action in raw.available_actions or ()})),
        requirements=_requirements(raw.requirements or {}),
        products=tuple([_product(product) for product in raw.products or ()]),
        tariff=tuple([_step(step, index) for index, step in enumerate(raw.tariffication_steps or ())]),
        parent=_text(raw.parent_posting_number),
        is_multibox=raw.is_multibox is True,
        boxes=_count(raw.multi_box_qty),
        is_express=raw.is_express is True,
        is_legal=analytics.is_legal is True,
    )


def _method(raw: _Method, warehouse: str) -> DeliveryMethod:
    own = _text(raw.warehouse, _NAME)
    # v4 lists put a bare number where v3 had the warehouse's name.
    named = own if own and not own.isdecimal() else warehouse or own
    return DeliveryMethod(
        id=_text(raw.id),
        name=_text(raw.name, _NAME),
        warehouse_id=_text(raw.warehouse_id),
        warehouse=named,
        carrier_id=_text(raw.tpl_provider_id),
        carrier=_text(raw.tpl_provider, _NAME),
    )


def _product(raw: _Product) -> Product:
    return Product(
        sku=_text(raw.sku), offer_id=_text(raw.offer_id), name=_text(raw.name, _NAME), quantity=_count(raw.quantity)
    )


def _step(raw: _Step, index: int) -> TariffStep:
    money = raw.tariff_charge
    if not isinstance(money, _Money):
        money = _Money(money, raw.tariff_charge_currency_code)
    return TariffStep(
        until=_time(raw.tariff_deadline_at, f".tariffication_steps[{index}].tariff_deadline_at"),
        rate=_rate(raw.tariff_rate),
        kind=_text(raw.tariff_type),
        charge=_text(money.amount),
        currency=_text(money.currency),
    )


def _requirements(raw: dict[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    open_ones = [(_text(key), value) for key, value in raw.items() if isinstance(value, list) and value]
    return tuple(sorted((key, tuple(sorted(filter(None, map(_text, skus))))) for key, skus in open_ones))


def _needed(value: Loose, name: str) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text:
        raise _SenselessError(f".{name}", "missing or empty")
    if len(text) > _WORD or not text.isprintable():
        raise _SenselessError(f".{name}", "too long, or with control characters")
    return text


def _text(value: object, limit: int = _WORD) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        value = _number_as_text(value)
    if len(value) <= limit and value.isprintable():
        return value.strip()
    return clean(value, limit)


def _number_as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _time(value: Loose, path: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        return _moment(value if isinstance(value, str) else "")
    except ValueError:
        raise _SenselessError(path, "not a time of RFC 3339 with its zone") from None


# Cutoffs and tariff steps of a warehouse fall on the same moments day by day.
@functools.lru_cache(maxsize=4096)
def _moment(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        raise ValueError("no time")
    return None if text[:4] in _NO_YEAR else datetime.fromisoformat(text).astimezone(UTC)


def _count(value: Loose) -> int:
    text = _text(value)
    return int(text) if len(text) < 10 and text.isascii() and text.isdigit() else 0


def _rate(value: Loose) -> float:
    try:
        rate = float(value or 0)
    except (ValueError, OverflowError):
        return 0.0
    return rate if math.isfinite(rate) else 0.0


def _decoded(decoder: msgspec.json.Decoder[T], answer: Answer, *, problem: str) -> T:
    if answer.status != 200:
        raise failure(answer)
    try:
        return decoder.decode(answer.body)
    except (ValueError, RecursionError) as error:
        # Without the cause, see read().
        raised = broken_off(answer) if "truncated" in str(error) else failure(answer, problem)
    raise raised


def _unwrapped(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, answer: Answer, *, problem: str) -> T:
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        raise failure(answer, problem) from None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _place(error: Exception) -> tuple[str, str]:
    """Where the decoder stumbled, relative to the posting, and over what kind of thing; never the value."""
    if not isinstance(error, msgspec.ValidationError):
        return "", "no valid JSON"
    problem, _, path = str(error).partition(" - at `$")
    return path.rstrip("`"), problem


def _number_at_least(raw: bytes | memoryview) -> str:
    try:
        return _needed(_NUMBER.decode(raw).posting_number, "posting_number")
    except (ValueError, RecursionError):
        return ""
