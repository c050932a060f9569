"""What people do that no method of the API does: it changes what the world was planned to let it change, once."""

from datetime import timedelta
from typing import Any

from labelwatch.sandbox import At, Effect, World, state
from labelwatch.sandbox.manual_actions import perform
from labelwatch.sandbox.scenarios.stage import OZON, POLAR
from labelwatch.sandbox.shops import Flow
from tests.support.sandbox_player import playing, world_of

NUMBER = "10000001-0001-1"
LABELLED = state(Flow.OZON, "awaiting_deliver", label=True)


def stuck(**when: Any) -> World:
    """A posting of which support makes the label after half an hour, if it is as `when` says."""
    world = world_of((NUMBER, OZON, "awaiting_deliver", False))
    world.advance(world.start)
    helps = At(minutes=30, posting=NUMBER, change=LABELLED, when=when)
    world.effects[NUMBER, "write_support"] = [Effect((helps,), when)]
    return world


def has_label(world: World) -> bool:
    body = world.shelves[world.shops[world.owner(NUMBER) or ""].client_id].records[NUMBER].body
    return "label_download" in body["available_actions"]


def after(world: World, minutes: float) -> bool:
    world.advance(world.now + timedelta(minutes=minutes))
    return has_label(world)


def test_a_letter_is_answered_when_it_was_planned_to_be() -> None:
    world = stuck()
    perform(world, NUMBER, "write_support")
    assert [after(world, 29), after(world, 2)] == [False, True]


def test_a_letter_of_which_nothing_was_planned_changes_nothing() -> None:
    world = stuck()
    perform(world, NUMBER, "ask_carrier")
    assert not after(world, 600)


def test_a_letter_is_answered_once() -> None:
    world = stuck()
    for _ in range(2):
        perform(world, NUMBER, "write_support")
    assert world.effects[NUMBER, "write_support"] == []


def test_a_letter_about_trouble_that_is_not_there_yet_is_kept_for_later() -> None:
    world = stuck(status="awaiting_deliver")
    world.change(NUMBER, {"status": "awaiting_packaging"})
    perform(world, NUMBER, "write_support")
    assert not after(world, 60)
    world.change(NUMBER, {"status": "awaiting_deliver"})
    perform(world, NUMBER, "write_support")
    assert after(world, 31)


def test_an_answer_that_comes_when_all_is_over_changes_nothing() -> None:
    world = stuck(status="awaiting_deliver")
    perform(world, NUMBER, "write_support")
    world.change(NUMBER, {"status": "cancelled"})
    assert not after(world, 60)


def test_a_delivery_method_is_repaired() -> None:
    world = world_of((NUMBER, POLAR, "awaiting_packaging", False))
    world.plan(At(minutes=0, method=POLAR.id, change={"status": "BROKEN"}))
    repaired = At(minutes=8, method=POLAR.id, change={"status": "ACTIVE"})
    world.effects[str(POLAR.id), "repair_method"] = [Effect((repaired,))]
    world.advance(world.start)
    perform(world, str(POLAR.id), "repair_method")
    world.advance(world.start + timedelta(minutes=9))
    (methods,) = (one for one in world.methods.values() if POLAR.id in one)
    assert methods[POLAR.id].status == "ACTIVE"


def test_a_change_of_a_posting_that_has_not_come_yet_is_nothing() -> None:
    world = world_of()
    world.plan(At(minutes=1, posting=NUMBER, change=LABELLED))
    world.advance(world.start + timedelta(minutes=2))
    assert world.owner(NUMBER) is None


def test_it_can_be_done_from_outside() -> None:
    with playing(stuck()) as play:
        done = play.client.post("/sandbox/act", json={"subject": NUMBER, "action": "write_support"})
        play.wait(minutes=31)
        assert done.json() == {"done": "write_support"}
        assert "label_download" in play.posting(NUMBER)["available_actions"]


def test_an_unknown_action_is_named_with_those_there_are() -> None:
    with playing(stuck()) as play:
        answer = play.client.post("/sandbox/act", json={"subject": NUMBER, "action": "pray"})
    assert answer.status_code == 400
    assert "pray" in answer.text
    assert "ask_carrier" in answer.text
