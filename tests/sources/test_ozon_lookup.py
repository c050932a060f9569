"""What is looked up one by one may fail, and never takes with it what was found by then."""

from datetime import timedelta

import pytest

from labelwatch.sources import SourceError
from labelwatch.sources.ozon.client import LISTED
from labelwatch.sources.ozon.enrichment import SINGLE
from tests.sources.scripted import NOW, Asked, Reply, Scene, in_turn, page, says, scripted

LISTED_ONES = [f"{n:02d}-1-1" for n in range(99)]
ALONE = [f"{n:02d}-2-1" for n in range(60)]
WRONG_KEY = says({"code": 5, "message": "Invalid Api-Key, please check the key and try again"}, 404)


def single(asked: Asked) -> Reply:
    return says({"result": {"posting_number": asked.body["posting_number"], "status": "delivering"}})


def looked_up(scene: Scene, numbers: list[str], *, minute: int = 0) -> list[str]:
    source = scene.source(clock=lambda: NOW + timedelta(minutes=minute))
    try:
        return sorted(source.lookup(numbers))
    finally:
        source.close()


def asked_alone(scene: Scene) -> list[str]:
    return [asked.body["posting_number"] for asked in scene.asked if asked.path == SINGLE]


# (what Ozon answers for every posting asked for alone, how many of three are asked, with how many requests)
FAILURES = [
    (Reply(500), 1, 3),
    (Reply(raw=(b"HTTP/1.1 200 OK\r\n",)), 1, 3),
    (Reply(429), 1, 3),
    (WRONG_KEY, 1, 1),
    (says({"code": 7, "message": "Api-Key is missing a required role for the method"}, 403), 1, 1),
    (says({"result": "?"}), 3, 3),
]


@pytest.mark.parametrize(("failure", "numbers", "requests"), FAILURES)
def test_a_failure_keeps_what_the_list_found_and_asks_on_only_where_it_may_help(
    failure: Reply, numbers: int, requests: int, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted(lambda asked: page(*LISTED_ONES) if asked.path == LISTED else failure) as scene:
        assert looked_up(scene, [*LISTED_ONES, *ALONE[:3]]) == LISTED_ONES
    assert (len(set(asked_alone(scene))), len(asked_alone(scene))) == (numbers, requests)
    assert caplog.text.count("cannot be looked up") == numbers


def test_one_that_is_not_understood_costs_only_itself() -> None:
    def script(asked: Asked) -> Reply:
        if asked.path == LISTED:
            return page(*LISTED_ONES)
        return says({"result": "?"}) if asked.body["posting_number"] == ALONE[1] else single(asked)

    with scripted(script) as scene:
        assert looked_up(scene, [*LISTED_ONES, *ALONE[:3]]) == sorted([*LISTED_ONES, ALONE[0], ALONE[2]])


def test_one_that_always_fails_hides_no_other_for_long() -> None:
    def script(asked: Asked) -> Reply:
        if asked.path == LISTED:
            return page()
        return Reply(500) if asked.body["posting_number"] == ALONE[0] else single(asked)

    with scripted(script) as scene:
        found = {number for minute in range(0, 60, 5) for number in looked_up(scene, ALONE[:3], minute=minute)}
    assert found == {ALONE[1], ALONE[2]}


@pytest.mark.parametrize("failure", [Reply(500), WRONG_KEY])
def test_a_list_that_fails_fails_the_lookup(failure: Reply) -> None:
    with scripted(in_turn(failure)) as scene, pytest.raises(SourceError):
        looked_up(scene, ALONE)
    assert not asked_alone(scene)


@pytest.mark.parametrize("every", [1, 5, 60])
def test_at_most_twenty_are_asked_for_alone_and_all_have_their_turn(every: int) -> None:
    with scripted(lambda asked: page() if asked.path == LISTED else single(asked)) as scene:
        found = [looked_up(scene, ALONE, minute=every * poll) for poll in range(20)]
        assert looked_up(scene, ALONE, minute=0) == found[0], "the same minute, the same ones"
    assert {len(each) for each in found} == {20}
    assert {number for each in found for number in each} == set(ALONE)


def test_the_twenty_are_those_of_a_whole_poll() -> None:
    with scripted(lambda asked: single(asked) if asked.path == SINGLE else page()) as scene:
        source = scene.source()
        counts = [len(source.lookup(some)) for some in (ALONE[:15], ALONE[15:30], ALONE[30:])]
        list(source.sweep())
        counts.append(len(source.lookup(ALONE)))
        source.close()
    assert counts == [15, 5, 0, 20]
