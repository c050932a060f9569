"""What a seller does by hand: the world moves as Ozon's would."""

from typing import Any

import pytest

from labelwatch.sandbox import At, Method, Stall, World, needs
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, OWN, OZON, POLAR, STAR, shop_of
from labelwatch.sandbox.shops import Shop
from tests.support.sandbox_player import START, Play, playing, world_of

SHIP = "/v4/posting/fbs/ship"
BOXES = "/v3/posting/multiboxqty/set"
CUTOFF = "/v1/posting/cutoff/set"
TRACKING = "/v2/fbs/posting/tracking-number/set"
NUMBER = "10000001-0001-1"


def waiting(method: Method = OZON, change: dict[str, Any] | None = None, status: str = "awaiting_packaging") -> World:
    world = world_of((NUMBER, method, status, False))
    world.plan(At(minutes=0, posting=NUMBER, change=change or {}))
    return world


def ship(play: Play, shop: Shop, *, quantity: int = 1) -> Any:
    sku = play.posting(NUMBER, shop=shop)["products"][0]["sku"]
    packages = [{"products": [{"product_id": sku, "quantity": quantity}]}]
    body = {"posting_number": NUMBER, "packages": packages, "with": {"additional_data": True}}
    return play.ask(SHIP, body, shop=shop)


WAYS = [
    (OZON, ["awaiting_deliver", "awaiting_deliver"], False, True),
    (POLAR, ["awaiting_deliver", "awaiting_deliver"], False, True),
    (OWN, ["awaiting_deliver", "awaiting_deliver"], False, False),
    (AURORA, ["awaiting_registration", "awaiting_deliver"], True, True),
]


@pytest.mark.parametrize(("method", "statuses", "tracked", "labelled"), WAYS)
def test_a_shipped_posting_goes_the_way_of_its_flow(
    method: Method, statuses: list[str], tracked: bool, labelled: bool
) -> None:
    shop = shop_of(method)
    with playing(waiting(method)) as play:
        answer = ship(play, shop).json()
        at_once = play.posting(NUMBER, shop=shop)
        play.wait(minutes=10)
        later = play.posting(NUMBER, shop=shop)
    assert answer["result"] == [NUMBER]
    assert answer["additional_data"][0]["posting_number"] == NUMBER
    assert [at_once["status"], later["status"]] == statuses
    assert "label_download" not in at_once["available_actions"]
    assert ("label_download" in later["available_actions"]) is labelled
    assert bool(later["tracking_number"]) is tracked


def test_the_label_of_a_shipped_posting_takes_fifty_seconds() -> None:
    with playing(waiting()) as play:
        ship(play, HOME)
        play.wait(seconds=49)
        assert "label_download" not in play.posting(NUMBER)["available_actions"]
        play.wait(seconds=2)
        assert "label_download" in play.posting(NUMBER)["available_actions"]
        assert play.posting(NUMBER)["previous_substatus"] == "posting_created"


CANNOT = [
    (waiting(status="awaiting_deliver"), "POSTING_ALREADY_SHIPPED"),
    (waiting(status="awaiting_registration"), "HAS_INCORRECT_STATUS"),
    (waiting(status="cancelled"), "POSTING_ALREADY_CANCELLED"),
    (waiting(status="delivered"), "HAS_INCORRECT_STATUS"),
    (waiting(change=needs("gtd", 1)), "EXEMPLAR_INFO_NOT_FILLED_COMPLETELY"),
    (waiting(change={"_restrictions": {"max_posting_weight": 1}}), "INCORRECT_OVH_FOR_POSTING"),
    (waiting(change={"integration_type_flow": "FBP"}), "SHIP_FBP_POSTINGS_IS_FORBIDDEN"),
]


@pytest.mark.parametrize(("world", "words"), CANNOT, ids=[words for _, words in CANNOT])
def test_what_cannot_be_shipped_says_why(world: World, words: str) -> None:
    with playing(world) as play:
        response = ship(play, HOME)
    assert (response.status_code, response.json()["message"]) == (400, words)


def test_a_wrong_quantity_is_refused() -> None:
    with playing(waiting()) as play:
        assert ship(play, HOME, quantity=2).json()["message"] == "HAS_INCORRECT_PRODUCT_QUANTITY"


def test_counting_the_boxes_settles_a_multibox_posting() -> None:
    with playing(waiting(AURORA, {"is_multibox": True})) as play:
        asked = {"posting_number": NUMBER, "multi_box_qty": 3}
        assert play.answer(BOXES, asked, shop=STAR) == {"result": {"result": True}}
        told = play.posting(NUMBER, shop=STAR)
        assert (told["is_multibox"], told["multi_box_qty"]) == (False, 3)
        assert play.ask(BOXES, {**asked, "multi_box_qty": 0}, shop=STAR).status_code == 400


def test_the_date_is_chosen_once_and_in_time() -> None:
    choice = {"available_actions": ["set_cutoff"], "shipment_date": "2026-11-20T08:00:00Z"}
    asked = {"posting_number": NUMBER, "new_cutoff_date": "2026-11-25T08:00:00Z"}
    with playing(waiting(OWN, choice)) as play:
        assert play.answer(CUTOFF, asked, shop=STAR) == {"result": True}
        assert play.posting(NUMBER, shop=STAR)["shipment_date"] == "2026-11-25T08:00:00Z"
        assert play.ask(CUTOFF, asked, shop=STAR).status_code == 400
    with playing(waiting(OWN, choice)) as play:
        play.wait(hours=3)
        assert play.ask(CUTOFF, asked, shop=STAR).json()["message"] == "TRANSITION_IS_NOT_POSSIBLE"


def test_tracking_numbers_succeed_or_fail_row_by_row() -> None:
    other = "10000002-0002-1"
    world = world_of((NUMBER, OWN, "awaiting_deliver", False), (other, AURORA, "awaiting_deliver", False))
    rows = [{"posting_number": number, "tracking_number": "T1"} for number in (NUMBER, other, "3-3-3")]
    with playing(world) as play:
        answer = play.answer(TRACKING, {"tracking_numbers": rows}, shop=STAR)["result"]
        assert play.posting(NUMBER, shop=STAR)["tracking_number"] == "T1"
    assert [row["result"] for row in answer] == [True, False, False]
    assert [row["error"] for row in answer] == ["", "HAS_INCORRECT_TPL_INTEGRATION_TYPE", "POSTING_NOT_FOUND"]


def test_what_a_posting_says_itself_takes_the_place_of_the_usual_way() -> None:
    fails = {"substatus": "ship_failed", "_ship": []}
    with playing(waiting(change={"_ship": [[0, {}], [2, fails]]})) as play:
        ship(play, HOME)
        play.wait(minutes=3)
        failed = play.posting(NUMBER)
        ship(play, HOME)
        play.wait(minutes=3)
        again = play.posting(NUMBER)
    assert (failed["status"], failed["substatus"]) == ("awaiting_packaging", "ship_failed")
    assert "label_download" in again["available_actions"]


NOT_READY: list[tuple[dict[str, Any], str]] = [
    ({"available_actions": ["cancel", "ship_async_in_process"]}, "TRANSITION_IS_NOT_POSSIBLE"),
    ({"available_actions": ["set_cutoff"]}, "TRANSITION_IS_NOT_POSSIBLE"),
    ({"is_multibox": True, "multi_box_qty": 0}, "MULTI_BOX_QTY_IS_NOT_SET"),
]


@pytest.mark.parametrize(("change", "message"), NOT_READY)
def test_what_is_not_ready_to_ship_is_refused(change: dict[str, Any], message: str) -> None:
    with playing(waiting(change=change)) as play:
        answer = ship(play, HOME)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


def test_a_date_that_was_chosen_lets_it_be_shipped() -> None:
    with playing(waiting(change={"available_actions": ["set_cutoff"]})) as play:
        play.answer(CUTOFF, {"posting_number": NUMBER, "new_cutoff_date": "2026-11-21T08:00:00Z"})
        assert ship(play, HOME).status_code == 200


@pytest.mark.parametrize("carrier", ["", AURORA.carrier])
def test_a_stall_holds_up_what_is_due_within_it(carrier: str) -> None:
    world = waiting(AURORA)
    world.stalls.append(Stall(carrier, 0, 120))
    with playing(world) as play:
        ship(play, STAR)
        play.wait(minutes=119)
        assert play.posting(NUMBER, shop=STAR)["status"] == "awaiting_registration"
        play.wait(minutes=20)
        later = play.posting(NUMBER, shop=STAR)
    assert later["tracking_number"]
    assert "label_download" in later["available_actions"]


def test_what_a_stall_held_up_comes_in_its_order() -> None:
    world = World(START)
    world.stalls.append(Stall("", 0, 300))
    moments = [world.unstalled("Aurora Post", minutes) for minutes in range(0, 330, 7)]
    assert moments == sorted(moments)
    assert moments[0] == pytest.approx(300)
    assert moments[-1] == 329


def test_a_stall_of_another_carrier_holds_up_nothing() -> None:
    world = waiting(AURORA)
    world.stalls.append(Stall("Silk Road Express", 0, 120))
    with playing(world) as play:
        ship(play, STAR)
        play.wait(minutes=10)
        assert "label_download" in play.posting(NUMBER, shop=STAR)["available_actions"]


def test_a_method_that_is_broken_gets_no_parcels_and_so_no_label() -> None:
    world = waiting(POLAR)
    world.plan(At(minutes=0, method=POLAR.id, change={"status": "BROKEN"}))
    with playing(world) as play:
        ship(play, STAR)
        play.wait(minutes=60)
        assert "label_download" not in play.posting(NUMBER, shop=STAR)["available_actions"]
