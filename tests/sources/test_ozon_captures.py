"""What was seen in captures of the autumn of 2026, fact by fact: none of it may be taken for something else."""

from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Outcome
from labelwatch.core.diagnosis import diagnose
from labelwatch.core.enrichment import BATCH
from labelwatch.core.facts import Facts, TaskState
from labelwatch.core.lateness import label_offered, stage_of
from labelwatch.core.posting import Stage
from labelwatch.sources import Trouble
from labelwatch.sources.ozon import responses as answers
from labelwatch.sources.ozon.errors import Answer, failure
from labelwatch.sources.ozon.parse import one, page, read
from labelwatch.store import Store
from tests.sources.build import BARE, answer, parsed
from tests.support.core_builders import finding
from tests.support.poll_world import Story, posting, unpacked

BEFORE_PACKING = ["cancel", "has_barcode_for_printing", "product_cancel", "ship", "ship_async"]
WITH_DATA = [*BEFORE_PACKING, "ship_with_additional_info"]


def single(**fields: Any) -> Any:
    return {"result": {**BARE, **fields}}


@pytest.mark.parametrize(
    "body",
    [
        {"code": 5, "message": 'Unknown posting number "55200317-0207-4"', "details": []},
        {"code": 5, "message": "posting 55200317-0207-4 not found"},
        {"error": {"code": "NOT_FOUND_ERROR", "message": "POSTING_NOT_FOUND", "data": []}},
    ],
)
def test_an_unknown_posting_is_missing_in_either_form(body: dict[str, Any]) -> None:
    assert one(answer(body, 404)) is None


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (400, b'{"code":3,"message":"Circle is open"}', Trouble.OZON_DOWN),
        (429, b"Circle is open", Trouble.RATE_LIMITED),
        (400, b'{"code":9,"message":"obsolete method cannot be used"}', Trouble.METHOD_RETIRED),
    ],
)
def test_a_method_that_rests_is_asked_again_and_a_retired_one_is_not(
    status: int, body: bytes, trouble: Trouble
) -> None:
    error = failure(Answer("/list", status, {}, body))
    assert error.trouble is trouble
    assert trouble.is_final is (trouble is Trouble.METHOD_RETIRED)


@pytest.mark.parametrize("wrapped", [True, False])
def test_both_shapes_of_the_v4_lists_are_read(wrapped: bool) -> None:
    inner = {"postings": [BARE], "count": 2177, "has_next": True, "cursor": "c"}
    found = page(answer({"result": inner} if wrapped else inner))
    assert (len(found.items), found.cursor, found.has_next) == (1, "c", True)


def test_label_tasks_are_asked_for_by_twenty() -> None:
    assert BATCH == 20


@pytest.mark.parametrize("words", ["POSTINGS_NOT_READY", "postings are not ready", "NO_POSTINGS_FOR_BATCH_DOWNLOAD"])
def test_a_label_that_is_not_ready_is_no_refusal(words: str) -> None:
    assert answers.is_not_ready(words)
    error = {"code": words, "message": ""}
    task = answers.printing(answer({"status": {"code": "error"}, "error": error}))
    assert answers.standing(task, "1-1-1", asked=1) == (TaskState.PENDING, words)


@pytest.mark.parametrize("status", ["awaiting_packaging", "awaiting_registration", "awaiting_deliver"])
def test_a_barcode_that_can_be_printed_is_no_label(status: str) -> None:
    waiting = parsed(status=status, available_actions=BEFORE_PACKING)
    assert not label_offered(waiting)
    assert stage_of(waiting, had_label=False) is not Stage.DONE
    assert label_offered(parsed(status=status, available_actions=[*BEFORE_PACKING, "label_download"]))


def test_keys_that_no_schema_names_change_nothing() -> None:
    item = one(
        answer(
            single(
                received_at_sorting_center="1970-01-01T00:00:00Z",
                sla_discount={"amount": 0},
                tariffication_fact=None,
                delivery_price="",
                scanit="ii30525117479",
            )
        )
    )
    assert item is not None
    assert read(item) == parsed()


@pytest.mark.parametrize("skus", [[4116250392], ["4116250392"]])
def test_products_that_want_a_customs_number_are_numbers_or_texts(skus: list[Any]) -> None:
    found = parsed(requirements={"products_requiring_gtd": skus}, available_actions=WITH_DATA)
    assert found.requirements == (("products_requiring_gtd", ("4116250392",)),)
    late = finding(found, waited=timedelta(days=2))
    assert late is not None
    assert diagnose(late, Facts(), as_of=late.late_at).cause == "customs_number_missing"


def test_a_parcel_that_is_not_registered_has_neither_a_number_of_its_own_nor_barcodes() -> None:
    fields = {"tracking_number": "11-22-1", "barcodes": None, "integration_type_flow": "aggregator"}
    waiting = parsed(status="awaiting_registration", **fields)
    assert waiting.tracking_number == ""
    assert answers.barcodes(answer(single(**fields, scanit=""))) == frozenset()
    assert answers.barcodes(answer(single(**fields, scanit="ii30525117479"))) == {"ii30525117479"}


def test_the_parts_of_a_split_order_are_postings_like_others_whatever_their_numbers_end_in(
    sqlite_store: Store,
) -> None:
    mother, child, third = (f"0101-0001-{n}" for n in (1, 2, 7))
    story = Story(sqlite_store)
    story.lists(unpacked(mother))
    story.poll()
    parts = [unpacked(number, parent=mother) for number in (child, third)]
    story.lists(*parts)
    gone = posting(mother, status="cancelled_from_split_pending")
    # Asked for by its order, Ozon names the parts as well.
    story.source.elsewhere = {one.number: one for one in (gone, *parts)}
    for _ in range(2):
        story.poll(2)
    assert set(story.alerts()) == {child, third}
    assert story.alerts(open_only=False)[mother].outcome is Outcome.SPLIT
    assert len(story.told()) == 4
    assert set(story.told()) == {(mother, "first"), (mother, "resolved"), (child, "first"), (third, "first")}
