"""A link in a message acts on that message only, for that purpose only, and nobody else can make one."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from labelwatch.notify.act_links import LASTS, Act, Links, opened, sealed, section

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
        assert re.fullmatch(r"https://watch\.example\.org/a/[a-z0-9.]+", link)
        assert len(link) < 150


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
        token().replace("ack", "snooze"),
        token().rpartition(".")[0],
        token() + "x",
        sealed(Act("ack", KEY, NOW), "another secret"),
        sealed(Act("delete", KEY, NOW), LINKS.secret),
        "ack.\udcff.1.x",
        "ack." + "9" * 400,
        f"ack.{KEY}.{10**18}.00",
        f"ack.{KEY}.{10**40}.00",
    ],
)
def test_what_was_made_elsewhere_opens_nothing(bad: str) -> None:
    assert opened(bad, LINKS.secret) is None


def test_two_links_for_the_same_are_used_up_together_and_others_are_not() -> None:
    again = opened(LINKS.links_of(KEY, now=NOW + timedelta(hours=1))["ack"].rpartition("/")[2], LINKS.secret)
    first, other = opened(token("ack"), LINKS.secret), opened(token("snooze"), LINKS.secret)
    assert first
    assert again
    assert other
    assert first.token_id == again.token_id != other.token_id


@pytest.mark.parametrize(
    ("language", "said"), [("zh", "我来处理：http"), ("ru", "Беру на себя: http"), ("en", "I'll take it: http")]
)
def test_the_end_of_a_message_says_what_each_link_does(language: str, said: str) -> None:
    lines = section(LINKS.links_of(KEY, now=NOW), language).lines
    assert len(lines) == 2
    assert lines[0].startswith(said)
    assert lines[0].endswith(token("ack"))


def test_a_secret_is_never_shown() -> None:
    assert "secret" not in repr(LINKS)
