"""A file that is wrong is refused with every mistake in it: file, line, key, value and what is allowed."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labelwatch.config import ConfigError, load
from tests.config.files import CHANNEL, ENVIRON, SHOP, check_url, mistakes, read

LIMIT = 'a time from "1s" to "365d", like "90s", "15m", "4h", "2d" or "1h30m"'
ZONE = 'an IANA time zone, like "Asia/Shanghai" or "Europe/Moscow"'
NUMBER = "a positive whole number, as the seller cabinet shows it"
RATE = "a number above 0 and at most 50, without quotes"
QUIET = 'two different times of day, like "22:00-08:00"'
LISTEN = 'an address and a port from 0 to 65535, like "127.0.0.1:8765" or "[::1]:8765"'
WEB_URL = 'an address that begins with https:// (or http://), like "https://watch.example.org"'
SIGNING = (
    "a signing secret: whsec_ followed by 24 to 64 random bytes in base64, "
    "as `echo whsec_$(openssl rand -base64 32)` prints one"
)
STORE_URL = '"sqlite:///FILE" or "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"'
TOP = (
    "language, timezone, store, ozon, delays, alerts, escalation, shop, channel, web, heartbeat, arrival, audit, "
    "report, group"
)
DAYS = 'days of the week, like "mon-fri", "mon,tue,sat" or ["mon", "tue"]'
DATES = 'dates in a list, like [2026-12-31, "2027-01-01"]'
PICK_UPS = 'a time of day, like "16:00", or several in a list'
CLOCKS = 'times of day in a list, like ["08:30", "20:30"]'
STEP = '\n[[escalation]]\nleft = "90m"\nchannel = "packers"\n'
OWN_STEP = STEP.replace("[[", "[[shop.")
DELAYS = "order, registration, label, tracking, before_cutoff, critical_before_cutoff"

BAD_DAYS = [
    ('"mon-sunday"', '"mon-sunday"'),
    ('"mon-tue-wed"', '"mon-tue-wed"'),
    ('""', '""'),
    ("[1]", "[1]"),
    ("5", "5"),
]

# (what is written, key, value shown, what is allowed, line)
ONE_MISTAKE = [
    ('language = "de"', "language", '"de"', 'one of "zh", "ru", "en"', 1),
    ("language = 1", "language", "1", 'one of "zh", "ru", "en"', 1),
    ('timezone = "Mars"', "timezone", '"Mars"', ZONE, 1),
    ('timezone = "Beijing"', "timezone", '"Beijing"', f'{ZONE}; did you mean "Asia/Shanghai"?', 1),
    ('timezone = "moscow"', "timezone", '"moscow"', f'{ZONE}; did you mean "Europe/Moscow"?', 1),
    ('timezone = "../../etc/passwd"', "timezone", '"../../etc/passwd"', ZONE, 1),
    ('laguage = "zh"', "laguage", "", f'one of the known keys: {TOP}; did you mean "language"?', 1),
    ('warnings = ["x"]', "warnings", "", f"one of the known keys: {TOP}", 1),
    ("[delay]", "delay", "", f'one of the known keys: {TOP}; did you mean "delays"?', 1),
    ('[store]\nurl = "mysql://x"', "store.url", "(text of 9 characters, not shown)", STORE_URL, 2),
    ('[store]\nurl = "sqlite://"', "store.url", "(text of 9 characters, not shown)", STORE_URL, 2),
    ("ozon = 3", "ozon", "3", "a table: a line in brackets with keys below it", 1),
    (
        "[ozon]\nevery = 120",
        "ozon.every",
        "120",
        'a time with its unit: "120s", "120m", "120h" or "120d"',
        2,
    ),
    ("[ozon]\nrequests_per_second = 0", "ozon.requests_per_second", "0", RATE, 2),
    ("[ozon]\nrequests_per_second = 50.1", "ozon.requests_per_second", "50.1", RATE, 2),
    ("[ozon]\nrequests_per_second = nan", "ozon.requests_per_second", "nan", RATE, 2),
    (
        '[ozon]\nrequests_per_second = "9"',
        "ozon.requests_per_second",
        '"9"',
        RATE,
        2,
    ),
    (
        "[ozon]\nask_label_task = 1",
        "ozon.ask_label_task",
        "1",
        "true or false, without quotes",
        2,
    ),
    ('[ozon]\nbase_url = "ozon.ru"', "ozon.base_url", '"ozon.ru"', WEB_URL, 2),
    (
        '[ozon]\ntimeout = "0s"',
        "ozon.timeout",
        '"0s"',
        LIMIT.replace("365d", "10m"),
        2,
    ),
    ('[delays]\norder = "auto"', "delays.order", '"auto"', LIMIT, 2),
    ('[delays]\nlabel = "0m"', "delays.label", '"0m"', f'{LIMIT}, or "auto"', 2),
    ('[delays]\nlabel = "m15"', "delays.label", '"m15"', f'{LIMIT}, or "auto"', 2),
    ('[delays]\nbefore_cutoff = "1m1h"', "delays.before_cutoff", '"1m1h"', LIMIT, 2),
    (
        '[delays]\nlabels = "1m"',
        "delays.labels",
        "",
        f'one of the known keys: {DELAYS}; did you mean "label"?',
        2,
    ),
    (SHOP.replace('"123456"', '"12a"'), "shop[0].client_id", '"12a"', NUMBER, 4),
    (SHOP.replace('"123456"', "-5"), "shop[0].client_id", "-5", NUMBER, 4),
    (SHOP.replace('"123456"', "true"), "shop[0].client_id", "true", NUMBER, 4),
    (SHOP.replace('"main"', '""'), "shop[0].name", '""', "a name of 1 to 64 printable characters, in quotes", 3),
    (SHOP.replace('name = "main"', ""), "shop[0].name", "", "a value: this key is needed", 2),
    (
        SHOP.replace("[[shop]]", "[shop]"),
        "shop",
        "",
        "[[shop]] in double brackets: there may be several",
        2,
    ),
    (
        SHOP + SHOP.replace("123456", "654321"),
        "shop[1].name",
        '"main"',
        "another name: shop[0] has this one already",
        8,
    ),
    (
        SHOP + SHOP.replace("main", "spare"),
        "shop[1].client_id",
        '"123456"',
        "another client_id: shop[0] has this one already",
        9,
    ),
    (
        SHOP + 'channels = ["packer"]' + CHANNEL,
        "shop[0].channels[0]",
        '"packer"',
        'a name that is in this file: packers; did you mean "packers"?',
        6,
    ),
    (
        SHOP + 'channels = "packers"' + CHANNEL,
        "shop[0].channels",
        '"packers"',
        "a list",
        6,
    ),
    (SHOP + '[shop.delays]\nlabel = "?"', "shop[0].delays.label", '"?"', f'{LIMIT}, or "auto"', 7),
    (
        SHOP + '[shop.warehouse]\nid = "7"',
        "shop[0].warehouse",
        "",
        "[[shop.warehouse]] in double brackets: there may be several",
        6,
    ),
    (
        SHOP + '[[shop.warehouse]]\nlabel = "1m"',
        "shop[0].warehouse[0].id",
        "",
        "a value: this key is needed",
        6,
    ),
    (
        SHOP + '[[shop.warehouse]]\nid = 7\n[[shop.warehouse]]\nid = "7"',
        "shop[0].warehouse[1].id",
        '"7"',
        "another id: shop[0].warehouse[0] has this one already",
        9,
    ),
    (
        SHOP + '[[shop.delivery_method]]\nid = 7\nlabl = "1m"',
        "shop[0].delivery_method[0].labl",
        "",
        f'one of the known keys: id, handover_at, timezone, working_days, days_off, {DELAYS}; did you mean "label"?',
        8,
    ),
    (CHANNEL + CHANNEL, "channel[1].name", '"packers"', "another name: channel[0] has this one already", 7),
    (
        CHANNEL + 'severity = "high"',
        "channel[0].severity",
        '"high"',
        'one of "notice", "warning", "critical"',
        5,
    ),
    (CHANNEL + 'quiet_hours = "22:00"', "channel[0].quiet_hours", '"22:00"', QUIET, 5),
    (CHANNEL + 'quiet_hours = "22:00-24:00"', "channel[0].quiet_hours", '"22:00-24:00"', QUIET, 5),
    (CHANNEL + 'quiet_hours = "08:00-08:00"', "channel[0].quiet_hours", '"08:00-08:00"', QUIET, 5),
    (
        CHANNEL + 'shops = ["mian"]',
        "channel[0].shops[0]",
        '"mian"',
        'a name that is in this file: main; did you mean "main"?',
        5,
    ),
    (CHANNEL + 'fallback = "packers"', "channel[0].fallback", '"packers"', "another channel: (there is none)", 5),
    (
        CHANNEL + 'fallback = "owner"' + CHANNEL.replace("packers", "owners"),
        "channel[0].fallback",
        '"owner"',
        'another channel: owners; did you mean "owners"?',
        5,
    ),
    *((CHANNEL + f"working_days = {days}", "channel[0].working_days", shown, DAYS, 5) for days, shown in BAD_DAYS),
    (CHANNEL + 'days_off = "2026-12-31"', "channel[0].days_off", '"2026-12-31"', DATES, 5),
    (CHANNEL + 'days_off = ["2026-02-30"]', "channel[0].days_off", '["2026-02-30"]', DATES, 5),
    (CHANNEL + "days_off = [2026-12-31T00:00:00]", "channel[0].days_off", "[2026-12-31 00:00:00]", DATES, 5),
    (CHANNEL + 'handover = "08:30"', "channel[0].handover", '"08:30"', CLOCKS, 5),
    (CHANNEL + 'handover = ["8:30"]', "channel[0].handover", '["8:30"]', CLOCKS, 5),
    (SHOP + 'handover_at = "25:00"', "shop[0].handover_at", '"25:00"', PICK_UPS, 6),
    (SHOP + 'timezone = "Mars"', "shop[0].timezone", '"Mars"', ZONE, 6),
    (
        SHOP + '[[shop.warehouse]]\nid = 1\nhandover_at = ["8:30"]',
        "shop[0].warehouse[0].handover_at",
        '["8:30"]',
        PICK_UPS,
        8,
    ),
    (
        CHANNEL + 'group_interval = "2h"',
        "channel[0].group_interval",
        '"2h"',
        LIMIT.replace("1s", "0s", 1).replace("365d", "1h"),
        5,
    ),
    (CHANNEL + "attach_label = 1", "channel[0].attach_label", "1", "true or false, without quotes", 5),
    (CHANNEL + 'api_base = "bots.example"', "channel[0].api_base", '"bots.example"', WEB_URL, 5),
    (
        CHANNEL + 'api_base = "https://other.example/x"',
        "channel[0].api_base",
        '"https://other.example/x"',
        "an address for a service that can use it; this channel has api_base, which json:// cannot use",
        5,
    ),
    (
        CHANNEL + 'signing_secret = "whsec_c2hvcnQ="',
        "channel[0].signing_secret",
        "(text of 14 characters, not shown)",
        SIGNING,
        5,
    ),
    (
        CHANNEL + 'signing_secret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"',
        "channel[0].signing_secret",
        "(text of 32 characters, not shown)",
        SIGNING,
        5,
    ),
    (
        CHANNEL + 'proxy = "ftp://user:word@127.0.0.1"',
        "channel[0].proxy",
        "(text of 25 characters, not shown)",
        "an address for a service that can use it; this channel has a proxy of a kind that is not known",
        5,
    ),
    (STEP.replace("90m", "0s") + CHANNEL, "escalation[0].left", '"0s"', LIMIT.replace("365d", "30d"), 3),
    (STEP.replace('left = "90m"', "") + CHANNEL, "escalation[0].left", "", "a value: this key is needed", 2),
    (
        STEP.replace("packers", "packer") + CHANNEL,
        "escalation[0].channel",
        '"packer"',
        'a name that is in this file: packers; did you mean "packers"?',
        4,
    ),
    (
        STEP + 'shops = ["mian"]' + CHANNEL,
        "escalation[0].shops[0]",
        '"mian"',
        'a name that is in this file: main; did you mean "main"?',
        5,
    ),
    (
        STEP.replace("[[escalation]]", "[escalation]") + CHANNEL,
        "escalation",
        "",
        "[[escalation]] in double brackets: there may be several",
        2,
    ),
    (
        SHOP + OWN_STEP + 'shops = ["main"]' + CHANNEL,
        "shop[0].escalation[0].shops",
        "",
        "one of the known keys: left, channel",
        10,
    ),
    (
        SHOP + OWN_STEP.replace("packers", "owner") + CHANNEL,
        "shop[0].escalation[0].channel",
        '"owner"',
        "a name that is in this file: packers",
        9,
    ),
    (
        STEP + STEP.replace("90m", "1h30m") + CHANNEL,
        "escalation[1]",
        "",
        "another channel or another left: escalation[0] says the same",
        6,
    ),
    (
        STEP + SHOP + OWN_STEP + CHANNEL,
        "shop[0].escalation[0]",
        "",
        "another channel or another left: escalation[0] says the same",
        11,
    ),
    (
        CHANNEL.replace("env:URL", "x://token"),
        "channel[0].url",
        "(text of 9 characters, not shown)",
        "an Apprise URL with one destination; nothing known sends to (the URL)",
        4,
    ),
    ('[web]\nlisten = "8765"', "web.listen", '"8765"', LISTEN, 2),
    ('[web]\nlisten = "127.0.0.1:70000"', "web.listen", '"127.0.0.1:70000"', LISTEN, 2),
    (
        '[web]\nlisten = "0.0.0.0:80"',
        "web.password",
        "",
        'a password: others can reach 0.0.0.0:80; or listen = "127.0.0.1:8765"',
        1,
    ),
    (
        '[web]\npublic_url = "https://watch.example.org"',
        "web.password",
        "",
        "a password: others can reach https://watch.example.org",
        1,
    ),
    (
        '[web]\npublic_url = "https://watch.example.org"\npassword = "env:SHORT"',
        "web.password",
        "",
        "a password of 8 characters or more: others can reach https://watch.example.org",
        3,
    ),
    *(
        (
            f'[web]\nlisten = "127.0.0.1:80"\npassword = "{broken}"',
            "web.password",
            "",
            "a whole hash as `labelwatch password` makes it, or the password itself",
            3,
        )
        for broken in (
            "$argon2broken",
            "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0",
            "$argon2id$v=19$" + "x" * 60,
        )
    ),
    ('[web]\npublic_url = "watch.example.org"', "web.public_url", '"watch.example.org"', WEB_URL, 2),
    *(
        (
            f'[web]\npublic_url = "{url}"\npassword = "env:KEY"',
            "web.public_url",
            f"(text of {len(url)} characters, not shown)" if "@" in url else f'"{url}"',
            'the address of the board alone, without user, path, query and fragment: "https://watch.example.org:8443"',
            2,
        )
        for url in (
            "https://watch.example.org:8443/labels",
            "https://watch.example.org:8443/?lang=ru",
            "https://watch.example.org:8443?lang=ru",
            "https://watch.example.org:8443#late",
            "https://me:word@watch.example.org:8443",
        )
    ),
    (
        '[heartbeat]\nurl = "ping.example"',
        "heartbeat.url",
        "(text of 12 characters, not shown)",
        WEB_URL,
        2,
    ),
]


@pytest.mark.fault("C5")
@pytest.mark.parametrize(("text", "key", "value", "allowed", "line"), ONE_MISTAKE)
def test_a_mistake_is_named_with_its_key_its_value_and_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: str, allowed: str, line: int
) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.file == tmp_path / "labelwatch.toml"
    assert (mistake.key, mistake.value, mistake.allowed, mistake.line) == (key, value, allowed, line)


@pytest.mark.fault("K1")
def test_all_mistakes_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    everything = "\n".join(
        [
            'language = "de"',
            "[ozon]",
            "every = 5",
            "[[shop]]",
            'name = "main"',
            'client_id = "x"',
            'api_key = "env:NOT_SET"',
            SHOP,
            CHANNEL.replace("env:URL", "nowhere://"),
            'fallback = "packers"',
            'quite_hours = "22:00-08:00"',
            "[web]",
            'listen = "[::]:80"',
        ]
    )
    assert [mistake.key for mistake in mistakes(tmp_path, everything)] == [
        "language",
        "ozon.every",
        "shop[0].client_id",
        "shop[0].api_key",
        "shop[1].name",
        "channel[0].url",
        "channel[0].fallback",
        "channel[0].quite_hours",
        "web.password",
    ]


def test_a_file_without_a_shop_says_what_a_shop_needs(tmp_path: Path) -> None:
    path = tmp_path / "labelwatch.toml"
    path.write_text("")
    with pytest.raises(
        ConfigError, match=r"shop: allowed is at least one \[\[shop\]\] with name, client_id and api_key"
    ):
        load(path, environ=ENVIRON, check_url=check_url)


# (what is written, line, what the message says)
NOT_TOML = [
    ("language = “zh”", 1, ", column 12: use straight quotes, \" or ', in place of “ ”"),
    ('timezone ＝ "Asia/Shanghai"', 1, "use half-width signs, = : , [ ], in place of ＝"),
    ("\nlanguage = zh", 2, ", column 12: use quotes around text"),
    ("\n\nlanguage: zh", 3, "use an equals sign"),
    ('[store]\nurl = "C:\\shop.db"', 2, "use single quotes around text with backslashes"),
    ("[ozon]\nevery = 15m", 2, 'use quotes around a time with its unit: key = "15m"'),
    ("[ozon]\nevery =", 2, "write a value after the equals sign"),
    ("[ozon]\n[ozon]", 2, "a section is written twice: remove one"),
    ("[[shop]", 1, "use brackets in pairs, like [[shop]]"),
    ("【【shop】】", 1, "in place of 【 】"),
    ('[web]\nlisten = "127.0.0.1:8765', 2, "text needs a quote at both ends"),
    ("a = {b = 1, }", 1, "Invalid initial character"),
]


@pytest.mark.parametrize(("text", "line", "said"), NOT_TOML)
def test_what_is_not_toml_is_named_with_its_line_and_what_to_write_instead(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert (mistake.line, mistake.key) == (line, "")
    assert said in mistake.allowed
    assert str(mistake).startswith(f"{tmp_path / 'labelwatch.toml'}:{line}: not valid TOML")


def test_a_file_saved_by_an_editor_that_marks_utf8_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, '\ufefflanguage = "ru"').language == "ru"


def test_a_file_in_another_encoding_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "labelwatch.toml"
    path.write_bytes('language = "zh"\n# 店铺\n'.encode("gbk"))
    with pytest.raises(ConfigError) as caught:
        load(path, environ={}, check_url=check_url)
    assert str(caught.value) == f"{path}:2: not UTF-8: save the file as UTF-8"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it cannot be read: there is no such file"):
        load(tmp_path / "none.toml", environ={}, check_url=check_url)
    with pytest.raises(ConfigError, match="it cannot be read: it is a directory"):
        load(tmp_path, environ={}, check_url=check_url)


WORDS = (
    "shop",
    "channel",
    "delays",
    "label",
    "name",
    "url",
    "web",
    "listen",
    "store",
    "ozon",
    "every",
    "warehouse",
    "id",
    "escalation",
    "left",
    "shops",
    "working_days",
    "days_off",
    "handover",
    "handover_at",
    "proxy",
)
KEYS = st.sampled_from(WORDS) | st.text(max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
VALUES = st.recursive(SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3))


def written(value: object) -> str:
    """`value` in TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(value) if isinstance(value, float | date) else json.dumps(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4) | st.text(max_size=60))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("[[shop]]\nclient_id = 1" + "0" * 5000)
@example({"shop": [[], 3, {"warehouse": {"limits": 1}}], "channel": [{"shops": [[]], "fallback": []}]})
@example("x = " + "[" * 2000)
def test_whatever_is_written_is_answered_with_mistakes(tmp_path: Path, content: dict[str, object] | str) -> None:
    text = (
        content
        if isinstance(content, str)
        else "\n".join(f"{json.dumps(k)} = {written(content[k])}" for k in content)
    )
    path = tmp_path / "labelwatch.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ConfigError) as caught:
        load(path, environ=ENVIRON, check_url=check_url)
    assert caught.value.mistakes


def test_only_a_webhook_is_signed(tmp_path: Path) -> None:
    text = SHOP + CHANNEL + f'signing_secret = "whsec_{"A" * 44}"'
    assert read(tmp_path, text).channels[0].signing_secret is not None
    path = tmp_path / "labelwatch.toml"
    with pytest.raises(ConfigError, match="only json:// and jsons:// are signed"):
        load(path, environ={**ENVIRON, "URL": "tgram://1:a/2"}, check_url=lambda _: None)
