"""What a good file turns into: values of the right type, limits from wide to narrow, who is told about whom."""

from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.config import Address, Alerts, Config, Escalation, OwnEscalation, Ozon, parse_duration
from labelwatch.core.alert import Severity
from labelwatch.core.policy import AlertPolicy, DelayPolicy, Delays, QuietHours, Step
from labelwatch.core.posting import PickUp
from tests.config.files import CHANNEL, ENVIRON, SHOP, read

HOUR = timedelta(hours=1)

WHOLE = """
language = "ru"
timezone = "Europe/Moscow"
[store]
url = "sqlite:////var/lib/x.db"
history = "90d"
[ozon]
base_url = "http://127.0.0.1:8080/"
every = "1m30s"
requests_per_second = 2.5
timeout = "5s"
ask_label_task = false
[delays]
order = "1d"
registration = "auto"
label = "1h 30m"
tracking = "2d"
before_cutoff = "3h"
critical_before_cutoff = "30m"
[alerts]
pending_for = "2m"
group_wait = "0s"
group_interval = "1m"
repeat_every = "8h"
resolved = false
[[escalation]]
left = "90m"
channel = "owner"
shops = ["main"]
[[shop]]
name = "main"
client_id = 123456
api_key = "env:KEY"
enabled = false
every = "2s"
channels = ["owner"]
[[shop.escalation]]
left = "2h"
channel = "owner"
[[channel]]
name = "owner"
url = "env:URL"
language = "en"
timezone = "UTC"
shops = ["main"]
severity = "critical"
quiet_hours = "22:00-08:00"
working_days = "mon-fri"
days_off = [2026-12-31, "2027-01-01"]
handover = ["20:30", 08:30:00]
group_interval = "0s"
api_base = "https://bots.example/"
proxy = "env:PROXY"
attach_label = true
enabled = false
[web]
listen = "[::1]:0"
password = "env:PROXY"
public_url = "https://example.org/"
[heartbeat]
url = "https://ping.example/x"
"""


def test_every_key_arrives_as_a_value_of_its_type(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE, ENVIRON | {"PROXY": "socks5://me:word@127.0.0.1"})
    assert (config.language, config.timezone) == ("ru", "Europe/Moscow")
    assert config.store.history == timedelta(days=90)
    assert config.ozon == Ozon(
        base_url="http://127.0.0.1:8080",
        every=timedelta(seconds=90),
        requests_per_second=2.5,
        timeout=timedelta(seconds=5),
        ask_label_task=False,
    )
    assert config.alerts == Alerts(
        pending_for=timedelta(minutes=2),
        group_wait=timedelta(0),
        group_interval=timedelta(minutes=1),
        repeat_every=8 * HOUR,
        resolved=False,
    )
    assert config.escalations == (Escalation(left=1.5 * HOUR, channel="owner", shops=("main",)),)
    (shop,), (channel,) = config.shops, config.channels
    assert (shop.name, shop.client_id, shop.enabled, shop.channels) == ("main", "123456", False, ("owner",))
    assert (channel.language, channel.timezone, channel.shops) == ("en", "UTC", ("main",))
    assert channel.severity is Severity.CRITICAL
    assert shop.escalations == (OwnEscalation(left=2 * HOUR, channel="owner"),)
    assert channel.quiet_hours == QuietHours(time(22), time(8))
    assert channel.working_days == frozenset(range(5))
    assert channel.days_off == {date(2026, 12, 31), date(2027, 1, 1)}
    assert channel.handover == (time(8, 30), time(20, 30))
    assert (channel.group_interval, channel.attach_label) == (timedelta(0), True)
    assert channel.api_base == "https://bots.example"
    assert channel.proxy is not None
    assert channel.proxy.get_secret_value() == "socks5://me:word@127.0.0.1"
    assert config.web is not None
    assert (config.web.listen, config.web.public_url) == (Address("::1", 0), "https://example.org")
    assert config.heartbeat is not None
    assert config.heartbeat.url.get_secret_value() == "https://ping.example/x"


# (what the file says, how long what nobody has to hurry for is gathered)
CALM_INTERVALS = [
    ("", "", timedelta(hours=1)),
    ('group_wait = "0s"', "", timedelta(0)),
    ('group_wait = "1s"', "", timedelta(minutes=3)),
    ('calm_interval = "5m"', "", timedelta(minutes=5)),
    ('calm_interval = "5m"', "attach_label = true", timedelta(0)),
]


@pytest.mark.parametrize(("alerts", "channel", "waits"), CALM_INTERVALS)
def test_what_is_calm_is_gathered_by_group_wait_and_never_where_the_label_comes_with_it(
    tmp_path: Path, alerts: str, channel: str, waits: timedelta
) -> None:
    config = read(tmp_path, f"[alerts]\n{alerts}\n{SHOP}\n{CHANNEL}{channel}")
    assert [to.calm_interval for to in config.destinations()] == [waits]


def test_what_is_left_out_has_the_documented_default(tmp_path: Path) -> None:
    config = read(tmp_path, SHOP)
    assert (config.language, config.timezone) == ("zh", "Asia/Shanghai")
    assert config.ozon == Ozon()
    assert config.delay_policy(config.shops[0]) == DelayPolicy()
    assert config.alert_policy() == AlertPolicy()
    assert (config.web, config.heartbeat, config.destinations()) == (None, None, ())


def test_a_shop_is_polled_as_often_as_it_says_itself_else_as_ozon_says(tmp_path: Path) -> None:
    twice = SHOP + 'every = "5m"' + SHOP.replace("main", "other").replace("123456", "7")
    config = read(tmp_path, '[ozon]\nevery = "1m"' + twice)
    assert [config.every(shop) for shop in config.shops] == [timedelta(minutes=5), timedelta(minutes=1)]


# (text, what it means)
DURATIONS = [
    ("90s", timedelta(seconds=90)),
    ("15m", timedelta(minutes=15)),
    ("4h", 4 * HOUR),
    ("2d", 48 * HOUR),
    ("1h30m", 1.5 * HOUR),
    ("2ч", 2 * HOUR),
    ("1 час 30 мин.", 1.5 * HOUR),
    ("2 小时", 2 * HOUR),
    ("30分钟", 0.5 * HOUR),
    ("5 минуточек", None),
    (" 1d 2h 3m 4s ", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ("0s", timedelta(0)),
    ("", None),
    ("15", None),
    ("1.5h", None),
    ("-1h", None),
    ("1m1h", None),
    ("1h1h", None),
    ("１h", timedelta(hours=1)),
]


@pytest.mark.parametrize(("text", "meaning"), DURATIONS)
def test_a_duration_is_numbers_with_units_from_large_to_small(text: str, meaning: timedelta | None) -> None:
    assert parse_duration(text) == meaning


@given(st.text(alphabet="0123456789dhms. -", max_size=12))
def test_any_text_is_a_duration_or_is_not(text: str) -> None:
    found = parse_duration(text)
    assert found is None or found >= timedelta(0)


LADDER = """
[delays]
label = "20m"
registration = "auto"
[[shop]]
name = "main"
client_id = 1
api_key = "env:KEY"
[shop.delays]
label = "auto"
order = "5h"
[[shop.warehouse]]
id = 71
registration = "3h"
[[shop.delivery_method]]
id = "81"
label = "40m"
"""


def test_the_most_specific_limit_wins_and_auto_keeps_a_limit_to_fall_back_on(tmp_path: Path) -> None:
    config = read(tmp_path, LADDER)
    minutes = timedelta(minutes=1)
    both = frozenset({"label", "registration"})
    assert config.delay_policy(config.shops[0]) == DelayPolicy(
        default=Delays(order=5 * HOUR, label=20 * minutes, auto=both),
        by_warehouse={
            "71": Delays(order=5 * HOUR, registration=3 * HOUR, label=20 * minutes, auto=frozenset({"label"}))
        },
        by_method={"81": Delays(order=5 * HOUR, label=40 * minutes, auto=frozenset({"registration"}))},
    )


# (as written, Monday is 0)
DAYS = [
    ('"mon-sun"', {0, 1, 2, 3, 4, 5, 6}),
    ('"Mon - Fri"', {0, 1, 2, 3, 4}),
    ('"mon,tue,sat"', {0, 1, 5}),
    ('"fri-mon"', {4, 5, 6, 0}),
    ('"mon-wed, sat"', {0, 1, 2, 5}),
    ('["mon", "tue"]', {0, 1}),
    ("[]", set()),
]


@pytest.mark.parametrize(("written", "days"), DAYS)
def test_working_days_are_named_one_by_one_or_from_one_to_another(
    tmp_path: Path, written: str, days: set[int]
) -> None:
    (to,) = read(tmp_path, CHANNEL + f"working_days = {written}").destinations()
    assert to.working_days == days


def test_a_channel_takes_its_calendar_along_and_its_own_interval_before_that_of_all(tmp_path: Path) -> None:
    own = 'days_off = [2026-12-31]\nhandover = ["08:30"]\ngroup_interval = "5s"\nquiet_hours = "12:00-13:00"'
    first, second = read(tmp_path, '[alerts]\ngroup_interval = "2m"' + CHANNEL + own + OWNER).destinations()
    assert (first.days_off, first.handover) == (frozenset({date(2026, 12, 31)}), (time(8, 30),))
    assert (first.group_interval, second.group_interval) == (timedelta(seconds=5), timedelta(minutes=2))
    assert (second.working_days, second.days_off, second.handover) == (frozenset(range(7)), frozenset(), ())


STEPS = """
[[escalation]]
left = "30m"
channel = "owner"
[[escalation]]
left = "90m"
channel = "owner"
shops = ["main"]
{shops}
[[shop.escalation]]
left = "1h"
channel = "packers"
"""


def test_a_shop_escalates_by_its_own_steps_and_those_that_hold_for_it_the_longest_first(tmp_path: Path) -> None:
    config = read(tmp_path, STEPS.format(shops=TWO_SHOPS.format(first="", second="")) + CHANNEL + OWNER)
    main, spare = config.shops
    last, half, own = Step(HOUR / 2, "owner"), Step(1.5 * HOUR, "owner"), Step(HOUR, "packers")
    assert config.alert_policy(main).escalation == (half, last)
    assert config.alert_policy(spare).escalation == (own, last)
    assert config.alert_policy().escalation == (last,)


def shops_told(config: Config) -> dict[str, frozenset[str]]:
    return {to.name: to.shops for to in config.destinations()}


TWO_SHOPS = SHOP + "{first}" + SHOP.replace("main", "spare").replace("123456", "7") + "{second}"
OWNER = CHANNEL.replace("packers", "owner")

# (of the first shop, of the second shop, of packers, who hears of which shops; none named = all)
WHO = [
    ("", "", "", {"packers": set(), "owner": set()}),
    ("", "", 'shops = ["spare"]', {"packers": {"spare"}, "owner": set()}),
    ('channels = ["owner"]', "", "", {"packers": {"spare"}, "owner": set()}),
    ('channels = ["owner"]', "", 'shops = ["main"]', {"packers": {""}, "owner": set()}),
    ("", "", "shops = []", {"packers": {""}, "owner": set()}),
    ("channels = []", 'channels = ["packers"]', "", {"packers": {"spare"}, "owner": {""}}),
    ("", "", "enabled = false", {"owner": set()}),
]


@pytest.mark.parametrize(("first", "second", "packers", "told"), WHO)
def test_a_channel_hears_of_the_shops_that_both_sides_want(
    tmp_path: Path, first: str, second: str, packers: str, told: dict[str, set[str]]
) -> None:
    config = read(tmp_path, TWO_SHOPS.format(first=first, second=second) + CHANNEL + packers + OWNER)
    assert shops_told(config) == told


def test_a_channel_takes_language_and_zone_from_the_top_unless_it_has_its_own(tmp_path: Path) -> None:
    own = 'language = "ru"\ntimezone = "Europe/Moscow"\nquiet_hours = "22:00-08:00"\nseverity = "warning"'
    first, second = read(tmp_path, 'language = "en"\ntimezone = "UTC"' + CHANNEL + own + OWNER).destinations()
    assert (first.language, first.timezone, first.severity) == ("ru", "Europe/Moscow", Severity.WARNING)
    assert first.quiet == QuietHours(time(22), time(8))
    assert (second.language, second.timezone, second.severity) == ("en", "UTC", Severity.NOTICE)


# (store.url as written, what it becomes; {0} is the directory of the file)
STORES = [
    ("sqlite:///shop.db", "sqlite:///{0}/shop.db"),
    ("sqlite:///data/shop.db", "sqlite:///{0}/data/shop.db"),
    ("sqlite:////srv/shop.db", "sqlite:////srv/shop.db"),
    ("postgresql+psycopg://me@host/db", "postgresql+psycopg://me@host/db"),
    ("postgresql://me:pw@host/db", "postgresql+psycopg://me:pw@host/db"),
    ("env:DB", "postgresql+psycopg://me:pw@host/db"),
]


@pytest.mark.parametrize(("written", "url"), STORES)
def test_a_database_file_is_looked_for_beside_the_configuration(tmp_path: Path, written: str, url: str) -> None:
    environ = ENVIRON | {"DB": "postgresql://me:pw@host/db"}
    config = read(tmp_path, f'[store]\nurl = "{written}"', environ)
    assert config.store.url.get_secret_value() == url.format(tmp_path)


def test_without_an_address_the_database_is_in_the_state_directory(tmp_path: Path) -> None:
    config = read(tmp_path, "", ENVIRON | {"STATE_DIRECTORY": "/var/lib/labelwatch:/var/lib/other"})
    assert config.store.url.get_secret_value() == "sqlite:////var/lib/labelwatch/labelwatch.db"
    at_home = read(tmp_path, "").store.url.get_secret_value()
    assert at_home.startswith("sqlite:///")
    assert at_home.endswith("labelwatch/labelwatch.db")


def test_a_pick_up_is_of_the_most_specific_place_that_names_one(tmp_path: Path) -> None:
    text = """
timezone = "Asia/Shanghai"
[[shop]]
name = "main"
client_id = "1"
api_key = "env:KEY"
handover_at = "16:00"
working_days = "mon-sat"
[shop.delays]
label = "5m"
[[shop.warehouse]]
id = 5
timezone = "Europe/Moscow"
days_off = [2026-12-31]
[[shop.warehouse]]
id = 6
handover_at = []
[[shop.delivery_method]]
id = 77
handover_at = [18:30:00, "11:00"]
label = "1h"
"""
    policy = (config := read(tmp_path, text)).delay_policy(config.shops[0])
    usual = PickUp((time(16),), "Asia/Shanghai", frozenset(range(6)))
    assert (policy.default.pick_up, policy.default.label) == (usual, timedelta(minutes=5))
    abroad = replace(usual, timezone="Europe/Moscow", days_off=frozenset({date(2026, 12, 31)}))
    assert {place: delays.pick_up for place, delays in policy.by_warehouse.items()} == {"5": abroad, "6": None}
    assert policy.by_method["77"].pick_up == replace(usual, handover=(time(11), time(18, 30)))
    assert policy.by_method["77"].label == timedelta(hours=1)
    assert policy.by_warehouse["5"].label == timedelta(minutes=5)
