"""The two posting lists: pages, filters, and what is refused."""

from typing import Any

import pytest

from labelwatch.sandbox import At, state
from labelwatch.sandbox.scenarios import many
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, OWN, OZON, POLAR, STAR
from tests.support.sandbox_player import LIST, LONG, START, UNFULFILLED, WIDE, numbers, pages, playing, world_of

A, B, C, D = "10000001-0001-1", "10000002-0002-1", "10000003-0003-1", "10000004-0004-1"


@pytest.mark.parametrize("path", [UNFULFILLED, LIST])
@pytest.mark.parametrize("direction", ["ASC", "desc"])
def test_pages_hold_every_posting_once_in_order(path: str, direction: str) -> None:
    with playing(many(START, 25)) as play:
        asked = {"limit": 10, "sort_dir": direction, "filter": WIDE if path == UNFULFILLED else LONG}
        found = pages(play, path, asked)
    assert [len(page["postings"]) for page in found] == [10, 10, 5]
    order = [number for page in found for number in numbers(page)]
    assert len(set(order)) == 25
    assert order == sorted(order, reverse=direction == "desc")
    assert found[-1]["cursor"] == ""


def test_a_posting_that_leaves_between_pages_shifts_no_other() -> None:
    with playing(many(START, 25)) as play:
        asked = {"limit": 10, "filter": {**WIDE, "statuses": ["awaiting_deliver"]}}
        first = play.answer(UNFULFILLED, asked)
        for number in numbers(first)[:5]:
            play.sandbox.world.plan(At(minutes=0, posting=number, change=state(OZON.flow, "delivering")))
        second = play.answer(UNFULFILLED, {**asked, "cursor": first["cursor"]})
    assert numbers(second)[0] == "80000010-0010-1"
    assert second["count"] == 20


def test_the_unfulfilled_list_counts_all_that_match() -> None:
    with playing(many(START, 25)) as play:
        assert play.answer(UNFULFILLED, {"limit": 2, "filter": WIDE})["count"] == 25
        assert "count" not in play.answer(LIST, {"limit": 2, "filter": LONG})


def test_parts_come_only_when_asked_for() -> None:
    parts = ("analytics_data", "barcodes", "financial_data", "legal_info")
    with playing(many(START, 1)) as play:
        bare = play.answer(LIST, {"limit": 1, "filter": LONG})["postings"][0]
        full = play.answer(LIST, {"limit": 1, "filter": LONG, "with": dict.fromkeys(parts, True)})["postings"][0]
    assert all(bare[part] is None for part in parts)
    assert all(full[part] for part in parts)


STATUSES = [
    ({}, {A, B, C}),
    ({"statuses": ["awaiting_packaging"]}, {A}),
    ({"statuses": ["awaiting_packaging", "awaiting_deliver"]}, {A, B}),
    ({"statuses": ["cancelled"]}, set()),
]


@pytest.mark.parametrize(("asked", "expected"), STATUSES)
def test_the_unfulfilled_list_ends_at_hand_over(asked: dict[str, Any], expected: set[str]) -> None:
    world = world_of(
        (A, OZON, "awaiting_packaging", False),
        (B, OZON, "awaiting_deliver", True),
        (C, OZON, "delivering", False),
        (D, OZON, "delivered", False),
    )
    with playing(world) as play:
        page = play.answer(UNFULFILLED, {"limit": 100, "filter": {**WIDE, **asked}})
    assert set(numbers(page)) == expected


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {A, B, C}),
    ({"order_numbers": ["10000001-0001", "10000003-0003"]}, {A, C}),
    ({"order_numbers": ["10000009-0009"]}, set()),
    ({"delivery_method_ids": [str(AURORA.id)]}, {A}),
    ({"delivery_method_ids": [AURORA.id, OWN.id]}, {A, C}),
    ({"provider_ids": [POLAR.carrier_id]}, {B}),
    ({"warehouse_ids": [OZON.warehouse.id]}, set()),
    ({"integration_type_flow": ["non_integrated"]}, {C}),
    ({"statuses": ["awaiting_registration"]}, {A}),
    ({"since": "2026-11-20T00:00:00Z", "to": "2026-11-20T01:00:00Z"}, set()),
    ({"last_changed_status_date": {"from": "2026-11-20T05:30:00Z", "to": "2026-11-20T06:30:00Z"}}, {B}),
]


@pytest.mark.parametrize(("asked", "expected"), FILTERS)
def test_filters_are_honoured(asked: dict[str, Any], expected: set[str]) -> None:
    world = world_of(
        (A, AURORA, "awaiting_registration", False),
        (B, POLAR, "awaiting_packaging", False),
        (C, OWN, "awaiting_deliver", False),
    )
    world.plan(At(minutes=0, posting=B, change=state(POLAR.flow, "awaiting_deliver")))
    with playing(world) as play:
        page = play.answer(LIST, {"limit": 100, "filter": {**LONG, **asked}}, shop=STAR)
    assert set(numbers(page)) == expected


def test_a_delivering_date_opens_the_unfulfilled_list_too() -> None:
    world = world_of((A, OZON, "awaiting_deliver", True), (B, OZON, "awaiting_deliver", True))
    gone = {**state(OZON.flow, "delivering"), "delivering_date": "2026-11-20T06:00:00Z"}
    world.plan(At(minutes=0, posting=A, change=gone))
    window = {"delivering_date_from": "2026-11-20T00:00:00Z", "delivering_date_to": "2026-11-21T00:00:00Z"}
    with playing(world) as play:
        assert numbers(play.answer(UNFULFILLED, {"limit": 10, "filter": window})) == [A]


NO_WINDOW = "either filter.cutoff or filter.delivering_date must be specified"
BOTH = {**WIDE, "delivering_date_from": WIDE["cutoff_from"], "delivering_date_to": WIDE["cutoff_to"]}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (UNFULFILLED, {"limit": 101, "filter": WIDE}, "limit"),
    (UNFULFILLED, {"limit": 0, "filter": WIDE}, "limit"),
    (UNFULFILLED, {"filter": WIDE}, "limit"),
    (UNFULFILLED, {"limit": 10}, NO_WINDOW),
    (UNFULFILLED, {"limit": 10, "filter": {}}, NO_WINDOW),
    (UNFULFILLED, {"limit": 10, "filter": BOTH}, NO_WINDOW),
    (UNFULFILLED, {"limit": 10, "filter": {"cutoff_from": WIDE["cutoff_from"]}}, "cutoff_to"),
    (UNFULFILLED, {"limit": 10, "filter": {**WIDE, "cutoff_to": "2027-11-20T00:00:00Z"}}, "PERIOD_IS_TOO_LONG"),
    (UNFULFILLED, {"limit": 10, "filter": {**WIDE, "cutoff_from": "2026-11-20T00:00:00"}}, "time zone"),
    (UNFULFILLED, {"limit": 10, "filter": {**WIDE, "statuses": ["delivered"]}}, "delivered"),
    (UNFULFILLED, {"limit": 10, "filter": WIDE, "cursor": "nonsense"}, "cursor"),
    (UNFULFILLED, {"limit": 10, "filter": WIDE, "sort_dir": "sideways"}, "sort_dir"),
    (LIST, {"limit": 10}, "filter"),
    (LIST, {"limit": 10, "filter": {"since": LONG["since"]}}, "filter.to"),
    (LIST, {"limit": 10, "filter": {**LONG, "since": "2025-06-01T00:00:00Z"}}, "PERIOD_IS_TOO_LONG"),
    (LIST, {"limit": 10, "filter": {**LONG, "statuses": ["sent_by_seller"]}}, "sent_by_seller"),
    (LIST, {"limit": 10, "filter": {**LONG, "statuses": ["awaiting_verification"]}}, "awaiting_verification"),
    (LIST, {"limit": 10, "filter": {**LONG, "order_numbers": ["1-1"] * 101}}, "order_numbers"),
    (LIST, {"limit": 10, "filter": {**LONG, "warehouse_ids": ["no number"]}}, "warehouse_ids"),
]


@pytest.mark.parametrize(("path", "body", "word"), REFUSED)
def test_what_ozon_refuses_is_refused(path: str, body: dict[str, Any], word: str) -> None:
    with playing(many(START, 1)) as play:
        response = play.ask(path, body)
    assert response.status_code == 400
    assert response.json()["code"] == 3
    assert word in response.json()["message"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(content: bytes) -> None:
    with playing(many(START, 1)) as play:
        headers = {"Client-Id": HOME.client_id, "Api-Key": HOME.api_key}
        response = play.client.post(LIST, content=content, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, 3)


def test_a_shop_sees_its_own_postings_only() -> None:
    with playing(world_of((A, OZON, "awaiting_deliver", True))) as play:
        assert numbers(play.answer(LIST, {"limit": 10, "filter": LONG}, shop=STAR)) == []
        answer = play.ask("/v3/posting/fbs/get", {"posting_number": A}, shop=STAR)
    assert answer.status_code == 404
    assert answer.json() == {"code": 5, "message": f'Unknown posting number "{A}"', "details": []}


def test_a_status_nobody_can_ask_for_still_stands_in_the_unnamed_lists() -> None:
    with playing(world_of((A, OZON, "cancelled_from_split_pending", False))) as play:
        assert numbers(play.answer(LIST, {"limit": 10, "filter": LONG})) == [A]
        assert numbers(play.answer(UNFULFILLED, {"limit": 10, "filter": WIDE})) == []
