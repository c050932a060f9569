"""Reports are queued once at their time, in the zone and the language of their readers, about their shops only."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from labelwatch.config import Channel, Config, Group, Report, Shop
from labelwatch.core.quiet_hours import weekdays_between
from labelwatch.delivery.context import DeliveryContext, DeliverySettings
from labelwatch.delivery.dispatcher import send_due
from labelwatch.delivery.report_plans import report_plans
from labelwatch.delivery.reports import DAY, WEEK, WORTH_READING_FOR, queue_reports
from labelwatch.store import Store
from tests.support.alert_builders import destination
from tests.support.month import furnish
from tests.support.post import Clock, FakeChannel

MONDAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""09:00 in Moscow."""
HOUR = timedelta(hours=1)
EVERY = {"main": HOUR, "north": HOUR}


@pytest.fixture
def kind() -> str:
    """SQLite: what it reads and writes is proven for each kind of database by the tests of the store."""
    return "sqlite"


def config(**changes: Any) -> Config:
    shops = tuple(
        Shop(name=n, client_id=id_, api_key=SecretStr("k")) for n, id_ in (("main", "1001"), ("north", "1002"))
    )
    channels = tuple(Channel(name=name, url=SecretStr(f"json://127.0.0.1/{name}")) for name in ("packers", "client"))
    made = Config(language="en", timezone="Europe/Moscow", shops=shops, channels=channels)
    return replace(made, **changes)


def rounds(store: Store, settings: Config, clock: Clock, channel: FakeChannel, *, name: str = "packers") -> int:
    """One look at the schedule and one round of sending; how many were queued."""
    plans = [plan for plan in report_plans(settings) if plan.to.name == name]
    queued = queue_reports(store, plans, now=clock.at)
    to = next(one for one in settings.destinations() if one.name == name)
    context = DeliveryContext(
        store, {name: (to, channel)}, now=clock, stop=lambda: False, settings=DeliverySettings(intervals=EVERY)
    )
    send_due(context)
    return queued


@pytest.fixture
def clock() -> Clock:
    return Clock(at=MONDAY - HOUR)


def test_the_weekly_report_comes_on_monday_morning_and_once(store: Store, clock: Clock) -> None:
    furnish(store, orders=60, now=MONDAY)
    channel, came = FakeChannel(), list[datetime]()
    for _ in range(2 * 7 * 24):
        if rounds(store, config(), clock, channel):
            came.append(clock.at)
        clock.advance(hours=1)
    assert came == [MONDAY, MONDAY + WEEK]
    assert len(channel.sent) == 2
    title, body = channel.sent[0][0].title, channel.sent[0][0].body
    assert title.startswith("📊 Feb 23 – Mar 2, 2026: ")
    assert body.startswith("Change first\n")
    assert channel.outgoing_messages[0].about == "report"


def test_a_new_channel_begins_with_the_next_one_and_an_old_one_is_skipped(store: Store, clock: Clock) -> None:
    clock.at, channel = MONDAY + HOUR, FakeChannel()
    assert rounds(store, config(), clock, channel) == 0
    clock.at = MONDAY + WEEK + WORTH_READING_FOR[WEEK] + HOUR
    assert rounds(store, config(), clock, channel) == 0
    clock.at = MONDAY + 2 * WEEK + HOUR
    assert rounds(store, config(), clock, channel) == 1


def test_a_clock_set_back_doubles_none(store: Store, clock: Clock) -> None:
    channel = FakeChannel()
    rounds(store, config(), clock, channel)
    clock.at = MONDAY
    assert rounds(store, config(), clock, channel) == 1
    clock.at = MONDAY - HOUR
    rounds(store, config(), clock, channel)
    clock.at = MONDAY + timedelta(minutes=1)
    assert rounds(store, config(), clock, channel) == 0


def test_the_daily_one_and_none_at_all_are_a_matter_of_the_configuration(store: Store, clock: Clock) -> None:
    daily, never = Report(weekly=None, daily=time(20, 30)), Report(weekly=None)
    channel = FakeChannel()
    for _ in range(48):
        rounds(store, config(report=daily), clock, channel)
        clock.advance(hours=1)
    assert len(channel.sent) == 2
    assert all(plan.weekly is None for plan in report_plans(config(report=never)))
    assert queue_reports(store, report_plans(config(report=never)), now=clock.at) == 0


CLIENT = Group(name="client-a", shops=("north",), channels=("client",), language="zh")


def test_a_group_hears_of_its_own_shops_only_in_its_language(store: Store, clock: Clock) -> None:
    furnish(store, orders=60, now=MONDAY)
    settings, channel = config(groups=(CLIENT,)), FakeChannel()
    packers, client = settings.destinations()
    assert packers.shops == frozenset()
    assert client.shops == {"north"}
    rounds(store, settings, clock, channel, name="client")
    clock.at = MONDAY
    assert rounds(store, settings, clock, channel, name="client") == 1
    message = channel.sent[0][0]
    assert message.title.startswith("📊 client-a，")
    assert message.sections[0].heading == "先改这一件"
    assert "main" not in message.body
    assert [(plan.to.name, plan.group, plan.shops) for plan in report_plans(settings)] == [
        ("packers", "", ("main", "north")),
        ("client", "client-a", ("north",)),
    ]


def test_what_a_channel_may_not_know_any_more_is_left_out(store: Store, clock: Clock) -> None:
    furnish(store, orders=60, now=MONDAY)
    rounds(store, config(), clock, FakeChannel())
    clock.at = MONDAY
    assert queue_reports(store, report_plans(config())[:1], now=MONDAY) == 1
    channel, only_north = FakeChannel(), config(groups=(replace(CLIENT, channels=("packers",)),))
    rounds(store, only_north, clock, channel)
    assert "main" not in channel.sent[0][0].title + channel.sent[0][0].body


def test_a_channel_that_is_told_of_no_shop_gets_none() -> None:
    none = tuple(replace(channel, shops=()) for channel in config().channels)
    assert report_plans(config(channels=none)) == []


MONDAYS: list[tuple[dict[str, Any], datetime]] = [
    ({}, MONDAY),
    ({"days_off": frozenset({date(2026, 3, 2)})}, MONDAY + DAY),
    ({"working_days": frozenset({3, 4})}, MONDAY + 3 * DAY),
]


@pytest.mark.parametrize(("calendar", "expected"), MONDAYS)
def test_on_a_day_off_the_weekly_one_waits_for_the_next_working_day(
    calendar: dict[str, Any], expected: datetime
) -> None:
    to = destination(timezone="Europe/Moscow", **calendar)
    found = weekdays_between(to, 0, time(9), after=MONDAY - DAY, until=MONDAY + 6 * DAY)
    assert found == [expected]


def test_a_schedule_that_nothing_is_due_for_is_pruned(store: Store, clock: Clock) -> None:
    rounds(store, config(), clock, FakeChannel())
    assert store.schedules.all().keys() == {"report:7d:packers:"}
    store.prune(clock.at + DAY, rest=lambda worked: None)
    assert store.schedules.all() == {}
