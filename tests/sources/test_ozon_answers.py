"""What Ozon answers about late postings: everything that matters is kept, and what makes no sense is a failure."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.facts import Detail, DropoffLimits, MethodState, TaskState, WarehouseState
from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon import responses as answers
from labelwatch.sources.ozon.responses import Created, Printing, Rows
from tests.sources.build import ANYTHING, answer

MORNING = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
METHOD = {"id": 7, "name": "Курьер", "status": "BROKEN", "warehouse_id": "8", "updated_at": "2026-11-20T06:00:00Z"}
HOUSE = {"warehouse_id": "8", "status": "created", "pause_at": None, "first_mile": {"first_mile_is_changing": False}}
BROKEN = MethodState("BROKEN", "Курьер", "8", MORNING)

METHOD_PAGES = [
    ({"delivery_methods": [METHOD], "has_next": False, "cursor": ""}, Rows({"7": BROKEN}, "", has_next=False)),
    ({"result": [METHOD], "has_next": False}, Rows({"7": BROKEN}, None, has_next=False)),
    ({"delivery_methods": [], "has_next": True, "cursor": "c"}, Rows({}, "c", has_next=True)),
    ({"delivery_methods": [], "has_next": "string"}, Rows({}, None, has_next=False)),
    (
        {"delivery_methods": [{"id": "7", "status": "ACTIVE", "updated_at": None, "cutoff": "13:00"}]},
        Rows({"7": MethodState("ACTIVE", cutoff="13:00")}, None, has_next=False),
    ),
]


@pytest.mark.parametrize(("body", "rows"), METHOD_PAGES)
def test_delivery_methods_are_read_under_either_name(body: object, rows: Rows[MethodState]) -> None:
    assert answers.methods(answer(body)) == rows


HOUSES: list[tuple[dict[str, Any], WarehouseState]] = [
    ({}, WarehouseState("created")),
    ({"status": "disabled_due_to_limit"}, WarehouseState("disabled_due_to_limit")),
    ({"pause_at": "2026-11-20T06:00:00Z"}, WarehouseState("created", MORNING)),
    ({"pause_at": "0001-01-01T00:00:00Z"}, WarehouseState("created")),
    ({"first_mile": {"first_mile_is_changing": True}}, WarehouseState("created", is_changing=True)),
    ({"first_mile": None}, WarehouseState("created")),
    ({"status": None, "phone": "+7000555", "courier_phones": ["+7000555"]}, WarehouseState("")),
]


@pytest.mark.parametrize(("fields", "state"), HOUSES)
def test_a_warehouse_tells_whether_it_works(fields: dict[str, Any], state: WarehouseState) -> None:
    body = {"warehouses": [{**HOUSE, **fields}], "has_next": False}
    assert answers.warehouses(answer(body)) == Rows({"8": state}, None, has_next=False)


LIMITS: list[tuple[dict[str, Any], DropoffLimits]] = [
    ({"max_posting_weight": 25000, "max_posting_price": 5e5}, DropoffLimits(25000, 500000)),
    ({"width": 10, "length": "20.5", "height": 30.0}, DropoffLimits(sides=(10, 20.5, 30))),
    ({"posting_number": "1", "max_posting_weight": 0}, DropoffLimits()),
    ({"max_posting_weight": -1, "width": "wide"}, DropoffLimits()),
]


@pytest.mark.parametrize(("result", "limits"), LIMITS)
def test_the_limits_of_a_drop_off_point(result: dict[str, Any], limits: DropoffLimits) -> None:
    assert answers.limits(answer({"result": result})) == limits


DETAILS: list[tuple[dict[str, Any], Detail]] = [
    ({}, Detail()),
    (
        {"previous_substatus": "posting_created", "provider_status": " held\nup "},
        Detail("posting_created", "held up"),
    ),
    (
        {"products": [{"dimensions": {"height": "150.00", "length": "500.00", "width": "300.00"}}]},
        Detail(sides=((300, 500, 150),)),
    ),
    (
        {"products": [{"dimensions": {"height": "0", "length": "1", "width": "1"}}, {"dimensions": None}, {}]},
        Detail(),
    ),
    ({"customer": {"phone": "+7000555"}, "courier": {"name": "Канарейкин"}}, Detail()),
]


@pytest.mark.parametrize(("result", "detail"), DETAILS)
def test_the_detail_of_a_posting(result: dict[str, Any], detail: Detail) -> None:
    assert answers.detail(answer({"result": {"posting_number": "1-1-1", **result}})) == detail


def test_the_word_for_the_marks_is_kept_whatever_it_is() -> None:
    assert answers.exemplars(answer({"status": "ship_available", "products": [{}]})) == "ship_available"
    assert answers.exemplars(answer({"status": "added_later"})) == "added_later"


# (HTTP status, message, is it a refusal of the postings)
REFUSALS = [
    (400, "NO_POSTINGS_FOR_BATCH_DOWNLOAD", True),
    (400, "POSTINGS_NOT_READY", True),
    (400, "POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY", True),
    (400, "label not allowed for delivered postings", True),
    (409, "The next postings aren't ready", True),
    (404, "POSTING_NOT_FOUND", True),
    (200, "The next postings aren't ready", True),
    (400, "Request validation error: invalid PostingNumbers: value must contain no more than 10 items", False),
    (400, "proto: syntax error (line 1:2): unexpected token", False),
    (404, "Invalid Api-Key, please check the key and try again", False),
    (403, "Api-Key is missing a required role for a method", False),
    (403, "words never heard", False),
    (429, "You have reached request rate limit per second", False),
    (500, "Internal error", False),
    (400, "", False),
]


@pytest.mark.parametrize(("status", "message", "refused"), REFUSALS)
def test_a_batch_is_refused_for_its_postings_or_the_question_failed(status: int, message: str, refused: bool) -> None:
    reply = answer({"code": 3, "message": message, "details": []}, status)
    if refused:
        assert answers.created(reply) == Created(refusal=message)
        return
    with pytest.raises(SourceError):
        answers.created(reply)


def test_the_tasks_of_a_batch_are_kept_by_their_ids() -> None:
    tasks = [{"task_id": 5819327210248, "task_type": "big_label"}, {"task_id": "5819327210249"}]
    assert answers.created(answer({"tasks": tasks})) == Created((5819327210248, 5819327210249))
    assert answers.created(answer({"tasks": tasks, "code": "OK", "message": "fine"})).refusal == ""


def told(code: str, **fields: Any) -> Printing:
    file = fields.pop("file_url", "https://ir.example/label.pdf")
    error = fields.pop("error", {"code": "", "message": ""})
    return answers.printing(answer({"status": {"code": code, **fields}, "file_url": file, "error": error}))


def named(message: str | None, number: str = "1") -> dict[str, Any]:
    return {"unprinted_postings": [{"posting_number": number, "message": message}]}


PENDING, PRINTED, REFUSED, MISSING = TaskState.PENDING, TaskState.PRINTED, TaskState.REFUSED, TaskState.MISSING

# (how the task of two postings, 1 and 2, stands; what that says about 1)
STANDINGS: list[tuple[Printing, tuple[TaskState, str] | None]] = [
    (told("pending"), (PENDING, "")),
    (told("in_progress", printed_postings_count=1), (PENDING, "")),
    (told("completed", postings_count=2, printed_postings_count=2), (PRINTED, "")),
    (told("completed", postings_count=2, printed_postings_count=1, **named("no", "2")), (PRINTED, "")),
    (told("completed", printed_postings_count="2", unprinted_postings=None), (PRINTED, "")),
    (told("completed"), (PRINTED, "")),
    (told("completed", printed_postings_count=2, file_url=""), (MISSING, "")),
    (told("completed", printed_postings_count=2, file_url=None), (MISSING, "")),
    (told("completed", postings_count=2, printed_postings_count=1), (MISSING, "")),
    (told("completed", printed_postings_count=0), (MISSING, "")),
    # one more was in the task when it was made: two printed are not all
    (told("completed", postings_count=3, printed_postings_count=2), (MISSING, "")),
    (told("completed", printed_postings_count=1, **named("")), (MISSING, "")),
    (told("completed", printed_postings_count=1, **named("Склад закрыт")), (REFUSED, "Склад закрыт")),
    (told("completed", printed_postings_count=1, **named("Отправление отменено")), (REFUSED, "Отправление отменено")),
    (
        told("completed", printed_postings_count=1, **named("Стикер ещё формируется")),
        (PENDING, "Стикер ещё формируется"),
    ),
    (told("error", error=None, **named("not ready")), (PENDING, "not ready")),
    (told("error", error={"message": "No paper"}), (REFUSED, "No paper")),
    (told("error", error={"message": "The next postings aren't ready"}), (PENDING, "The next postings aren't ready")),
    (told("error"), None),
    (told("error", error=None), None),
    (told("added_later"), None),
]


@pytest.mark.parametrize(("task", "standing"), STANDINGS)
def test_a_label_task_says_how_a_posting_stands(task: Printing, standing: tuple[TaskState, str] | None) -> None:
    assert answers.standing(task, "1", asked=2) == standing


PATIENCE = [
    ("Стикер ещё формируется", True),
    ("Этикетка еще не сформирована", True),
    ("The next postings aren't ready", True),
    ("posting isn’t ready", True),
    ("label is not ready", True),
    ("Label is being generated", True),
    ("Please, try again a bit later", True),
    ("Попробуйте повторить позже", True),
    ("no_postings_for_batch_download", True),
    ("Не удалось сформировать этикетку", False),
    ("Отправление отменено", False),
    ("label not allowed for delivered postings", False),
    ("INVALID_ARGUMENT", False),
    ("POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY", False),
    ("", False),
]


@pytest.mark.parametrize(("message", "patience"), PATIENCE)
def test_a_message_asks_for_patience_or_refuses(message: str, patience: bool) -> None:
    assert answers.is_not_ready(message) is patience


def test_a_message_is_kept_word_for_word_on_one_line_and_not_for_ever() -> None:
    assert answers.standing(told("completed", **named("two\nlines\x00 «so»")), "1", asked=1) == (
        REFUSED,
        "two lines  «so»",
    )
    assert len(answers.created(answer({"message": "no " * 500}, 400)).refusal) == 300


UNDERSTAND = [
    *(answers.methods, answers.warehouses, answers.limits, answers.exemplars),
    *(answers.detail, answers.created, answers.printing),
]
SENSELESS: list[object] = [
    *(None, [], {}, "", 5, {"result": None}, {"result": True}, {"result": {}}, {"result": {"products": 5}}),
    *({"delivery_methods": None}, {"delivery_methods": [None]}, {"delivery_methods": [{"status": "ACTIVE"}]}),
    *({"delivery_methods": [{"id": 7}]}, {"delivery_methods": [{**METHOD, "updated_at": "lately"}]}),
    *({"warehouses": {}}, {"warehouses": [{"status": "new"}]}, {"warehouses": [{**HOUSE, "pause_at": "now"}]}),
    *({"status": ""}, {"status": {"code": ""}}, {"status": {"code": None}}, {"status": {"unprinted_postings": []}}),
    *({"tasks": []}, {"tasks": [{"task_id": "x"}]}, {"tasks": [{"task_id": -5}]}, {"tasks": [{"task_id": None}]}),
    *({"tasks": [{"task_id": "²"}]}, {"code": 13}, {"error": {}}),
]


@pytest.mark.parametrize("body", SENSELESS)
@pytest.mark.parametrize("understand", UNDERSTAND)
def test_an_answer_that_makes_no_sense_is_none(body: object, understand: Any) -> None:
    with pytest.raises(SourceError) as caught:
        understand(answer(body))
    assert caught.value.trouble is Trouble.NOT_UNDERSTOOD


TASK: dict[str, Any] = {"status": {"code": "completed", "postings_count": 1}, "file_url": "https://a/b.pdf"}

# (what understands it, an answer with something odd in it, the same without)
LOOSE: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (
        answers.methods,
        {"delivery_methods": [{**METHOD, "name": []}], "has_next": False},
        {"delivery_methods": [{**METHOD, "name": None}], "has_next": False},
    ),
    (
        answers.warehouses,
        {"warehouses": [{**HOUSE, "first_mile": []}]},
        {"warehouses": [{**HOUSE, "first_mile": None}]},
    ),
    (
        answers.detail,
        {"result": {"posting_number": "1", "provider_status": "at work", "products": [None, {"dimensions": []}]}},
        {"result": {"posting_number": "1", "provider_status": "at work"}},
    ),
    (answers.barcodes, {"result": {"barcodes": [], "scanit": "ii1"}}, {"result": {"scanit": "ii1"}}),
    (answers.printing, {**TASK, "error": []}, TASK),
]


@pytest.mark.parametrize(("understand", "odd", "plain"), LOOSE)
def test_what_is_odd_and_not_needed_spoils_no_answer(understand: Any, odd: object, plain: object) -> None:
    assert understand(answer(odd)) == understand(answer(plain))


@pytest.mark.parametrize(
    "status", [{"code": "completed", "printed_postings_count": []}, {"unprinted_postings": [None]}]
)
def test_a_label_task_with_a_broken_count_is_none(status: dict[str, Any]) -> None:
    with pytest.raises(SourceError):
        answers.printing(answer({**TASK, "status": {**TASK["status"], **status}}))


def test_an_error_whose_message_is_a_broken_string_is_understood() -> None:
    with pytest.raises(SourceError) as caught:
        answers.exemplars(answer(b'{"code": 7, "message": "Api-Key is missing a required role\t\\ud83d"}', 403))
    assert caught.value.trouble is Trouble.ROLE_MISSING


FIELDS = [
    *("delivery_methods", "warehouses", "result", "cursor", "has_next", "status", "tasks", "error", "file_url"),
    *("message", "code"),
]
ROWS = st.sampled_from(
    [
        *("id", "warehouse_id", "status", "task_id", "updated_at", "pause_at", "first_mile", "posting_number"),
        *("products", "width", "max_posting_weight", "code", "message", "unprinted_postings", "postings_count"),
    ]
)
SHAPED = st.dictionaries(
    st.sampled_from(FIELDS),
    ANYTHING | st.dictionaries(ROWS, ANYTHING) | st.lists(st.dictionaries(ROWS, ANYTHING), max_size=3),
)


@given(SHAPED | ANYTHING, st.sampled_from([200, 400, 403, 404, 409, 500]), st.sampled_from(UNDERSTAND))
def test_any_json_is_an_answer_or_a_named_trouble(body: Any, status: int, understand: Any) -> None:
    try:
        found = understand(answer(msgspec.json.encode(body), status))
    except SourceError:
        return
    assert isinstance(found, Rows | DropoffLimits | Detail | Created | Printing | str)
    if isinstance(found, Printing):
        standing = answers.standing(found, "1", asked=1)
        assert standing is None or isinstance(standing[0], TaskState)


@given(st.binary(max_size=100), st.sampled_from(UNDERSTAND))
def test_any_bytes_are_a_named_trouble(body: bytes, understand: Any) -> None:
    with pytest.raises(SourceError):
        understand(answer(body))
