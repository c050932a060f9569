"""Ozon that refuses, is gone, or lies about its pages, over hours of told time: the whole app, a real sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox import Fault, Kind, World
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, OZON, STAR, arrival, both_shops
from labelwatch.sandbox.scenarios.stage import step as moves
from labelwatch.sandbox.world import At
from labelwatch.store import Store
from tests.chaos.ears import robot
from tests.chaos.told_time import Days, days
from tests.sources.scripted import Asked, Reply, says, scripted
from tests.support.place import Place, place_for
from tests.support.poll_world import Story

pytestmark = pytest.mark.lengthy

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LISTED = "/v4/posting/fbs/unfulfilled/list"
ALERTS = 'group_wait = "20s"\nrepeat_every = "7d"'


@contextmanager
def place_of(world: World, folder: Path) -> Iterator[Place]:
    with place_for(world, folder) as place:
        place.configure(alerts=ALERTS)
        yield place


@contextmanager
def living(place: Place, **changes: Any) -> Iterator[Days]:
    with days(place, [robot("packers", "json", place.hook)], **changes) as lived:
        yield lived


def lives(lived: Days, span: timedelta, *, step: timedelta = 2 * MINUTE) -> None:
    lived.until(lived.clock.now() + span, step=step)


@dataclass(frozen=True, slots=True)
class Message:
    """What came in one message: (posting, or the shop's cause) -> why it is told."""

    told: dict[str, str]


def messages(place: Place) -> list[Message]:
    return [
        Message({one["posting_number"] or f"{one['shop']}: {one['cause']}": one["reason"] for one in body})
        for body in (request.json["labelwatch"] for request in list(place.hook.requests))
    ]


def sweeps(place: Place, client_id: str) -> int:
    return sum(one.client_id == client_id and one.path == LISTED for one in place.sandbox.requests)


@pytest.mark.fault("O1")
@pytest.mark.parametrize(("hint", "most"), [(None, 18), (5, 18), (240, 3)], ids=["no hint", "seconds", "minutes"])
def test_a_shop_that_ozon_throttles_is_asked_as_seldom_as_it_wishes(
    hint: int | None, most: int, tmp_path: Path
) -> None:
    with place_of(both_shops(START), tmp_path) as place, living(place) as lived:
        lives(lived, 4 * MINUTE)
        before, fine = sweeps(place, STAR.client_id), sweeps(place, HOME.client_id)
        place.sandbox.fault(Fault(kind=Kind.TOO_MANY, client_id=STAR.client_id, retry_after=hint, seconds=600))
        lives(lived, 5 * MINUTE, step=MINUTE)
        lived.app.check_fresh()
        assert messages(place) == []
        lives(lived, 4 * MINUTE, step=MINUTE)
        lived.app.check_fresh()
        assert 1 <= sweeps(place, STAR.client_id) - before <= most
        assert sweeps(place, HOME.client_id) - fine >= 4
        lives(lived, 6 * MINUTE, step=MINUTE)
    assert messages(place) == [Message({"star: rate_limited": "first"}), Message({"star: rate_limited": "resolved"})]


@pytest.mark.fault("O13")
def test_a_key_that_is_revoked_is_tried_ever_more_seldom_and_the_other_shop_is_read_on(tmp_path: Path) -> None:
    world = both_shops(START)
    world.plan(
        At(minutes=5, shop=STAR.client_id, change={"api_key": "another"}),
        At(minutes=200, shop=STAR.client_id, change={"api_key": STAR.api_key}),
    )
    with place_of(world, tmp_path) as place, living(place) as lived:
        lives(lived, 5 * MINUTE)
        before, fine = sweeps(place, STAR.client_id), sweeps(place, HOME.client_id)
        lives(lived, 3 * HOUR)
        assert 10 <= sweeps(place, STAR.client_id) - before <= 4 + 12
        assert sweeps(place, HOME.client_id) - fine >= 85
        assert messages(place) == [Message({"star: key_rejected": "first"})]
        lives(lived, 36 * MINUTE)  # its key is right again for 16 minutes
    assert messages(place)[1:] == [Message({"star: key_rejected": "resolved"})]


def comes(number: str, minutes: float) -> At:
    """A posting that is told at once: it has to leave within four hours."""
    return arrival(START, number, method=AURORA, minutes=minutes, cutoff=timedelta(minutes=minutes + 200))


def is_labelled(number: str, minutes: float) -> At:
    return moves(minutes, number, method=AURORA, status="awaiting_deliver", label=True, tracking_number="T1")


@pytest.mark.fault("O2", "O15")
def test_two_hours_without_a_way_to_ozon_are_told_once_and_caught_up_with_in_one_message(tmp_path: Path) -> None:
    world = both_shops(START)
    late = [f"7401{n:04d}-0001-1" for n in range(12)]
    world.plan(*(comes(number, 10 + n) for n, number in enumerate(late)), is_labelled(late[0], 60))
    with place_of(world, tmp_path) as place, living(place) as lived:
        lives(lived, 4 * MINUTE)
        place.sandbox.fault(Fault(kind=Kind.RESET, seconds=2 * 3600))
        lives(lived, 2 * HOUR - MINUTE)
        # It is told, and told once more when it has become critical.
        assert [set(one.told) for one in messages(place)] == [{"star: ozon_down", "home: ozon_down"}] * 2
        assert [set(one.told.values()) for one in messages(place)] == [{"first"}, {"escalated"}]
        before = sweeps(place, STAR.client_id)
        lives(lived, 3 * MINUTE, step=MINUTE / 2)
        caught_up = messages(place)[2:]
        assert 1 <= sweeps(place, STAR.client_id) - before <= 5
    assert caught_up == [
        Message({"star: ozon_down": "resolved", "home: ozon_down": "resolved", **dict.fromkeys(late[1:], "first")})
    ]


@pytest.mark.fault("O16", "C6")
def test_three_days_down_are_one_catch_up_and_one_message_of_what_is_so_now(tmp_path: Path) -> None:
    world = both_shops(START)
    known = [f"7402{n:04d}-0001-1" for n in range(10)]
    passed = [f"7403{n:04d}-0001-1" for n in range(20)]
    now_late = [f"7404{n:04d}-0001-1" for n in range(30)]
    world.plan(*(comes(number, 0) for number in known), *(is_labelled(number, 600) for number in known))
    for n, number in enumerate(passed):
        world.plan(comes(number, 900 + n), is_labelled(number, 1500))
    world.plan(*(comes(number, 3 * 1440 + 60) for number in now_late))
    with place_of(world, tmp_path) as place:
        with living(place) as lived:
            lives(lived, 4 * MINUTE)
        assert messages(place) == [Message(dict.fromkeys(known, "first"))]
        place.clock.advance(3 * DAY + 2 * HOUR)
        before = sweeps(place, STAR.client_id)
        with living(place, anew=False) as lived:
            lives(lived, 2 * MINUTE, step=MINUTE / 2)
            (history,) = lived.app.queries.posting_details(known[0])
        assert sweeps(place, STAR.client_id) - before <= 4
    about_orders = [one for one in messages(place)[1:] if one.told]  # the report of the week comes besides
    assert about_orders == [Message({**dict.fromkeys(known, "resolved"), **dict.fromkeys(now_late, "first")})]
    last = history.history[-1]
    assert last.not_before is not None
    assert last.seen_at - last.not_before > 3 * DAY


@pytest.mark.fault("C2", "C3")
@pytest.mark.parametrize(
    "ahead", [10 * MINUTE, -10 * MINUTE, DAY, -DAY, timedelta(days=-20_000)], ids=lambda ahead: str(ahead)
)
def test_what_is_late_is_late_by_ozons_clock_however_wrong_ours_is(ahead: timedelta, tmp_path: Path) -> None:
    world = both_shops(START)
    world.plan(arrival(START, "7405-0001-1", method=OZON, minutes=-20 * 60, cutoff=3 * DAY))
    with place_of(world, tmp_path) as place, living(place, ahead=ahead) as lived:
        lives(lived, 4 * HOUR - 2 * MINUTE, step=10 * MINUTE)
        assert messages(place) == []
        lives(lived, 5 * MINUTE, step=MINUTE)
        (alert,) = lived.app.queries.overview().alerts
        assert lived.app.time.skew is not None
        assert abs(lived.app.time.skew - ahead) < timedelta(seconds=2)
    assert messages(place) == [Message({"7405-0001-1": "first"})]
    assert abs(alert.opened_at - (START + 4 * HOUR)) < 3 * MINUTE


class Shelf:
    """A list by offset, as no cursor of Ozon's should be: what leaves before a page moves the rest up."""

    def __init__(self, count: int) -> None:
        self.there = [f"0101-{n:04}-1" for n in range(count)]
        self.leaving: list[str] = []
        self.gone: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        if asked.path != LISTED:
            return self._one(asked)
        offset = int(asked.body["cursor"] or 0)
        page = self.there[offset : offset + 100]
        following = offset + 100
        reply = {
            "postings": [body(n) for n in page],
            "has_next": following < len(self.there),
            "cursor": str(following),
        }
        for number in self.leaving[:5]:
            self.there.remove(number)
            self.leaving.remove(number)
            self.gone.append(number)
        return says(reply)

    def _one(self, asked: Asked) -> Reply:
        orders = set(asked.body["filter"]["order_numbers"])
        found = [body(number) for number in self.there if number.rpartition("-")[0] in orders]
        found += [body(number, "delivering") for number in self.gone if number.rpartition("-")[0] in orders]
        return says({"postings": found, "has_next": False, "cursor": ""})


def body(number: str, status: str = "awaiting_packaging") -> dict[str, Any]:
    return {
        "posting_number": number,
        "status": status,
        "in_process_at": "2026-11-21T00:00:00Z",
        "available_actions": ["ship"],
    }


@pytest.mark.fault("O7")
def test_what_slips_between_two_pages_is_looked_up_and_only_what_left_is_over(sqlite_store: Store) -> None:
    index = Shelf(500)
    with scripted(index) as scene:
        story = Story(sqlite_store, source=scene.source())  # type: ignore[arg-type]
        assert story.poll().late == 500
        for _ in range(2):
            index.leaving, before = index.there[:20], len(index.there)
            assert story.poll(2).postings == before - 20
            assert story.alerts().keys() >= set(index.there)
        story.poll(2)
        assert story.alerts().keys() == set(index.there)
        story.source.close()
    assert sorted(number or "" for number, reason in story.told() if reason == "resolved") == sorted(index.gone)
