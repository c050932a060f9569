"""Many late labels that are one event are told once, and so is their end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from labelwatch.core.alert import Alert, Certainty, Outcome
from labelwatch.core.policy import Destination
from labelwatch.core.posting import Posting
from labelwatch.core.subject import Incident, IncidentId, Scope
from labelwatch.messages.raw_text import raw
from labelwatch.polling.failures import notify_held
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests.conftest import ON_BOTH
from tests.support.poll_world import EVERY, Story, channel, labelled, of_carrier, posting


@pytest.fixture
def story(store: Store) -> Story:
    return Story(store)


def stuck(carrier: str, count: int, start: int = 0) -> Iterator[Posting]:
    return (of_carrier(carrier, f"{start + index:04}-0001-1") for index in range(count))


def fine(carrier: str, count: int, start: int) -> Iterator[Posting]:
    return (labelled(one) for one in stuck(carrier, count, start))


def late(story: Story, *postings: Posting) -> None:
    story.lists(*postings)
    story.source.page = 100
    story.poll()
    story.poll(16)


def told(story: Story) -> list[tuple[str | None, str]]:
    return [(row.notification.alert.diagnosis.cause, row.notification.reason.value) for row in story.rows()]


def test_eighty_of_eighty_of_one_carrier_and_none_of_the_others_is_one_message(story: Story) -> None:
    late(story, *stuck("Aurora", 80), *fine("Silk", 100, 1000), *fine("Polar", 100, 2000))
    assert told(story) == [("carrier_incident", "first")]
    (incident,) = story.store.alerts.incidents()
    assert size(incident) == (80, 80)
    assert incident.diagnosis.certainty is Certainty.LIKELY
    alerts = story.alerts()
    assert len(alerts) == 80
    assert {alert.diagnosis.explained_by for alert in alerts.values()} == {AURORA}


def test_everything_stuck_is_one_message_about_the_platform(story: Story) -> None:
    late(story, *stuck("Aurora", 40), *stuck("Silk", 40, 1000), *stuck("Polar", 40, 2000))
    assert told(story) == [("platform_incident", "first")]


def test_five_late_ones_among_a_hundred_fine_ones_are_told_one_by_one(story: Story) -> None:
    late(story, *stuck("Aurora", 5), *fine("Aurora", 50, 1000), *fine("Silk", 50, 2000))
    assert told(story) == [("label_overdue", "first")] * 5
    assert story.store.alerts.incidents() == []


def test_many_different_troubles_at_once_are_no_event(story: Story) -> None:
    declined = {"substatus": "posting_registration_error", "status": "awaiting_registration"}
    odd = [of_carrier("Aurora", f"{3000 + n}-0001-1", **declined) for n in range(12)]
    missing = [replace(one, tracking_number="") for one in stuck("Aurora", 7)]
    late(story, *odd, *missing, *stuck("Aurora", 7, 4000))
    story.poll(50)
    assert story.store.alerts.incidents() == []
    assert {cause for cause, _ in told(story)} == {"registration_declined", "tracking_missing", "label_overdue"}


def test_an_incident_shrinks_ends_by_itself_and_what_is_left_is_told_singly(story: Story) -> None:
    late(story, *stuck("Aurora", 40), *fine("Silk", 100, 1000))
    half = [*(labelled(one) for one in stuck("Aurora", 20)), *stuck("Aurora", 20, 20), *fine("Silk", 100, 1000)]
    story.lists(*half)
    story.poll(2)
    assert told(story) == [("carrier_incident", "first")]
    assert [size(alert)[0] for alert in story.store.alerts.incidents()] == [20]
    story.lists(*(labelled(one) for one in stuck("Aurora", 37)), *stuck("Aurora", 3, 37), *fine("Silk", 100, 1000))
    story.poll(2)
    (ended,) = story.store.alerts.incidents(open_only=False)
    assert ended.outcome is Outcome.OVER
    assert told(story) == [
        ("carrier_incident", "first"),
        ("carrier_incident", "resolved"),
        *[("label_overdue", "first")] * 3,
    ]


def test_what_an_incident_comes_to_explain_is_taken_back_before_it_is_told(story: Story) -> None:
    story.source.page = 100
    well = list(fine("Silk", 100, 1000))
    story.lists(*stuck("Aurora", 8), *well)
    story.poll()
    story.poll(16)
    assert told(story) == [("label_overdue", "first")] * 8
    story.lists(*stuck("Aurora", 8), *stuck("Aurora", 20, 100), *well)
    story.poll(0.1)
    story.poll(16)
    by_state = [row.state.value for row in story.rows()]
    assert by_state == ["superseded"] * 8 + ["pending"]
    assert told(story)[-1] == ("carrier_incident", "first")
    assert all(alert.told is None for number, alert in story.alerts().items() if number)


def test_what_has_been_late_for_days_is_no_event_of_a_quiet_night(story: Story) -> None:
    story.source.page = 100
    story.lists(*stuck("Aurora", 9), *fine("Silk", 60, 1000))
    story.poll()
    story.poll(16)
    old, well = list(stuck("Aurora", 9)), list(fine("Silk", 60, 1000))
    story.poll(24 * 60)
    story.lists(*old, *stuck("Aurora", 3, 100), *well)
    story.poll(2)
    story.poll(16)
    assert story.store.alerts.incidents(open_only=False) == []


def test_an_incident_that_lasts_goes_on_counting_what_it_began_with(story: Story) -> None:
    late(story, *stuck("Aurora", 40), *fine("Silk", 100, 1000))
    story.poll(9 * 60)
    assert [size(alert)[0] for alert in story.store.alerts.incidents()] == [40]
    assert set(told(story)) == {("carrier_incident", "first"), ("carrier_incident", "reminder")}


@ON_BOTH
def test_what_two_shops_have_in_common_is_one_incident(story: Story, store: Store) -> None:
    second = Story(store, plan=replace(story.plan, shop="second", shops={"main": EVERY}))
    store.shops.sync([("main", "123456"), ("second", "654321")])
    story.plan = replace(story.plan, shops={"second": EVERY})
    for one in (story, second):
        one.source.page = 100
        one.lists(*stuck("Aurora", 8), *fine("Silk", 60, 1000))
        one.poll()
        one.at += timedelta(minutes=16)
    story.poll()
    assert store.alerts.incidents() == []
    second.poll()
    (incident,) = store.alerts.incidents()
    assert (size(incident)[0], incident.diagnosis.shops) == (16, ("main", "second"))
    assert [row.state.value for row in story.rows()] == ["superseded"] * 8 + ["pending"], "told once for both shops"
    story.poll(1)
    assert {alert.diagnosis.explained_by for alert in story.alerts().values()} == {AURORA}
    assert len(store.alerts.incidents()) == 1


def test_a_plain_shop_with_one_carrier_says_that_it_cannot_tell_apart(story: Story) -> None:
    story.source.page = 100
    story.lists(*(posting(f"{n:04}-0001-1") for n in range(30)))
    story.poll()
    story.poll(16)
    (incident,) = story.store.alerts.incidents()
    assert (incident.diagnosis.cause, incident.diagnosis.certainty) == ("carrier_incident", Certainty.UNKNOWN)


def test_an_incident_whose_shop_is_out_of_sight_is_not_over(story: Story, store: Store) -> None:
    second = Story(store, plan=replace(story.plan, shop="second", shops={"main": EVERY}))
    store.shops.sync([("main", "123456"), ("second", "654321")])
    story.plan = replace(story.plan, shops={"second": EVERY})
    second.source.page = 100
    second.lists(*fine("Silk", 100, 1000))
    second.poll()
    late(story, *stuck("Aurora", 40))
    second.at = story.at
    second.poll()
    assert [size(alert)[0] for alert in store.alerts.incidents()] == [40]
    story.source.trouble = Trouble.OZON_DOWN
    story.poll(2)
    second.at = story.at
    second.poll(1)
    (still,) = store.alerts.incidents()
    assert still.resolved_at is None
    assert ("carrier_incident", "resolved") not in told(story)


def test_ten_single_troubles_of_ten_carriers_are_no_trouble_of_the_platform(story: Story) -> None:
    late(story, *(of_carrier(f"Carrier {n}", f"{n:04}-0001-1") for n in range(14)))
    assert story.store.alerts.incidents() == []
    assert set(told(story)) == {("label_overdue", "first")}


def several(store: Store, size: int, *channels: Destination) -> list[Story]:
    """So many shops with twenty labels of another carrier each, read at the same time."""
    names = [f"shop-{n}" for n in range(size)]
    stories = [Story(store) for _ in names]
    store.shops.sync([(name, f"88{n}") for n, name in enumerate(names)])
    for name, one in zip(names, stories, strict=True):
        others = {other: EVERY for other in names if other != name}
        to = channels or (channel("packers"),)
        one.plan = replace(one.plan, shop=name, shops=others, destinations=to)
        one.source.page = 200
        stand_still(one, 0)
        one.poll()
    return stories


def stand_still(story: Story, count: int) -> None:
    """So many labels of Aurora do not come in this shop."""
    shop = int(story.plan.shop.removeprefix("shop-")) * 100
    story.lists(*stuck("Aurora", count, 5000 + shop), *fine("Silk", 20, shop))


def recover(story: Story) -> None:
    story.lists(*(labelled(one) for one in story.source.listed if "label_download" not in one.actions))


def rounds(stories: list[Story], count: int = 1) -> None:
    for _ in range(count):
        for one in stories:
            one.poll(2)


AURORA = IncidentId(Scope.CARRIER, "Aurora")


def of(alert: Alert) -> Incident:
    assert alert.diagnosis.incident
    return alert.diagnosis.incident


def size(alert: Alert) -> tuple[int, int]:
    return of(alert).late, of(alert).total


def heard(story: Story, name: str = "packers") -> list[tuple[str, int, int]]:
    """What a channel was told of incidents: why, how many labels, in how many shops."""
    rows = [row.notification for row in story.rows() if row.notification.channel == name]
    abouts = [(row.reason.value, row.alert.diagnosis.incident) for row in rows]
    return [(reason, about.late, len(about.shops)) for reason, about in abouts if about]


def test_the_size_of_an_incident_is_told_when_every_shop_was_read(store: Store) -> None:
    shops = several(store, 6)
    for one in shops:
        stand_still(one, 12)
    rounds(shops, 8)
    for one in shops[:-1]:
        one.poll(2)
        assert heard(one) == []
    shops[-1].poll(2)
    assert heard(shops[0]) == [("first", 72, 6)]
    rounds(shops, 5)
    assert heard(shops[0]) == [("first", 72, 6)]


def test_an_incident_that_no_poll_tells_is_told_after_an_interval(store: Store) -> None:
    shops = several(store, 2)
    for one in shops:
        stand_still(one, 12)
    rounds(shops, 8)
    shops[0].poll(2)
    for minutes, told_now in ((1, []), (2, [("first", 12, 1)])):
        notify_held(shops[0].plan, store=store, now=shops[0].at + timedelta(minutes=minutes))
        assert heard(shops[0]) == told_now


def test_growth_and_shrinking_are_no_news_and_the_end_is_one_message(store: Store) -> None:
    shops = several(store, 4)
    for one in shops[:2]:
        stand_still(one, 15)
    rounds(shops, 9)
    assert heard(shops[0]) == [("first", 30, 2)]
    for one in shops[2:]:
        stand_still(one, 15)
    rounds(shops, 9)
    for one in shops[1:]:
        recover(one)
    rounds(shops, 3)
    (left,) = store.alerts.incidents()
    assert (size(left)[0], left.diagnosis.shops) == (15, ("shop-0",))
    assert {part.shop: part.late for part in of(left).parts} == {
        "shop-0": 15,
        "shop-1": 0,
        "shop-2": 0,
        "shop-3": 0,
    }
    recover(shops[0])
    rounds(shops, 2)
    assert [(reason, shops) for reason, _, shops in heard(shops[0])] == [("first", 2), ("resolved", 4)]


def test_a_channel_hears_when_its_own_shop_is_hit_and_when_that_is_over(store: Store) -> None:
    last = channel("last", shops=frozenset({"shop-3"}))
    shops = several(store, 4, channel("packers"), last)
    for one in shops[:2]:
        stand_still(one, 15)
    rounds(shops, 9)
    assert (heard(shops[0]), heard(shops[0], "last")) == ([("first", 30, 2)], [])
    stand_still(shops[3], 15)
    rounds(shops, 9)
    assert (heard(shops[0]), heard(shops[0], "last")) == ([("first", 30, 2)], [("first", 15, 1)])
    recover(shops[3])
    rounds(shops, 2)
    assert len(heard(shops[0], "last")) == 1, "labels may come in batches"
    rounds(shops, 6)
    assert [reason for reason, _, _ in heard(shops[0], "last")] == ["first", "resolved"]
    assert [reason for reason, _, _ in heard(shops[0])] == ["first"]


@ON_BOTH
def test_an_incident_found_in_one_shop_explains_the_alerts_of_the_others_at_once(store: Store) -> None:
    shops = several(store, 2)
    stand_still(shops[0], 8)
    rounds(shops, 9)
    alerts = [one for one in store.alerts.find() if one.diagnosis.shop == "shop-0"]
    assert {one.diagnosis.cause for one in alerts} == {"label_overdue"}
    stand_still(shops[1], 8)
    shops[1].poll(2)
    rounds(shops, 7)
    shops[1].poll(2)

    def judged() -> set[tuple[str, str | None, str, str]]:
        found = [one.diagnosis for one in store.alerts.find() if one.diagnosis.shop == "shop-0"]
        return {(one.cause, str(one.explained_by), one.verdict, raw(one.evidence[0].value)) for one in found}

    assert judged() == {("carrier_incident", "carrier:Aurora", "wait", "8 of 8 late")}
    shops[0].poll(2)
    assert judged() == {("carrier_incident", "carrier:Aurora", "wait", "8 of 8 late")}
