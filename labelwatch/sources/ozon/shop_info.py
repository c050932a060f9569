"""What a shop reports about itself during setup: its name, its currency, its delivery methods.

Both lists may need a role that reading postings does not; what the key may not read is left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec

from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.errors import Answer, decoded, failure
from labelwatch.sources.ozon.values import NAME, Loose, text

T = TypeVar("T")

COMPANY = "/v1/seller/info"
METHODS = "/v2/delivery-method/list"
MOST_PAGES = 10


class Send(Protocol):
    """Sends a request and decodes its answer; raises SourceError."""

    def __call__(self, path: str, question: Mapping[str, Any] | None, understand: Callable[[Answer], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Company:
    """The seller; `currency` as ISO 4217, empty if Ozon does not give it."""

    name: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ShopDeliveryMethod:
    """One delivery method of the settings; `flow` is its tpl_integration_type, `status` Ozon's own value."""

    name: str
    flow: str
    status: str


@dataclass(frozen=True, slots=True)
class Introduction:
    """`ways` None = the key may not list the delivery methods; empty = the shop has none of its own (plain FBS)."""

    company: Company
    ways: tuple[ShopDeliveryMethod, ...] | None


class _Company(msgspec.Struct, gc=False):
    name: Loose = None
    legal_name: Loose = None
    currency: Loose = None


class _Info(msgspec.Struct, gc=False):
    company: _Company | None = None


class _Row(msgspec.Struct, gc=False):
    name: Loose = None
    status: Loose = None
    tpl_integration_type: Loose = None


class _Rows(msgspec.Struct, gc=False):
    delivery_methods: list[_Row] | None = None
    cursor: str | int | None = None
    has_next: Loose = None


_INFO = msgspec.json.Decoder(_Info)
_ROWS = msgspec.json.Decoder(_Rows)


def introduce(send: Send) -> Introduction:
    """Request both; raises SourceError for anything but a missing role."""
    company = _unless_closed(lambda: send(COMPANY, None, _company))
    return Introduction(company or Company(), _unless_closed(lambda: _ways(send)))


def _unless_closed(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except SourceError as error:
        if error.trouble not in (Trouble.ROLE_MISSING, Trouble.METHOD_RETIRED, Trouble.NOT_UNDERSTOOD):
            raise
        return None


def _company(answer: Answer) -> Company:
    found = decoded(_INFO, answer, problem="no company in it").company
    if found is None:
        raise failure(answer, "no company in it")
    return Company(text(found.name, NAME) or text(found.legal_name, NAME), text(found.currency))


def _ways(send: Send) -> tuple[ShopDeliveryMethod, ...]:
    found: list[ShopDeliveryMethod] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        page = send(METHODS, {"limit": 100, "sort_dir": "ASC", "filter": {}, "cursor": cursor}, _page)
        found += (
            ShopDeliveryMethod(text(row.name, NAME), text(row.tpl_integration_type), text(row.status))
            for row in page[0]
        )
        if page[1] in ("", cursor):
            break
        cursor = page[1]
    return tuple(found)


def _page(answer: Answer) -> tuple[list[_Row], str]:
    """The rows, and the cursor of the next page; empty at the end."""
    page = decoded(_ROWS, answer, problem="no list of delivery methods in it")
    if page.delivery_methods is None:
        raise failure(answer, "no list of delivery methods in it")
    return page.delivery_methods, text(page.cursor, 4096) if page.has_next is True else ""
