"""The world, its timeline and the told clock."""

from datetime import timedelta

import pytest

from labelwatch.sandbox import At, Fault, Kind, TellableClock, merged, needs, state
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, OZON, STAR
from tests.support.sandbox_player import GET, START, playing, world_of

A = "10000001-0001-1"


def test_a_change_is_laid_over_key_by_key_and_touches_neither() -> None:
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 4}
    change = {"a": {"c": [3]}, "e": 5}
    assert merged(base, change) == {"a": {"b": 1, "c": [3]}, "d": 4, "e": 5}
    assert base == {"a": {"b": 1, "c": [1, 2]}, "d": 4}


def test_events_happen_when_the_told_clock_passes_them() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    world.plan(At(minutes=12, posting=A, change=state(OZON.flow, "awaiting_deliver", label=True)))
    world.plan(At(minutes=5, posting=A, change=state(OZON.flow, "awaiting_deliver")))
    with playing(world) as play:
        seen = []
        for _ in range(3):
            posting = play.posting(A)
            seen.append((posting["status"], "label_download" in posting["available_actions"]))
            play.wait(minutes=6)
    assert seen == [("awaiting_packaging", False), ("awaiting_deliver", False), ("awaiting_deliver", True)]


def test_events_keep_their_own_times_when_many_are_due_at_once() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    world.plan(At(minutes=5, posting=A, change=state(OZON.flow, "awaiting_deliver")))
    world.advance(START + timedelta(hours=5))
    record = world.record(HOME.client_id, A)
    assert record is not None
    assert record.changed_at == START + timedelta(minutes=5)
    assert record.previous_substatus == "posting_created"


def test_a_step_back_of_the_clock_undoes_nothing() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    world.plan(At(minutes=5, posting=A, change=state(OZON.flow, "awaiting_deliver")))
    with playing(world) as play:
        play.wait(minutes=6)
        play.posting(A)
        play.wait(hours=-2)
        assert play.posting(A)["status"] == "awaiting_deliver"


def test_methods_warehouses_and_shops_change_too() -> None:
    world = world_of((A, AURORA, "awaiting_deliver", False))
    world.plan(
        At(minutes=0, method=AURORA.id, change={"status": "BROKEN"}),
        At(minutes=0, warehouse=AURORA.warehouse.id, change={"paused_at": START}),
        At(minutes=0, shop=STAR.client_id, change={"currency": "USD"}),
    )
    with playing(world) as play:
        asked = {"limit": 10, "filter": {"delivery_method_ids": [AURORA.id]}}
        methods = play.answer("/v2/delivery-method/list", asked, shop=STAR)["delivery_methods"]
        houses = play.answer("/v2/warehouse/list", {"limit": 10}, shop=STAR)["warehouses"]
        seller = play.answer("/v1/seller/info", shop=STAR)
    assert [method["status"] for method in methods] == ["BROKEN"]
    assert houses[0]["pause_at"] == "2026-11-20T06:00:00Z"
    assert seller["company"]["currency"] == "USD"


def test_ozon_can_be_down_for_a_while() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    world.plan(At(minutes=40, fault=Fault(kind=Kind.HTML, seconds=15 * 60)))
    with playing(world) as play:
        seen = []
        for _ in range(4):
            seen.append(play.ask(GET, {"posting_number": A}).status_code)
            play.wait(minutes=20)
    assert seen == [200, 200, 502, 200]


def test_a_fault_of_the_past_is_over() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    world.plan(At(minutes=40, fault=Fault(kind=Kind.HTML, seconds=15 * 60)))
    with playing(world) as play:
        play.wait(hours=2)
        assert play.ask(GET, {"posting_number": A}).status_code == 200


def test_rfbs_methods_stand_in_their_list_and_fbs_ones_do_not() -> None:
    with playing(world_of()) as play:
        assert play.answer("/v2/delivery-method/list", {"limit": 100})["delivery_methods"] == []
        first = play.answer("/v2/delivery-method/list", {"limit": 3}, shop=STAR)
        rest = play.answer("/v2/delivery-method/list", {"limit": 3, "cursor": first["cursor"]}, shop=STAR)
    assert [len(first["delivery_methods"]), len(rest["delivery_methods"])] == [3, 1]
    assert (first["has_next"], rest["has_next"], rest["cursor"]) == (True, False, "")


def test_open_requirements_show_in_the_exemplar_status() -> None:
    world = world_of((A, OZON, "awaiting_packaging", False))
    with playing(world) as play:
        asked = {"posting_number": A}
        path = "/v5/fbs/posting/product/exemplar/status"
        assert play.answer(path, asked)["status"] == "ship_available"
        sku = play.posting(A)["products"][0]["sku"]
        world.plan(At(minutes=0, posting=A, change=needs("mandatory_mark", sku)))
        answer = play.answer(path, asked)
    assert answer["status"] == "ship_not_available"
    assert answer["products"][0]["exemplars"][0]["gtd_check_status"] == "failed"


def test_a_need_that_ozon_does_not_know_is_a_mistake_of_the_scenario() -> None:
    with pytest.raises(ValueError, match="no such requirement: patience"):
        needs("patience", 1)


def test_the_clock_runs_stops_and_jumps_as_told() -> None:
    real = [100.0]
    clock = TellableClock(START, speed=60, ticks=lambda: real[0])
    real[0] += 2
    assert clock() == START + timedelta(minutes=2)
    clock.run(0)
    real[0] += 1000
    assert clock.now() == START + timedelta(minutes=2)
    clock.advance(timedelta(hours=-1))
    assert clock() == START - timedelta(minutes=58)
