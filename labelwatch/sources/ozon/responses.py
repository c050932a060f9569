"""Converts Ozon's answers about late postings to values of the core: pure, or a SourceError."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from labelwatch.core.facts import Detail, DropoffLimits, MethodState, TaskState, WarehouseState
from labelwatch.sources.ozon.errors import MESSAGE, Answer, decoded, decoded_loosely, failure, refusal
from labelwatch.sources.ozon.values import NAME, Loose, amount, count, text, time

T = TypeVar("T")

_ADDRESS = 2048
"""The maximum length of an address."""

_NOT_READY = re.compile(
    "|".join(
        (
            r"формируется|готовится|создаётся|создается|не готов",
            r"ещ[её] не (сформирован|создан)",
            r"попробуйте .{0,20}позже",
            r"not[ _]ready|n['’]t ready",
            r"not yet (ready|created|generated|formed|available)",
            r"(being|is still) (generated|created|prepared|formed|processed)",
            r"try again .{0,20}later",
            r"NO_POSTINGS_FOR_BATCH_DOWNLOAD",
        )
    ),
    re.IGNORECASE,
)
"""Ozon's phrases for: not now, but later. Any other message about a posting is a refusal."""


class _Method(msgspec.Struct, gc=False):
    id: Loose = None
    name: Loose = None
    warehouse_id: Loose = None
    status: Loose = None
    updated_at: Loose = None
    tpl_integration_type: Loose = None
    cutoff: Loose = None


class _Methods(msgspec.Struct, gc=False):
    delivery_methods: list[_Method] | None = None
    result: list[_Method] | None = None
    cursor: str | int | None = None
    has_next: Loose = None


class _FirstMile(msgspec.Struct, gc=False):
    first_mile_is_changing: Loose = None
    type: Loose = None


class _Warehouse(msgspec.Struct, gc=False):
    warehouse_id: Loose = None
    name: Loose = None
    status: Loose = None
    pause_at: Loose = None
    first_mile: _FirstMile | None = None
    working_days: list[Loose] | None = None
    carriage_label_type: Loose = None


class _Warehouses(msgspec.Struct, gc=False):
    warehouses: list[_Warehouse] | None = None
    result: list[_Warehouse] | None = None
    cursor: str | int | None = None
    has_next: Loose = None


class _Limits(msgspec.Struct, gc=False):
    max_posting_weight: Loose = None
    max_posting_price: Loose = None
    width: Loose = None
    length: Loose = None
    height: Loose = None


class _Restrictions(msgspec.Struct, gc=False):
    result: _Limits | None = None


class _Exemplars(msgspec.Struct, gc=False):
    status: Loose = None


class _Sides(msgspec.Struct, gc=False):
    width: Loose = None
    length: Loose = None
    height: Loose = None


class _Product(msgspec.Struct, gc=False):
    dimensions: _Sides | None = None


class _Detail(msgspec.Struct, gc=False):
    posting_number: Loose = None
    previous_substatus: Loose = None
    provider_status: Loose = None
    products: list[_Product] | None = None


class _Single(msgspec.Struct, gc=False):
    result: _Detail | None = None


class _Barcodes(msgspec.Struct, gc=False):
    upper_barcode: Loose = None
    lower_barcode: Loose = None


class _Coded(msgspec.Struct, gc=False):
    barcodes: _Barcodes | None = None
    scanit: Loose = None


class _SingleCoded(msgspec.Struct, gc=False):
    result: _Coded | None = None


class _Task(msgspec.Struct, gc=False):
    task_id: Loose = None


class _Tasks(msgspec.Struct, gc=False):
    tasks: list[_Task] | None = None


class _Unprinted(msgspec.Struct, gc=False):
    posting_number: Loose = None
    message: Loose = None


class _Status(msgspec.Struct, gc=False):
    code: Loose = None
    postings_count: Loose = None
    printed_postings_count: Loose = None
    unprinted_postings: list[_Unprinted] | None = None


class _Error(msgspec.Struct, gc=False):
    code: Loose = None
    message: Loose = None


class _Label(msgspec.Struct, gc=False):
    status: _Status | None = None
    file_url: Loose = None
    error: _Error | None = None


_METHODS = msgspec.json.Decoder(_Methods)
_WAREHOUSES = msgspec.json.Decoder(_Warehouses)
_RESTRICTIONS = msgspec.json.Decoder(_Restrictions)
_EXEMPLARS = msgspec.json.Decoder(_Exemplars)
_SINGLE = msgspec.json.Decoder(_Single)
_CODED = msgspec.json.Decoder(_SingleCoded)
_TASKS = msgspec.json.Decoder(_Tasks)
_LABEL = msgspec.json.Decoder(_Label)


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """One page of the shop's settings by id; `cursor` requests the next one, None when the answer has none."""

    by_id: Mapping[str, T]
    cursor: str | None
    has_next: bool


@dataclass(frozen=True, slots=True)
class Created:
    """The tasks that print a batch, or why Ozon will not print it."""

    tasks: tuple[int, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Printing:
    """The state of one label task: Ozon's status, and its message about each posting it could not print."""

    code: str
    unprinted: Mapping[str, str]
    file_url: str = field(default="", repr=False)
    """The address of the PDF, which gives access to the label."""
    printed: int | None = None
    asked: int = 0
    """Postings in the task, by its own count; 0 = unknown."""
    error: str = ""


def methods(answer: Answer) -> Rows[MethodState]:
    """One page of /v2/delivery-method/list."""
    found = decoded_loosely(_METHODS, answer, problem="no list of delivery methods in it", needed=_is_row)
    rows = found.delivery_methods if found.delivery_methods is not None else found.result
    if rows is None:
        raise failure(answer, "no list of delivery methods in it")
    states = {
        text(row.id): MethodState(
            status=_word(row.status, answer),
            name=text(row.name, NAME),
            warehouse_id=text(row.warehouse_id),
            changed_at=_time(row.updated_at, answer),
            flow=text(row.tpl_integration_type),
            cutoff=text(row.cutoff),
        )
        for row in rows
    }
    return _page(states, found, answer)


def warehouses(answer: Answer) -> Rows[WarehouseState]:
    """One page of /v2/warehouse/list."""
    found = decoded_loosely(_WAREHOUSES, answer, problem="no list of warehouses in it", needed=_is_row)
    rows = found.warehouses if found.warehouses is not None else found.result
    if rows is None:
        raise failure(answer, "no list of warehouses in it")
    states = {
        text(row.warehouse_id): WarehouseState(
            status=text(row.status),
            paused_at=_time(row.pause_at, answer),
            is_changing=bool(row.first_mile and row.first_mile.first_mile_is_changing is True),
            name=text(row.name, NAME),
            working_days=tuple(map(text, row.working_days or ())),
            first_mile=text(row.first_mile.type) if row.first_mile else "",
            label_size=text(row.carriage_label_type),
        )
        for row in rows
    }
    return _page(states, found, answer)


def limits(answer: Answer) -> DropoffLimits:
    """The answer of /v1/posting/fbs/restrictions."""
    found = decoded(_RESTRICTIONS, answer, problem="no restrictions in it").result
    if found is None or found == _Limits():
        raise failure(answer, "no restrictions in it")
    return DropoffLimits(
        max_weight=amount(found.max_posting_weight),
        max_price=amount(found.max_posting_price),
        sides=(amount(found.width), amount(found.length), amount(found.height)),
    )


def exemplars(answer: Answer) -> str:
    """The status of all pieces together in /v5/fbs/posting/product/exemplar/status."""
    return _word(decoded(_EXEMPLARS, answer, problem="no status in it").status, answer)


def detail(answer: Answer) -> Detail:
    """The data of /v3/posting/fbs/get that no list has."""
    found = decoded_loosely(_SINGLE, answer, problem="no posting in it", needed=_is_whole).result
    if found is None or not text(found.posting_number):
        raise failure(answer, "no posting in it")
    sized = [product.dimensions for product in found.products or () if product.dimensions]
    sides = [(amount(size.width), amount(size.length), amount(size.height)) for size in sized]
    return Detail(
        previous_substatus=text(found.previous_substatus),
        provider_status=text(found.provider_status, NAME),
        sides=tuple(each for each in sides if all(each)),
    )


def barcodes(answer: Answer) -> frozenset[str]:
    """The barcodes of a posting's label in /v3/posting/fbs/get, old ones and the one since October 2026."""
    found = decoded_loosely(_CODED, answer, problem="no posting in it", needed=_is_whole).result
    if found is None:
        raise failure(answer, "no posting in it")
    codes = found.barcodes or _Barcodes()
    return frozenset(map(text, (codes.upper_barcode, codes.lower_barcode, found.scanit))) - {""}


def created(answer: Answer) -> Created:
    """The answer of /v1/posting/fbs/package-label/create; a refusal of the postings is an answer, too."""
    tasks = decoded(_TASKS, answer, problem="no label tasks in it").tasks if answer.status == 200 else None
    if not tasks and (words := refusal(answer)):
        return Created(refusal=words)
    ids = [text(task.task_id) for task in tasks or ()]
    if not ids or not all(id_.isascii() and id_.isdigit() for id_ in ids):
        raise failure(answer, "no label tasks in it")
    return Created(tuple(map(int, ids)))


def printing(answer: Answer) -> Printing:
    """The answer of /v2/posting/fbs/package-label/get."""
    found = decoded_loosely(_LABEL, answer, problem="no label task in it", needed=_is_of_the_status)
    if found.status is None or not text(found.status.code):
        raise failure(answer, "no label task in it")
    status = found.status
    return Printing(
        code=text(status.code),
        unprinted={text(row.posting_number): text(row.message, MESSAGE) for row in status.unprinted_postings or ()},
        file_url=text(found.file_url, _ADDRESS),
        printed=None if status.printed_postings_count is None else count(status.printed_postings_count),
        asked=count(status.postings_count),
        error=_words(found.error or _Error()),
    )


def standing(task: Printing, number: str, *, asked: int) -> tuple[TaskState, str] | None:
    """What a task for so many postings says about one of them; None = nothing usable."""
    if message := task.unprinted.get(number) or (task.error if task.code == "error" else ""):
        return (TaskState.PENDING if is_not_ready(message) else TaskState.REFUSED), message
    if task.code in ("pending", "in_progress"):
        return TaskState.PENDING, ""
    if task.code != "completed":
        return None
    is_printed = task.file_url and number not in task.unprinted and _adds_up(task, asked)
    return (TaskState.PRINTED if is_printed else TaskState.MISSING), ""


def is_not_ready(message: str) -> bool:
    """True when the message only asks to wait."""
    return bool(_NOT_READY.search(message))


def _adds_up(task: Printing, asked: int) -> bool:
    """If some are neither printed nor named, none of the unnamed ones is known to be printed."""
    return task.printed is None or task.printed + len(task.unprinted) >= (task.asked or asked)


def _page(states: dict[str, T], found: _Methods | _Warehouses, answer: Answer) -> Rows[T]:
    if "" in states:
        raise failure(answer, "a row without an id")
    cursor = None if found.cursor is None else str(found.cursor)
    return Rows(states, cursor, has_next=found.has_next is True)


def _is_row(path: str) -> bool:
    """A row left out would look like a missing one, and a truncated list like a complete one."""
    return path.endswith("]") or path in (".has_next", ".cursor")


def _is_of_the_status(path: str) -> bool:
    """Without one of its counts or rows a label would count as printed."""
    return path.startswith(".status")


def _is_whole(path: str) -> bool:
    return path == ".result"


def _words(error: _Error) -> str:
    """Ozon's error message, or its code if there is no message; "0" means none."""
    return text(error.message, MESSAGE) or text(error.code).strip("0")


def _word(value: Loose, answer: Answer) -> str:
    word = text(value)
    if not word:
        raise failure(answer, "no status in it")
    return word


def _time(value: Loose, answer: Answer) -> datetime | None:
    try:
        return time(value)
    except ValueError as error:
        raise failure(answer, str(error)) from None
