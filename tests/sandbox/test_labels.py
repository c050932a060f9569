"""Label tasks, from asking to the PDF, and everything that may come between."""

import re
from typing import Any

import pytest

from labelwatch.sandbox import At, Fault, Kind, World, state
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import AURORA, OZON, STAR
from tests.support.sandbox_player import CREATE, LABEL, Play, playing, world_of

READY, ALSO_READY, UNREADY, GONE = "10000001-0001-1", "10000002-0002-1", "10000003-0003-1", "10000004-0004-1"
FOREIGN = "10000005-0005-1"


def index() -> World:
    return world_of(
        (READY, OZON, "awaiting_deliver", True),
        (ALSO_READY, OZON, "awaiting_deliver", True),
        (UNREADY, OZON, "awaiting_deliver", False),
        (GONE, OZON, "delivering", False),
        (FOREIGN, AURORA, "awaiting_deliver", True),
    )


def hinted(label: dict[str, Any]) -> World:
    world = index()
    world.plan(At(minutes=0, posting=UNREADY, change={"_label": label}))
    return world


def task_of(play: Play, *numbers: str) -> int:
    tasks = play.answer(CREATE, {"posting_numbers": list(numbers)})["tasks"]
    assert [task["task_type"] for task in tasks] == ["small_label"]
    return int(tasks[0]["task_id"])


def told(play: Play, task: int) -> Any:
    return play.answer(LABEL, {"task_id": task})


def test_a_task_waits_prints_and_gives_a_pdf_of_its_postings() -> None:
    with playing(index()) as play:
        task = task_of(play, READY, ALSO_READY)
        codes = [told(play, task)["status"]["code"]]
        for seconds in (2, 3):
            play.wait(seconds=seconds)
            codes.append(told(play, task)["status"]["code"])
        done = told(play, task)
        file = play.client.get(done["file_url"])
    assert codes == ["pending", "in_progress", "completed"]
    assert done["status"]["printed_postings_count"] == 2
    assert done["status"]["unprinted_postings"] == []
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.content.startswith(b"%PDF-")
    assert READY.encode() in file.content
    assert ALSO_READY.encode() in file.content


def test_there_is_no_file_before_the_task_is_done() -> None:
    with playing(index()) as play:
        task = task_of(play, READY)
        assert told(play, task)["file_url"] == ""
        assert play.client.get(f"/files/small_label/ticket-{task}.pdf").status_code == 404


def test_asking_twice_gives_the_same_task() -> None:
    with playing(index()) as play:
        assert task_of(play, READY, ALSO_READY) == task_of(play, ALSO_READY, READY)
        assert task_of(play, READY) != task_of(play, ALSO_READY)


@pytest.mark.parametrize(("size", "kinds"), [("BIG", ["big_label"]), ("UNSPECIFIED", ["big_label", "small_label"])])
def test_the_warehouse_chooses_the_size(size: str, kinds: list[str]) -> None:
    world = index()
    world.plan(At(minutes=0, warehouse=OZON.warehouse.id, change={"label_type": size}))
    with playing(world) as play:
        tasks = play.answer(CREATE, {"posting_numbers": [READY]})["tasks"]
    assert [task["task_type"] for task in tasks] == kinds


REFUSED = [
    ([], "posting_numbers"),
    ([READY] * 21, "posting_numbers"),
    (READY, "posting_numbers"),
    ([UNREADY], "NO_POSTINGS_FOR_BATCH_DOWNLOAD"),
    ([READY, UNREADY], "NO_POSTINGS_FOR_BATCH_DOWNLOAD"),
    ([READY, GONE], "label not allowed for delivered postings"),
    ([FOREIGN], "POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY"),
    (["no such posting"], "POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY"),
]


@pytest.mark.parametrize(("numbers", "words"), REFUSED)
def test_one_bad_posting_spoils_the_batch(numbers: Any, words: str) -> None:
    with playing(index()) as play:
        response = play.ask(CREATE, {"posting_numbers": numbers})
    assert (response.status_code, response.json()["code"]) == (400, 3)
    assert words in response.json()["message"]


@pytest.mark.parametrize("message", [NOT_YET, "Склад закрыт"])
def test_a_finished_task_may_lack_a_posting_and_says_why(message: str) -> None:
    with playing(hinted({"unprinted": message})) as play:
        task = task_of(play, READY, UNREADY)
        play.wait(seconds=5)
        done = told(play, task)
        file = play.client.get(done["file_url"]).content
    assert done["status"]["code"] == "completed"
    assert done["status"]["printed_postings_count"] == 1
    assert done["status"]["unprinted_postings"] == [{"posting_number": UNREADY, "message": message}]
    assert UNREADY.encode() not in file


def test_a_posting_left_out_is_printed_once_its_label_is_there() -> None:
    world = hinted({"unprinted": NOT_YET})
    world.plan(At(minutes=10, posting=UNREADY, change=state(OZON.flow, "awaiting_deliver", label=True)))
    with playing(world) as play:
        task = task_of(play, UNREADY)
        play.wait(minutes=1)
        assert told(play, task)["file_url"] == ""
        play.wait(minutes=10)
        assert told(play, task)["status"]["unprinted_postings"] == []
        assert told(play, task)["file_url"]


def test_a_task_may_hang_fail_or_forget_its_file() -> None:
    hung, failed, lost = ({"stuck": True}, {"error": "No paper"}, {"no_file": True})
    answers = []
    for label in (hung, failed, lost):
        world = hinted(label)
        world.plan(At(minutes=0, posting=READY, change={"_label": label}))
        with playing(world) as play:
            task = task_of(play, READY)
            play.wait(hours=1)
            answers.append(told(play, task))
    assert [answer["status"]["code"] for answer in answers] == ["in_progress", "error", "completed"]
    assert [answer["error"]["message"] for answer in answers] == ["", "No paper", ""]
    assert [answer["file_url"] for answer in answers] == ["", "", ""]


def test_a_task_of_another_shop_is_not_found() -> None:
    with playing(index()) as play:
        task = task_of(play, READY)
        assert play.ask(LABEL, {"task_id": task}, shop=STAR).status_code == 404
        assert play.ask(LABEL, {"task_id": 7}).status_code == 404


SHEETS = [
    ("blank", [], b""),
    ("other", [f"{READY}1"], b" re f"),
    ("several", [f"{READY}1", READY, f"{READY}1"], b" re f"),
    ("bars", [], b" re f"),
]


@pytest.mark.parametrize(("sheet", "numbers", "drawn"), SHEETS)
def test_a_file_may_hold_another_sheet_than_it_should(sheet: str, numbers: list[str], drawn: bytes) -> None:
    world = index()
    world.plan(At(minutes=0, posting=READY, change={"_label": {"sheet": sheet}}))
    with playing(world) as play:
        task = task_of(play, READY)
        play.wait(seconds=5)
        file = play.client.get(told(play, task)["file_url"]).content
    assert re.findall(rb"\(([0-9-]+)\) Tj", file) == [number.encode() for number in numbers]
    assert drawn in file
    assert (b" re f" in file) is bool(drawn)


def test_a_fault_of_the_files_leaves_the_methods_alone() -> None:
    with playing(index()) as play:
        play.sandbox.fault(Fault(kind=Kind.HTML, path="/files/", status=200))
        task = task_of(play, READY)
        play.wait(seconds=5)
        assert b"<html>" in play.client.get(told(play, task)["file_url"]).content
