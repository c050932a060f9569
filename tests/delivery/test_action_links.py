"""A link in a message acts on that message only, for that purpose only, and nobody else can make one."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.channels.base import Target
from labelwatch.delivery.action_links import _DIGITS, LASTS, Act, Links, _signature, opened, sealed, section

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
LINKS = Links("https://watch.example.org", "secret of the database")


def token(verb: str = "ack") -> str:
    return LINKS.links_of(KEY, now=NOW)[verb].removeprefix("https://watch.example.org/a/")


@pytest.mark.parametrize("verb", ["ack", "snooze"])
def test_a_link_says_what_it_is_for_and_until_when(verb: str) -> None:
    act = opened(token(verb), LINKS.secret)
    assert act == Act(verb, KEY, NOW + LASTS)
    assert act.until - NOW == timedelta(hours=48)


def test_a_link_is_short_and_survives_any_channel() -> None:
    for link in LINKS.links_of(KEY, now=NOW).values():
        assert re.fullmatch(r"https://watch\.example\.org/a/[A-Za-z0-9]+", link)
        assert len(link.rpartition("/")[2]) <= 47
    one = LINKS.links_of(KEY, now=NOW, alert=2**31)["snooze"].rpartition("/")[2]
    assert len(one) <= 53
    assert opened(one, LINKS.secret) == Act("snooze", KEY, NOW + LASTS, 2**31)


def test_no_letter_of_a_link_can_be_altered() -> None:
    good = token()
    for place, letter in enumerate(good):
        bad = good[:place] + ("0" if letter != "0" else "1") + good[place + 1 :]
        assert opened(bad, LINKS.secret) is None


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "ack",
        token()[:-1],
        "0" + token(),
        token("snooze")[:8] + token()[8:],
        "9" * 101,
        token() + "x",
        sealed(Act("ack", KEY, NOW), "another secret"),
        "ack.\udcff.1.x",
        "ack." + "9" * 400,
        f"ack.{KEY}.{10**18}.00",
        f"ack.{KEY}.{10**40}.00",
    ],
)
def test_what_was_made_elsewhere_opens_nothing(bad: str) -> None:
    assert opened(bad, LINKS.secret) is None


OLD = f"ack.{KEY}.{int((NOW + LASTS).timestamp())}.3cbc7fd5e21b5a102753b6a92b10b21595c70ff73bfbface05009cbd6583db68"


def test_a_link_that_an_earlier_version_sent_still_works() -> None:
    assert opened(OLD, LINKS.secret) == Act("ack", KEY, NOW + LASTS)
    assert opened(OLD.replace("ack", "snooze"), LINKS.secret) is None


def test_two_links_for_the_same_are_used_up_together_and_others_are_not() -> None:
    later = LINKS.links_of(KEY, now=NOW + timedelta(hours=1), alert=7)["ack"].rpartition("/")[2]
    again, first, other = (opened(one, LINKS.secret) for one in (later, token("ack"), token("snooze")))
    assert first
    assert again
    assert other
    assert first.spent_as(7) == again.spent_as(7) != other.spent_as(7)
    assert first.spent_as(7) != first.spent_as(8)


@pytest.mark.parametrize(
    ("language", "ack", "snooze"),
    [
        ("zh", "我来处理", "暂停提醒 1 小时"),
        ("ru", "Беру на себя", "Отложить на 1 ч"),
        ("en", "I'll take it", "Snooze 1 h"),
    ],
)
def test_the_end_of_a_message_says_what_each_link_does(language: str, ack: str, snooze: str) -> None:
    links = LINKS.links_of(KEY, now=NOW)
    said = section(links, [Target(1, "41-0001-1")], language)
    assert said.text == f"{ack}: {links['ack']} · {snooze}: {links['snooze']}"


def test_a_few_have_links_each_and_many_are_chosen_from() -> None:
    links = LINKS.links_of(KEY, now=NOW)
    few = [Target(n, f"41-000{n}-1", LINKS.links_of(KEY, now=NOW, alert=n)) for n in (1, 2, 3)]
    *each, everything = section(links, few, "en").text.splitlines()
    assert [line.split(" · ")[0] for line in each] == ["41-0001-1", "41-0002-1", "41-0003-1"]
    assert everything.startswith("I'll take all 3: http")
    assert section(links, [Target(n, str(n)) for n in range(7)], "en").text.startswith("Choose which to take…: http")


def test_a_secret_is_never_shown() -> None:
    assert "secret" not in repr(LINKS)


def test_the_key_of_a_message_cannot_be_read_from_its_links() -> None:
    for link in (*LINKS.links_of(KEY, now=NOW).values(), *LINKS.links_of(KEY, now=NOW, alert=7).values()):
        number = 0
        for digit in link.rpartition("/")[2]:
            number = number * 62 + _DIGITS.index(digit)
        assert bytes.fromhex(KEY) not in number.to_bytes((number.bit_length() + 7) // 8, "big")


def test_a_link_of_the_version_before_still_works() -> None:
    said = bytes([1]) + int((NOW + LASTS).timestamp()).to_bytes(5, "big") + bytes.fromhex(KEY) + bytes([7])
    number, digits = int.from_bytes(said + _signature(said, LINKS.secret), "big"), ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    assert opened(digits, LINKS.secret) == Act("ack", KEY, NOW + LASTS, 7)
