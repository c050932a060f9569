"""The scripted scenarios: what goes wrong in them is what they say, and nothing else."""

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from labelwatch.core.rules import RULES
from labelwatch.sandbox import CANARIES, World
from labelwatch.sandbox.labels import offered
from labelwatch.sandbox.lists import UNFULFILLED as OPEN_STATUSES
from labelwatch.sandbox.posting_index import Record
from labelwatch.sandbox.scenarios import NAMES, build
from labelwatch.sandbox.scenarios.day import CANCELLED_LATE, LASTS, OWN_COURIER, POLAR_STUCK
from labelwatch.sandbox.scenarios.incidents import OVER
from tests.support.sandbox_player import START, UNFULFILLED, WIDE, pages, playing

# The causes that a posting can show at once and by itself.
OF_SEVERAL = {"method_never_labelled", "carrier_incident", "platform_incident", "shop_incident", "unexplained"}
SHOWN = {rule.cause for rule in RULES} - OF_SEVERAL


def records(world: World) -> list[Record]:
    return [record for index in world.shelves.values() for record in index.records.values()]


def hours_to_cutoff(record: Record, now: datetime) -> float:
    return (datetime.fromisoformat(record.body["shipment_date"]) - now).total_seconds() / 3600


def late(record: Record, now: datetime) -> bool:
    """A watcher's rules in short, written anew: four clocks, and no label to expect from the seller's own courier."""
    status, waits = record.body["status"], now - record.changed_at
    if offered(record) or status in ("delivering", "cancelled"):
        return False
    if record.body["integration_type_flow"] == "non_integrated" and record.body["tracking_number"]:
        return False
    limits = {"awaiting_registration": timedelta(hours=1), "awaiting_deliver": timedelta(minutes=15)}
    return hours_to_cutoff(record, now) < 4 or waits > limits.get(status, timedelta(days=1))


def late_postings(world: World, minutes: int) -> dict[str, int]:
    """Posting number -> the minute it was first late."""
    found: dict[str, int] = {}
    for minute in range(minutes + 1):
        now = START + timedelta(minutes=minute)
        world.advance(now)
        for record in records(world):
            if late(record, now):
                found.setdefault(record.number, minute)
    return found


def test_exactly_the_named_postings_of_the_day_are_late() -> None:
    world = build("day", START)
    found = late_postings(world, LASTS)
    assert set(found) == set(world.expected)
    assert len(records(world)) == 60


def test_the_day_shows_a_dozen_causes_and_one_incident() -> None:
    causes = Counter(build("day", START).expected.values())
    assert causes.pop("carrier_incident") == POLAR_STUCK
    assert len(causes) == 12
    assert causes == {**dict.fromkeys(causes, 1), "not_packed": 2}


def test_troubles_of_the_day_come_one_after_another() -> None:
    found = Counter(late_postings(build("day", START), LASTS).values())
    assert max(found) < LASTS - 30, "the last one is seen through to its end"
    assert max(found.values()) == POLAR_STUCK
    assert sorted(found.values())[-2] == 1


def test_those_that_go_well_stay_far_from_every_limit() -> None:
    world = build("day", START)
    for minute in range(LASTS + 1):
        now = START + timedelta(minutes=minute)
        world.advance(now)
        for record in records(world):
            open_still = not offered(record) and record.body["status"] in OPEN_STATUSES - {"delivering"}
            if open_still and record.number not in world.expected:
                assert hours_to_cutoff(record, now) > 20


def test_the_day_has_a_late_cancellation_an_own_courier_and_an_outage() -> None:
    with playing(build("day", START)) as play:
        seen = []
        for minutes in (264, 2, 25):
            play.wait(minutes=minutes)
            seen.append(play.ask(UNFULFILLED, {"limit": 1, "filter": WIDE}).status_code)
        ends = {record.number: record.body["status"] for record in records(play.sandbox.world)}
    assert seen == [200, 502, 200]
    assert (ends[CANCELLED_LATE], ends[OWN_COURIER]) == ("cancelled", "delivering")


@pytest.mark.parametrize("name", sorted(NAMES.keys() - {"many"}))
def test_a_scenario_is_the_same_each_time(name: str) -> None:
    worlds = [build(name, START), build(name, START)]
    for world in worlds:
        world.advance(START + timedelta(hours=3))
    first, second = ([record.body for record in records(world)] for world in worlds)
    assert first == second


def test_nothing_is_late_on_a_quiet_day() -> None:
    assert late_postings(build("quiet", START), LASTS) == {}


def test_every_cause_that_a_posting_can_show_is_played() -> None:
    world = build("causes", START)
    world.advance(START + timedelta(minutes=20))
    assert set(world.expected.values()) == SHOWN
    known = {record.number: record for record in records(world)}
    assert all(not offered(known[number]) for number in world.expected)
    assert all(0 < hours_to_cutoff(known[number], world.now) < 2 for number in world.expected)
    assert len(known) > len(world.expected)


@pytest.mark.parametrize(
    ("name", "stuck", "well"),
    [("carrier_incident", 80, 200), ("platform_incident", 90, 0), ("shop_incident", 45, 90)],
)
def test_an_incident_is_over_by_itself_after_forty_minutes(name: str, stuck: int, well: int) -> None:
    world = build(name, START)
    found = late_postings(world, int(max(OVER)) + 1)
    assert set(found) == set(world.expected)
    assert set(world.expected.values()) == {name}
    assert (len(found), len(records(world)) - len(found)) == (stuck, well)
    assert [record.number for record in records(world) if late(record, world.now)] == []


@pytest.mark.parametrize(
    ("name", "carriers", "shops"), [("carrier_incident", 1, 2), ("platform_incident", 3, 2), ("shop_incident", 3, 1)]
)
def test_an_incident_hits_what_its_name_says(name: str, carriers: int, shops: int) -> None:
    world = build(name, START)
    world.advance(START + timedelta(minutes=20))
    hit = {record.body["delivery_method"]["tpl_provider"] for record in records(world) if late(record, world.now)}
    assert (len(hit), len({world.owner(number) for number in world.expected})) == (carriers, shops)
    assert len(world.shops) == 2


@pytest.mark.parametrize("name", ["never_labelled", "always_labelled"])
def test_where_the_past_tells_only_the_named_postings_are_late(name: str) -> None:
    world = build(name, START)
    assert set(late_postings(world, 110)) == set(world.expected)


def test_six_go_out_without_a_label_before_the_one_that_is_late() -> None:
    world = build("never_labelled", START)
    world.advance(START + timedelta(minutes=19))
    assert Counter(record.body["status"] for record in records(world)) == {"delivering": 6, "awaiting_packaging": 1}
    assert not any(map(offered, records(world)))


def test_each_shop_of_blind_is_in_the_dark_but_two() -> None:
    world = build("blind", START)
    with playing(world) as play:
        keys = {client_id: shop.api_key for client_id, shop in world.shops.items()}
        play.wait(minutes=6)
        dark = set()
        for client_id, key in keys.items():
            headers = {"Client-Id": client_id, "Api-Key": key}
            response = play.client.post(UNFULFILLED, json={"limit": 1, "filter": WIDE}, headers=headers)
            if response.status_code != 200 or "postings" not in response.json():
                dark.add(client_id)
    assert dark == {shop for shop, cause in world.expected.items() if cause != "posting_unreadable"}
    assert len(dark) == len(keys) - 2


def test_many_postings_are_built_and_paged_fast() -> None:
    world = build("many:4000", START)
    assert len(records(world)) == 4_000
    with playing(world) as play:
        pages(play, UNFULFILLED, {"limit": 100, "filter": WIDE}, most=200)
        began = time.process_time()
        again = pages(play, UNFULFILLED, {"limit": 100, "filter": WIDE}, most=200)
        took = time.process_time() - began
    assert sum(len(page["postings"]) for page in again) == 4_000
    # Measured 0.15 s with gzip and the client's own parsing; sorting at each request would take many times that.
    assert took < 2


def test_rfbs_buyers_are_canaries_and_fbs_buyers_are_nobody() -> None:
    world = build("causes", START)
    world.advance(START)
    bodies: list[Any] = [record.body for record in records(world)]
    for body in bodies:
        if body["integration_type_flow"] in ("ozon", "FBP"):
            assert body["customer"] is None
        elif body["customer"]["name"]:
            personal = (body["customer"]["name"], body["customer"]["phone"], body["customer"]["customer_email"])
            assert all(any(canary in text for canary in CANARIES) for text in personal)


@pytest.mark.parametrize("name", ["nothing", "quiet:5", "many:x"])
def test_an_unknown_scenario_is_named(name: str) -> None:
    with pytest.raises(ValueError):
        build(name, START)


def test_every_scenario_can_be_built() -> None:
    assert all(build(name, START).start == START for name in NAMES)
