"""Label tasks and the PDF behind them: created, waiting, printing, done, by the virtual clock.

The key `_label` of a posting sets the result of printing it: {} prints it once the label is offered;
{"unprinted": "why"} finishes without it, {"stuck": True} never finishes, {"error": "why"} ends in an error,
{"no_file": True} finishes without a file, {"lost": True} without the posting and without a word about it.
{"sheet": "blank"} prints an empty page, {"sheet": "other"} another posting's, whose number begins like this one's,
{"sheet": "several"} its own amid others, {"sheet": "bars"} its barcode and no number; {"sheet": "scanit"} what labels
bear since October 2026 instead of the number, {"sheet": "goods"} the same with a page of goods behind it, and
{"sheet": "scanits"} the same among others. Faults of the path /files/ affect the file.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from labelwatch.sandbox.bodies import LABEL_ACTIONS
from labelwatch.sandbox.http import bad_request, integer, not_found
from labelwatch.sandbox.label_pdf import Label, pdf
from labelwatch.sandbox.posting_index import Record
from labelwatch.sandbox.shops import Body, Shop
from labelwatch.sandbox.world import World

LARGEST_BATCH = 20
PENDING = timedelta(seconds=2)
PRINTING = timedelta(seconds=3)
NOT_YET = "Этикетка формируется"
_TASKS = {"BIG": ("big_label",), "SMALL": ("small_label",)}
_MILLIMETRES = {"big_label": (75, 120), "small_label": (58, 40)}


@dataclass(frozen=True, slots=True)
class Task:
    """One printing task of one size."""

    id: int
    kind: str
    client_id: str
    numbers: tuple[str, ...]
    created_at: datetime


class LabelTasks:
    """Creates label tasks and reports their state. A repeated batch gets its existing tasks."""

    def __init__(self, world: World, file_url: Callable[[str], str]) -> None:
        self._world = world
        self._file_url = file_url
        self._ids = count(5_819_000_000_001)
        self._tasks: dict[int, Task] = {}
        self._batches: dict[tuple[str, frozenset[str]], list[Task]] = {}

    def create(self, shop: Shop, body: Body) -> Body:
        """/v3/posting/fbs/package-label/create; one posting that cannot be printed fails the batch."""
        numbers = body.get("posting_numbers")
        if not isinstance(numbers, list) or not 1 <= len(numbers) <= LARGEST_BATCH:
            raise bad_request(f"invalid posting_numbers: value must contain between 1 and {LARGEST_BATCH} items")
        records = [self._printable(shop, str(number)) for number in numbers]
        batch = (shop.client_id, frozenset(record.number for record in records))
        if batch not in self._batches:
            self._batches[batch] = [self._open(shop, records, kind=kind) for kind in self._kinds(shop, records[0])]
        return {"tasks": [{"task_id": task.id, "task_type": task.kind} for task in self._batches[batch]]}

    def get(self, shop: Shop, body: Body) -> Body:
        """/v2/posting/fbs/package-label/get."""
        task = self._tasks.get(integer(body.get("task_id"), "task_id"))
        if task is None or task.client_id != shop.client_id:
            raise not_found("TASK_NOT_FOUND")
        code, error = self._standing(task)
        unprinted = self._unprinted(task) if code == "completed" else []
        printed = len(self._in_file(task)) if code == "completed" else 0
        return {
            "error": {"code": "INTERNAL" if error else "", "message": error},
            "file_url": self._file_url(_file_name(task)) if printed and not self._any(task, "no_file") else "",
            "status": {
                "code": code,
                "postings_count": len(task.numbers),
                "printed_postings_count": printed,
                "unprinted_postings": unprinted,
            },
        }

    def file(self, name: str) -> bytes | None:
        """The PDF of a finished task; None for an unknown name."""
        task = next((task for task in self._tasks.values() if _file_name(task) == name), None)
        if task is None or self._standing(task)[0] != "completed":
            return None
        labels = [label for number in self._in_file(task) for label in self._drawn(task, number)]
        return pdf(labels, size=_MILLIMETRES[task.kind])

    def _printable(self, shop: Shop, number: str) -> Record:
        record = self._world.record(shop.client_id, number)
        if record is None:
            raise bad_request("POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY")
        status = record.body["status"]
        if status in ("delivering", "driver_pickup", "delivered"):
            raise bad_request("label not allowed for delivered postings")
        if not offered(record) and not (status == "awaiting_deliver" and record.body.get("_label")):
            raise bad_request("NO_POSTINGS_FOR_BATCH_DOWNLOAD")
        return record

    def _kinds(self, shop: Shop, record: Record) -> tuple[str, ...]:
        house = self._world.warehouses[shop.client_id].get(record.body["delivery_method"]["warehouse_id"])
        return _TASKS.get(house.label_type if house else "SMALL", ("big_label", "small_label"))

    def _open(self, shop: Shop, records: list[Record], *, kind: str) -> Task:
        numbers = tuple(record.number for record in records)
        task = Task(next(self._ids), kind, shop.client_id, numbers, self._world.now)
        self._tasks[task.id] = task
        return task

    def _standing(self, task: Task) -> tuple[str, str]:
        """The status code and, when it failed, why."""
        age = self._world.now - task.created_at
        if age < PENDING:
            return "pending", ""
        if age < PENDING + PRINTING or self._any(task, "stuck"):
            return "in_progress", ""
        error = self._any(task, "error")
        return ("error", str(error)) if error else ("completed", "")

    def _in_file(self, task: Task) -> list[str]:
        missing = {row["posting_number"] for row in self._unprinted(task)}
        return [number for number in task.numbers if number not in missing and not self._hint(task, number, "lost")]

    def _unprinted(self, task: Task) -> list[Body]:
        rows = ((number, self._why_not(task, number)) for number in task.numbers)
        return [{"posting_number": number, "message": why} for number, why in rows if why]

    def _why_not(self, task: Task, number: str) -> str:
        record = self._world.record(task.client_id, number)
        if record is None or offered(record) or self._hint(task, number, "lost"):
            return ""
        return str(self._hint(task, number, "unprinted") or NOT_YET)

    def _drawn(self, task: Task, number: str) -> list[Label]:
        record = self._world.record(task.client_id, number)
        assert record is not None, "a task has postings of the shop, and none is ever removed"
        mine = Label(number, record.body["barcodes"]["upper_barcode"])
        other = Label(f"{number}1", f"{mine.code}1")
        scanit = record.body["scanit"]
        new, another = _new(scanit), _new(f"{scanit[:-1]}{9 - int(scanit[-1])}")
        sheets = {
            "blank": [Label("", "")],
            "other": [other],
            "several": [other, mine, other],
            "bars": [replace(mine, number="")],
            "scanit": [new],
            "goods": [new, Label("", "", "Goods: 1 pc")],
            "scanits": [another, new],
        }
        return sheets.get(self._hint(task, number, "sheet"), [mine])

    def _any(self, task: Task, key: str) -> Any:
        return next((hint for number in task.numbers if (hint := self._hint(task, number, key))), None)

    def _hint(self, task: Task, number: str, key: str) -> Any:
        record = self._world.record(task.client_id, number)
        return record.body.get("_label", {}).get(key) if record else None


def offered(record: Record) -> bool:
    """Whether the posting itself says that its label is available."""
    return any(action in record.body["available_actions"] for action in (*LABEL_ACTIONS, "label_download_big"))


def _new(scanit: str) -> Label:
    """A label as Ozon prints it since October 2026: the code in capitals, in two groups."""
    code = f"{scanit[:6]} {scanit[6:]}".upper()
    return Label("", code, code)


def _file_name(task: Task) -> str:
    return f"{task.kind}/ticket-{task.id}.pdf"
