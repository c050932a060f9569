"""Converts Ozon's JSON to values of the core: ignores additions, requires what is needed, never reads the buyer.

The structures below do not have the buyer's fields (addressee, legal_info, region, city ...), so these are skipped in
the bytes and never become values; of the recipient's address only the empty parts are noted. Enumerations are never
validated: Ozon adds values unannounced.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from labelwatch.core.posting import DeliveryMethod, Posting, Product, TariffStep
from labelwatch.sources import Item, KeyInfo, Unreadable
from labelwatch.sources.ozon.buyer import hides_the_buyer, names_a_company, recipient_gaps
from labelwatch.sources.ozon.errors import (
    DAMAGED,
    Answer,
    decoded,
    failure,
    is_posting_missing,
    message_of,
    unwrapped,
)
from labelwatch.sources.ozon.repair import NeededError, decoded_in_parts, is_utf8, place, repaired
from labelwatch.sources.ozon.values import NAME, WORD, Loose, amount, count, number, text, time

T = TypeVar("T")


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


class _Money(msgspec.Struct, gc=False):
    amount: Loose = None
    currency: Loose = None


class _Dimensions(msgspec.Struct, gc=False):
    """Of a single posting's product, in grams."""

    weight: Loose = None


class _Product(msgspec.Struct, gc=False):
    sku: Loose = None
    offer_id: Loose = None
    name: Loose = None
    quantity: Loose = None
    price: _Money | Loose = None
    currency_code: Loose = None
    weight: Loose = None
    dimensions: _Dimensions | None = None
    weight_max: Loose = None


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
    customer: msgspec.Raw = msgspec.Raw()
    legal_info: msgspec.Raw = msgspec.Raw()


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


PAGE = 100
"""Postings requested per page; a page with this many is full."""

_NEEDED = (".posting_number", ".status", ".available_actions", ".shipment_date", ".shipment_date_without_delay")
"""Without these it is unknown whether a label is late."""
_TARIFF = ".tariffication_steps"

_POSTING = msgspec.json.Decoder(_Posting)
_NUMBER = msgspec.json.Decoder(_Number)
_LIST = msgspec.json.Decoder(_List)
_ONE = msgspec.json.Decoder(_One)
_ROLES = msgspec.json.Decoder(_Roles)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `cursor` requests the next one, None when the answer has none."""

    items: Sequence[Item]
    cursor: str | None
    has_next: bool


def digest(raw: bytes | memoryview) -> int:
    """64-bit signed hash of the bytes Ozon sent."""
    return int.from_bytes(hashlib.sha1(raw, usedforsecurity=False).digest()[:8], "big", signed=True)


def page(answer: Answer) -> Page:
    """One page of either list method, at top level (v4) or wrapped in `result`; postings stay undecoded.

    Raises SourceError: an answer without an array of postings is not an empty page.
    """
    problem = "no list of postings in it"
    found = decoded(_LIST, answer, problem=problem, checked=False)
    if found.postings is None:
        found = unwrapped(_LIST, found.result, answer, problem=problem)
    if found.postings is None:
        raise failure(answer, problem)
    if not found.postings and message_of(answer.body):
        raise failure(answer, problem)  # an error with an empty list
    views = [memoryview(raw) for raw in found.postings]
    if not is_utf8(_around(answer.body, views)):
        raise failure(answer, DAMAGED)  # a damaged "has_next" would look like a missing one
    items = [Item(digest(raw), raw, index) for index, raw in enumerate(views)]
    cursor = None if found.cursor is None else str(found.cursor)
    # A full page that does not say whether there is more is not the last one.
    has_next = len(items) >= PAGE if found.has_next is None else found.has_next
    return Page(items, cursor, has_next)


def _around(body: bytes, postings: Sequence[memoryview]) -> bytes:
    """A page without its postings: these are decoded when they are read, most of them never again."""
    start, end = (body.find(postings[0]), body.rfind(postings[-1])) if postings else (-1, -1)
    return body if start < 0 or end < 0 else body[:start] + body[end + len(postings[-1]) :]


def one(answer: Answer) -> Item | None:
    """The posting of /v3/posting/fbs/get, undecoded; None when Ozon knows no such posting."""
    if answer.status != 200 and is_posting_missing(answer):
        return None
    raw = memoryview(decoded(_ONE, answer, problem="no posting in it").result)
    if bytes(raw[:1]) == b"{":
        return Item(digest(raw), raw, 0)
    if is_posting_missing(answer):
        return None
    raise failure(answer, "no posting in it")


def key_info(answer: Answer) -> KeyInfo:
    """The answer of /v1/roles; `expires_at` may be null and the roles may be empty."""
    found = decoded(_ROLES, answer, problem="no roles in it")
    if found.roles is None:
        raise failure(answer, "no roles in it")
    try:
        expires_at = time(found.expires_at)
    except ValueError:
        raise failure(answer, "the key's expiry date is invalid") from None
    return KeyInfo(expires_at, tuple(name for role in found.roles if (name := text(role.name))))


def read(item: Item, odd: Callable[[Unreadable], object] = lambda _: None) -> Posting:
    """Decode one posting of a page; raises Unreadable with the path of the invalid value.

    Invalid values that do not decide whether the posting is late count as unknown, and `odd` is called for each.
    """
    found: list[tuple[str, str]] = []
    try:
        posting = _posting(_raw_posting(item, found), found)
    except NeededError as error:
        path, problem = error.path, str(error)
    except (ValueError, OverflowError, RecursionError) as error:
        path, problem = place(error)
    else:
        for path, problem in found:
            odd(Unreadable(f"$.postings[{item.index}]{path}", posting.number, problem))
        return posting
    # Without the cause: the decoder's error may contain the bytes, and so the buyer.
    raise Unreadable(f"$.postings[{item.index}]{path}", _number_at_least(item.raw), problem)


def _raw_posting(item: Item, odd: list[tuple[str, str]]) -> _Posting:
    with suppress(msgspec.DecodeError, RecursionError):
        return _POSTING.decode(item.raw)
    raw, found = decoded_in_parts(_POSTING, repaired(bytes(item.raw)), needed=_NEEDED.__contains__)
    odd += found
    if any(path.startswith(_TARIFF) for path, _ in found):
        raw.tariffication_steps = None  # with steps missing, the wrong price would come next
    return raw


def _posting(raw: _Posting, odd: list[tuple[str, str]]) -> Posting:
    posting_number = _needed(raw.posting_number, "posting_number")
    tracking = text(raw.tracking_number)
    flow = text(raw.integration_type_flow) or text(raw.tpl_integration_type)
    analytics = raw.analytics_data or _Analytics()
    return Posting(
        number=posting_number,
        order_number=text(raw.order_number),
        status=_needed(raw.status, "status"),
        substatus=text(raw.substatus),
        flow=flow,
        schema=text(raw.delivery_schema),
        method=_method(raw.delivery_method or _Method(), text(analytics.warehouse, NAME)),
        in_process_at=_time_perhaps(raw.in_process_at, ".in_process_at", odd),
        cutoff=_time(raw.shipment_date, ".shipment_date"),
        hard_cutoff=_time(raw.shipment_date_without_delay, ".shipment_date_without_delay"),
        tracking_number="" if tracking == posting_number else tracking,
        actions=tuple(sorted({text(action) for action in raw.available_actions or ()})),
        requirements=_requirements(raw.requirements or {}),
        products=tuple([_product(product) for product in raw.products or ()]),
        tariff=_tariff(raw.tariffication_steps or (), odd),
        parent=text(raw.parent_posting_number),
        is_multibox=raw.is_multibox is True,
        boxes=count(raw.multi_box_qty),
        is_express=raw.is_express is True,
        is_legal=analytics.is_legal is True or names_a_company(raw.legal_info),
        recipient_gaps=() if hides_the_buyer(flow, raw.delivery_schema) else recipient_gaps(raw.customer),
    )


def _method(raw: _Method, warehouse: str) -> DeliveryMethod:
    own = text(raw.warehouse, NAME)
    # v4 lists put a bare number in place of v3's warehouse name.
    named = own if own and not own.isdecimal() else warehouse or own
    return DeliveryMethod(
        id=text(raw.id),
        name=text(raw.name, NAME),
        warehouse_id=text(raw.warehouse_id),
        warehouse=named,
        carrier_id=text(raw.tpl_provider_id),
        carrier=text(raw.tpl_provider, NAME),
    )


def _product(raw: _Product) -> Product:
    money = raw.price if isinstance(raw.price, _Money) else _Money(raw.price, raw.currency_code)
    return Product(
        sku=text(raw.sku),
        offer_id=text(raw.offer_id),
        name=text(raw.name, NAME),
        quantity=count(raw.quantity),
        weight=_kilograms(raw),
        price=amount(money.amount),
        currency=text(money.currency),
    )


def _kilograms(raw: _Product) -> float:
    """The lists use kilograms. A single posting uses grams, and has the maximum weight of a piece sold by weight."""
    packed = amount(raw.dimensions.weight) / 1000 if raw.dimensions else 0.0
    return amount(raw.weight) or packed or amount(raw.weight_max)


def _tariff(raw: Sequence[_Step], odd: list[tuple[str, str]]) -> tuple[TariffStep, ...]:
    try:
        return tuple([_step(step, index) for index, step in enumerate(raw)])
    except NeededError as error:
        odd.append((error.path, str(error)))
        return ()


def _step(raw: _Step, index: int) -> TariffStep:
    money = raw.tariff_charge
    if not isinstance(money, _Money):
        money = _Money(money, raw.tariff_charge_currency_code)
    return TariffStep(
        until=_time(raw.tariff_deadline_at, f".tariffication_steps[{index}].tariff_deadline_at"),
        rate=number(raw.tariff_rate),
        kind=text(raw.tariff_type),
        charge=text(money.amount),
        currency=text(money.currency),
    )


def _requirements(raw: dict[str, Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    open_ones = [(text(key), value) for key, value in raw.items() if isinstance(value, list) and value]
    return tuple(sorted((key, tuple(sorted(filter(None, map(text, skus))))) for key, skus in open_ones))


def _needed(value: Loose, name: str) -> str:
    word = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not word:
        raise NeededError(f".{name}", "missing or empty")
    if len(word) > WORD or not word.isprintable():
        raise NeededError(f".{name}", "too long, or with control characters")
    return word


def _time(value: Loose, path: str) -> datetime | None:
    try:
        return time(value)
    except ValueError as error:
        raise NeededError(path, str(error)) from None


def _time_perhaps(value: Loose, path: str, odd: list[tuple[str, str]]) -> datetime | None:
    try:
        return time(value)
    except ValueError as error:
        odd.append((path, str(error)))
        return None


def _number_at_least(raw: bytes | memoryview) -> str:
    try:
        return _needed(_NUMBER.decode(raw).posting_number, "posting_number")
    except (ValueError, RecursionError):
        return ""
