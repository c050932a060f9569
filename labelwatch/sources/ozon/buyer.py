"""What is read about the buyer in a posting: which parts of the address are empty, and whether a company buys."""

from typing import TypeVar

import msgspec

from labelwatch.sources.ozon.values import Loose

T = TypeVar("T")


class _Legal(msgspec.Struct, gc=False):
    """Whether a company is named, not which."""

    inn: msgspec.Raw = msgspec.Raw()
    company_name: msgspec.Raw = msgspec.Raw()


class _Customer(msgspec.Struct, gc=False):
    """The values are never decoded: only whether they are empty is read."""

    phone: msgspec.Raw = msgspec.Raw()
    address: msgspec.Raw = msgspec.Raw()


class _Address(msgspec.Struct, gc=False):
    zip_code: msgspec.Raw = msgspec.Raw()
    address_tail: msgspec.Raw = msgspec.Raw()


_NOTHING = (b'""', b"null")
_BUYER_HIDDEN = frozenset(("ozon", "fbp", ""))
"""Flows in which Ozon delivers and hides the address, so that an empty one means nothing."""

_CUSTOMER = msgspec.json.Decoder(_Customer)
_LEGAL = msgspec.json.Decoder(_Legal)
_ADDRESS = msgspec.json.Decoder(_Address)


def hides_the_buyer(flow: str, schema: Loose) -> bool:
    """Whether Ozon delivers, and so hides the address."""
    return flow.lower() in _BUYER_HIDDEN or str(schema or "").lower() == "fbs"


def names_a_company(legal_info: msgspec.Raw) -> bool:
    """Whether a company buys, by the `legal_info` of a posting."""
    company = _perhaps(_LEGAL, legal_info) or _Legal()
    return any(bytes(part) not in (b"", *_NOTHING) for part in (company.inn, company.company_name))


def recipient_gaps(customer: msgspec.Raw) -> tuple[str, ...]:
    """The parts of the recipient's address that were sent empty; none where no recipient was sent at all."""
    person = _perhaps(_CUSTOMER, customer) or _Customer()
    place = _perhaps(_ADDRESS, person.address) or _Address()
    parts = {"zip_code": place.zip_code, "address_tail": place.address_tail, "phone": person.phone}
    return tuple(name for name, raw in parts.items() if memoryview(raw) in _NOTHING)


def _perhaps(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw) -> T | None:
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        return None
