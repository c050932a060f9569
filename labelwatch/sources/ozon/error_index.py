"""Asks Ozon for the error index of a shop and for the orders that moved it, and understands the answers."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import msgspec

from labelwatch.core.error_index import Charge, ErrorIndex, IndexDay, IndexReading
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.errors import Answer, decoded, failure
from labelwatch.sources.ozon.values import Loose, amount, number, text, time

T = TypeVar("T")

INDEX = "/v1/rating/index/fbs/info"
CHARGED = "/v1/rating/index/fbs/posting/list"
PAGE = 1000
MOST_PAGES = 10
_MOST = 1e12
"""No amount of money is greater."""


class Send(Protocol):
    """Sends a request and decodes its answer; raises SourceError."""

    def __call__(self, path: str, question: Mapping[str, Any] | None, understand: Callable[[Answer], T]) -> T: ...


class _Day(msgspec.Struct, gc=False):
    date: Loose = None
    index_by_date: Loose = None
    processing_costs_sum_by_date: Loose = None


class _Index(msgspec.Struct, gc=False):
    index: Loose = None
    currency_code: Loose = None
    defects: list[_Day] | None = None
    period_from: Loose = None
    period_to: Loose = None
    processing_costs_sum: Loose = None


class _Error(msgspec.Struct, gc=False):
    posting_number: Loose = None
    posting_error_type: Loose = None
    error_at: Loose = None
    charge_price: Loose = None
    charge_price_currency_code: Loose = None
    charge_percent: Loose = None
    has_grace_status: Loose = None


class _Errors(msgspec.Struct, gc=False):
    errors: list[_Error] | None = None
    cursor: Loose = None
    has_next: Loose = None


_INDEX = msgspec.json.Decoder(_Index)
_ERRORS = msgspec.json.Decoder(_Errors)


def error_index(send: Send, *, since: datetime, until: datetime) -> IndexReading:
    """The index now, and the orders that moved it in a period; raises SourceError."""
    index, charges = send(INDEX, None, _index), dict[tuple[str, str], Charge]()
    asked: dict[str, Any] = {"limit": PAGE, "filter": {"date_from": _stamp(since), "date_to": _stamp(until)}}
    cursor = ""
    for _ in range(MOST_PAGES):
        found, following = send(CHARGED, {**asked, "cursor": cursor}, _charges)
        charges |= {(one.posting_number, one.kind): one for one in found}
        if following in ("", cursor):
            return IndexReading(index, tuple(charges.values()))
        cursor = following
    raise SourceError(Trouble.NOT_UNDERSTOOD, f"{CHARGED}: the list does not end")


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _index(answer: Answer) -> ErrorIndex:
    found = decoded(_INDEX, answer, problem="no error index in it")
    if found.index is None or isinstance(found.index, bool):
        raise failure(answer, "no error index in it")
    days = (
        IndexDay(day, amount(row.index_by_date), _money(row.processing_costs_sum_by_date))
        for row in found.defects or ()
        if (day := _day(row.date)) is not None
    )
    return ErrorIndex(
        value=amount(found.index),
        days=tuple(sorted(days, key=lambda one: one.day)),
        since=_day(found.period_from),
        until=_day(found.period_to),
        cost=_money(found.processing_costs_sum),
        currency=text(found.currency_code, 8),
    )


def _charges(answer: Answer) -> tuple[list[Charge], str]:
    """The orders of a page that can be read, and the cursor of the next page; empty at the end."""
    page = decoded(_ERRORS, answer, problem="no list of errors in it")
    if page.errors is None:
        raise failure(answer, "no list of errors in it")
    found = [one for row in page.errors if (one := _charge(row)) is not None]
    return found, text(page.cursor, 4096) if page.has_next is True else ""


def _charge(row: _Error) -> Charge | None:
    try:
        at = time(row.error_at)
    except ValueError:
        return None
    if at is None or not text(row.posting_number):
        return None
    return Charge(
        posting_number=text(row.posting_number),
        kind=text(row.posting_error_type),
        at=at,
        cost=_money(row.charge_price),
        currency=text(row.charge_price_currency_code, 8),
        percent=number(row.charge_percent),
        is_spared=row.has_grace_status is True,
    )


def _day(value: Loose) -> date | None:
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None


def _money(value: Loose) -> Decimal:
    """An amount in whole kopecks; a charge is a cost, whatever its sign."""
    cost = abs(number(value))
    return Decimal(f"{cost:.2f}") if cost < _MOST else Decimal(0)
