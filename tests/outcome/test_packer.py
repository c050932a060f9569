"""The model packer knows what a message says, and nothing else."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from labelwatch.core.rules import CAUSES
from labelwatch.messages.catalog import catalog
from tests.outcome import cabinet, packer
from tests.outcome.packer import ASK_FOR_TIME, REMEDIES, Packer, stops

NUMBER = "50000001-0001-1"
NOW = "2026-11-24T10:00:00+00:00"


def alert(**changes: Any) -> dict[str, Any]:
    plain = {
        "shop": "Shenzhen Star",
        "posting_number": NUMBER,
        "incident": None,
        "reason": "first",
        "verdict": "act",
        "wait_until": None,
        "cause": "label_overdue",
        "remedy_id": "label_overdue",
        "phase": "normal",
        "severity": "notice",
        "deadline": "2026-11-24T16:00:00Z",
    }
    return {**plain, **changes}


def heard(**changes: Any) -> list[dict[str, Any]]:
    return Packer().hears({"labelwatch": [alert(**changes)]}, NOW)


@pytest.mark.parametrize("module", [packer, cabinet])
def test_what_people_go_by_imports_neither_the_world_nor_labelwatch(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    imported = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
    imported |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}
    assert {str(name).partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not imported & {"importlib", "sys", "inspect", "os"}


def test_he_knows_the_steps_of_no_remedy_that_no_message_names() -> None:
    """One that has none here makes him look at the posting."""
    words = catalog("en")
    ids = set(CAUSES)
    for cause in CAUSES:
        ids |= {f"{cause}:urgent"} if words.cause[cause].urgent else set()
        ids |= {f"{cause}:missed"} if words.cause[cause].missed else set()
    assert REMEDIES.keys() <= ids | {"missed:packing", "missed:registration", "missed:label"}


def test_he_asks_for_time_where_the_ready_text_does() -> None:
    asks = {
        cause
        for cause, letter in catalog("en").letter["support"].cause.items()
        if any("count" in sentence for sentence in letter.ask)
    }
    assert {cause for cause in asks if not cause.endswith("_incident")} == ASK_FOR_TIME


@pytest.mark.parametrize(
    ("cause", "phase", "actions"),
    [
        ("passport_data_missing", "normal", ["ask_buyer", "warn_support", "write_support"]),
        ("passport_data_missing", "urgent", ["warn_support", "write_support", "ask_buyer"]),
        ("label_refused", "normal", ["correct_card", "press_print", "warn_support", "write_support"]),
        ("label_refused", "urgent", ["warn_support", "write_support", "correct_card", "press_print"]),
        ("recipient_incomplete", "normal", ["ask_buyer", "warn_support", "write_support"]),
        ("recipient_incomplete", "urgent", ["warn_support", "write_support", "ask_buyer"]),
        ("registration_pending", "urgent", ["write_support", "warn_support", "ask_carrier"]),
    ],
)
def test_he_asks_for_time_once_and_in_the_last_hour_first_of_all(cause: str, phase: str, actions: list[str]) -> None:
    words = catalog("en").cause[cause]
    steps = words.urgent.steps if phase == "urgent" and words.urgent else words.steps
    remedy = f"{cause}:urgent" if phase == "urgent" else cause
    (plan,) = heard(cause=cause, remedy_id=remedy, phase=phase)
    assert [action for action, _ in plan["steps"]] == actions
    assert ("support" in str(steps[0])) == (phase == "urgent"), "he does what the steps of the message say"


def test_told_to_act_he_does_what_the_remedy_says_in_its_order() -> None:
    (plan,) = heard()
    assert (plan["posting_number"], plan["not_before"]) == (NUMBER, None)
    assert [action for action, _ in plan["steps"]] == ["press_print", "warn_support", "write_support"]


def test_told_to_wait_he_does_nothing_before_the_minute_that_is_named() -> None:
    assert heard(verdict="wait") == []
    (plan,) = heard(verdict="wait", wait_until="2026-11-24T10:30:00Z")
    assert plan["not_before"] == "2026-11-24T10:30:00+00:00"


def test_in_the_last_hour_he_hurries() -> None:
    (plan,) = heard(phase="urgent", severity="critical")
    assert plan["hurry"]
    assert max(pause for _, pause in plan["steps"]) <= 5


def test_an_id_that_he_does_not_know_makes_him_look_into_the_cabinet() -> None:
    (plan,) = heard(remedy_id="of_tomorrow")
    assert [action for action, _ in plan["steps"]] == ["look"]


@pytest.mark.parametrize(
    ("cause", "actions"),
    [
        ("box_count_missing", ["set_boxes", "ship"]),
        ("method_never_labelled", ["ship", "get_carrier_label", "warn_support", "write_support"]),
        ("no_pick_up", ["look"]),
    ],
)
def test_what_a_new_order_needs_is_done_when_it_is_packed(cause: str, actions: list[str]) -> None:
    (plan,) = heard(reason="arrival", cause=cause, remedy_id=cause)
    assert [action for action, _ in plan["steps"]] == actions


def test_what_was_told_of_a_new_order_is_done_again_once_it_is_late() -> None:
    one = Packer()
    told = [one.hears({"labelwatch": [alert(reason=reason)]}, NOW) for reason in ("arrival", "arrival", "first")]
    assert [len(plans) for plans in told] == [1, 0, 1]
    assert one.takes({"labelwatch": [alert(reason="arrival")]}) == []


def test_a_hand_over_lists_what_he_was_told_of_before() -> None:
    assert heard(reason="handover") == []


def test_the_same_news_twice_is_done_once_and_a_reminder_again() -> None:
    one = Packer()
    told = [one.hears({"labelwatch": [alert(reason=reason)]}, NOW) for reason in ("first", "escalated", "reminder")]
    assert [len(plans) for plans in told] == [1, 0, 1]


def test_he_writes_no_letter_twice_while_he_waits_for_an_answer() -> None:
    one = Packer()
    times = [NOW, "2026-11-24T12:00:00+00:00", "2026-11-24T16:30:00+00:00"]
    assert [one.may("write_support", NUMBER, at) for at in times] == [True, False, True]
    assert [one.may("ship", NUMBER, at) for at in times] == [True, True, True]


def test_of_an_outage_he_warns_support_while_there_is_time() -> None:
    outage = {"posting_number": None, "incident": "carrier:Aurora", "carrier": "Aurora", "shops": ["Shenzhen Star"]}
    remedy = {"cause": "carrier_incident", "remedy_id": "carrier_incident", "verdict": "wait"}
    (plan,) = heard(**outage, **remedy)
    assert plan["not_before"] == "2026-11-24T14:30:00+00:00"
    assert plan["outage"] == {"carrier": "Aurora", "shops": ["Shenzhen Star"]}


PAGES: list[tuple[dict[str, Any], bool]] = [
    ({"status": "awaiting_deliver", "available_actions": ["label_download"]}, True),
    ({"status": "delivering", "available_actions": []}, True),
    ({"status": "awaiting_registration", "available_actions": ["cancel"]}, False),
]


@pytest.mark.parametrize(("page", "is_over"), PAGES)
def test_he_stops_where_the_page_shows_the_label_or_that_it_has_left(page: dict[str, Any], is_over: bool) -> None:
    assert stops(page) is is_over


def page(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "status": "awaiting_packaging",
        "substatus": "posting_created",
        "available_actions": ["cancel", "ship"],
        "requirements": {},
        "is_multibox": False,
        "multi_box_qty": 1,
        "tracking_number": "",
    }
    return {**plain, **changes}


ASKED: list[tuple[dict[str, Any], list[str]]] = [
    (page(), ["ship"]),
    (page(requirements={"products_requiring_gtd": ["1"]}), ["enter_customs_number", "ship"]),
    (page(is_multibox=True, multi_box_qty=0), ["set_boxes", "ship"]),
    (page(available_actions=["set_cutoff"]), ["set_cutoff", "ship"]),
    (page(status="awaiting_deliver", available_actions=["label_download"]), []),
    (page(status="awaiting_deliver", available_actions=["set_track_number"]), ["enter_tracking"]),
    (page(status="awaiting_deliver", available_actions=["cancel"]), []),
    (page(status="awaiting_registration", substatus="posting_registration_error"), ["ask_carrier"]),
    (page(status="arbitration"), ["settle_dispute"]),
]


@pytest.mark.parametrize(("shown", "actions"), ASKED)
def test_the_cabinet_asks_for_what_its_page_shows(shown: dict[str, Any], actions: list[str]) -> None:
    assert cabinet.asks_for(shown, again=False) == actions


def test_what_still_has_no_label_at_the_next_look_makes_people_write() -> None:
    stuck = page(status="awaiting_deliver", available_actions=["cancel"])
    assert cabinet.asks_for(stuck, again=True) == ["press_print", "write_support", "warn_support"]
