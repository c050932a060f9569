"""Many shops that cannot be read are one trouble: one message, its true size, one end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import AlertState, Severity
from labelwatch.core.policy import Destination
from labelwatch.messages.render import render
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests.conftest import ON_BOTH
from tests.support.poll_world import EVERY, START, Story, channel, posting

PACKERS = channel("packers")
ONE = channel("one", shops=frozenset({"shop-1"}))
TWO = channel("two", shops=frozenset({"shop-2", "shop-3"}))


def barrier(store: Store, size: int, *channels: Destination) -> list[Story]:
    """So many shops, each read once, ten seconds after one another."""
    names = [f"shop-{n}" for n in range(size)]
    stories = [Story(store) for _ in names]
    store.shops.sync([(name, f"77{n}") for n, name in enumerate(names)])
    for n, (name, story) in enumerate(zip(names, stories, strict=True)):
        others = {other: EVERY for other in names if other != name}
        story.plan = replace(story.plan, shop=name, shops=others, destinations=channels or (PACKERS,))
        story.at = START + timedelta(seconds=10 * n)
        story.lists(posting(f"{n}-0001-1", actions=("label_download",)))
        story.poll()
    return stories


def fail(stories: list[Story], trouble: Trouble | None = Trouble.OZON_DOWN) -> None:
    for story in stories:
        story.source.trouble = trouble


def rounds(stories: list[Story], count: int = 1) -> None:
    for _ in range(count):
        for story in stories:
            story.poll(EVERY.total_seconds() / 60)


def told(story: Story, name: str = "packers") -> list[tuple[str, str, int, int]]:
    rows = [row.notification for row in story.rows() if row.notification.channel == name]
    said = [(row.alert.diagnosis, row.alert.diagnosis.incident, row.reason.value) for row in rows]
    return [(about.cause, reason, one.late if one else 0, one.total if one else 0) for about, one, reason in said]


def test_when_ozon_is_down_for_all_shops_people_get_one_message_and_one_end(store: Store) -> None:
    shops = barrier(store, 6)
    fail(shops)
    rounds(shops, 10)
    assert told(shops[0]) == [("ozon_down", "first", 6, 6)]
    assert store.alerts.find() == []
    (open_now,) = store.alerts.incidents()
    assert open_now.diagnosis.waiting_since is not None
    assert open_now.diagnosis.waiting_since.latest == START + EVERY
    fail(shops, None)
    rounds(shops)
    assert [reason for _, reason, _, _ in told(shops[0])] == ["first", "resolved"]
    assert store.alerts.incidents() == []


def test_a_process_without_files_is_told_once_for_all_shops_and_blames_nobody_else(store: Store) -> None:
    shops = barrier(store, 4)
    fail(shops, Trouble.OUT_OF_FILES)
    rounds(shops, 4)
    fail(shops, None)
    rounds(shops)
    titles = [render([row.notification], PACKERS, now=shops[0].at).title for row in shops[0].rows()]
    assert titles == [
        "⚠️ labelwatch may open no more files · 4 of 4 shops",
        "✅ labelwatch: enough files may be opened again · in 4 shops",
    ]


def test_the_end_tells_of_all_shops_that_were_hit(store: Store) -> None:
    shops = barrier(store, 4)
    fail(shops)
    rounds(shops, 4)
    for story in shops:
        fail([story], None)
        story.poll(2)
    last = shops[0].rows()[-1].notification
    assert (last.reason.value, len(last.alert.diagnosis.shops)) == ("resolved", 4)


def test_after_a_night_asleep_the_size_is_told_once_every_shop_was_tried(store: Store) -> None:
    shops = barrier(store, 5)
    fail(shops)
    for story in shops:
        story.at += timedelta(hours=9)
    for story in shops[:4]:
        story.poll()
    assert told(shops[0]) == []
    assert [one.state for one in store.alerts.incidents()] == [AlertState.PENDING]
    shops[4].poll()
    assert told(shops[0]) == [("ozon_down", "first", 5, 5)]
    assert store.alerts.find() == []


def test_after_a_night_asleep_one_shop_that_fails_is_told_when_the_others_were_read(store: Store) -> None:
    shops = barrier(store, 3)
    fail(shops[:1])
    for story in shops:
        story.at += timedelta(hours=9)
    rounds(shops)
    assert told(shops[0]) == []
    rounds(shops)
    assert told(shops[0]) == [("ozon_down", "first", 0, 0)]


@pytest.mark.parametrize("trouble", [Trouble.KEY_REJECTED, Trouble.ROLE_MISSING])
def test_a_shop_with_a_trouble_of_its_own_has_an_alert_of_its_own(store: Store, trouble: Trouble) -> None:
    shops = barrier(store, 5)
    fail(shops[:4])
    fail(shops[4:], trouble)
    rounds(shops, 5)
    assert told(shops[0]) == [(trouble.value, "first", 0, 0), ("ozon_down", "first", 4, 5)]
    (own,) = store.alerts.find()
    assert own.diagnosis.shop == "shop-4"


def test_two_shops_of_many_are_told_one_by_one_as_soon_as_they_are_dark(store: Store) -> None:
    shops = barrier(store, 6)
    fail(shops[:2])
    rounds(shops, 3)
    assert told(shops[0]) == [("ozon_down", "first", 0, 0)] * 2
    assert store.alerts.incidents() == []


def test_three_shops_with_three_troubles_are_no_outage(store: Store) -> None:
    shops = barrier(store, 5)
    for story, trouble in zip(shops, (Trouble.OZON_DOWN, Trouble.RATE_LIMITED, Trouble.NOT_UNDERSTOOD), strict=False):
        fail([story], trouble)
    rounds(shops, 4)
    assert {cause for cause, *_ in told(shops[0])} == {"ozon_down", "rate_limited", "answer_not_understood"}
    assert store.alerts.incidents() == []


def test_each_channel_hears_of_its_own_shops_and_of_their_end(store: Store) -> None:
    shops = barrier(store, 6, PACKERS, ONE, TWO)
    fail(shops)
    rounds(shops, 5)
    assert told(shops[0]) == [("ozon_down", "first", 6, 6)]
    assert told(shops[0], "one") == [("ozon_down", "first", 1, 1)]
    assert told(shops[0], "two") == [("ozon_down", "first", 2, 2)]
    fail(shops[1:2], None)
    rounds(shops)
    rounds(shops)
    assert [reason for _, reason, _, _ in told(shops[0], "one")] == ["first", "resolved"]
    assert [reason for _, reason, _, _ in told(shops[0], "two")] == ["first"]
    assert [reason for _, reason, _, _ in told(shops[0])] == ["first"]
    assert [one.diagnosis.incident and one.diagnosis.incident.late for one in store.alerts.incidents()] == [5]
    fail(shops, None)
    rounds(shops)
    assert [told(shops[0], name)[-1][1] for name in ("packers", "one", "two")] == ["resolved"] * 3
    assert len(told(shops[0], "one")) == 2


def test_an_outage_that_lasts_becomes_critical_once_for_each_channel(store: Store) -> None:
    shops = barrier(store, 4, PACKERS, ONE)
    fail(shops)
    rounds(shops, 40)
    for name in ("packers", "one"):
        assert [reason for _, reason, _, _ in told(shops[0], name)] == ["first", "escalated"]
    assert [one.diagnosis.severity for one in store.alerts.incidents()] == [Severity.CRITICAL]


@ON_BOTH
def test_another_shop_that_joins_is_no_news_to_those_who_know(store: Store) -> None:
    shops = barrier(store, 6, PACKERS, ONE)
    fail([shops[0], *shops[2:]])
    rounds(shops, 5)
    fail(shops)
    rounds(shops, 5)
    assert [reason for _, reason, _, _ in told(shops[0])] == ["first"]
    assert [one.diagnosis.incident and one.diagnosis.incident.late for one in store.alerts.incidents()] == [6]
    assert told(shops[0], "one") == [("ozon_down", "first", 1, 1)]
