"""A bot that is met for the first time, and who writes to it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.channels.base import Retry
from labelwatch.channels.telegram.api import Bot, Refusal
from labelwatch.setup.telegram import Chat, Heard, bot_of, listen, name_of
from tests.support.fake_telegram import NAME, TOKEN, FakeTelegram
from tests.support.reasons import english
from tests.support.telegram_wire import good, page

NINA = {"id": 4711, "type": "private", "first_name": "Nina", "last_name": "P."}
GROUP = {"id": -222, "type": "group", "title": "Packers\u202e"}
SUPER = {"id": -100222, "type": "supergroup", "title": "Packers"}


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram(second=0.02) as service:
        yield service


@pytest.fixture
def bot(telegram: FakeTelegram) -> Bot:
    return bot_of(TOKEN, api_base=telegram.base)


def heard(bot: Bot) -> tuple[Chat, ...]:
    said = listen(bot, after=0, wait=timedelta(seconds=2))
    assert isinstance(said, Heard)
    return said.chats


def test_a_bot_says_its_name_or_telegram_why_not(telegram: FakeTelegram, bot: Bot) -> None:
    assert name_of(bot) == NAME
    telegram.unknown_tokens.add(TOKEN)
    assert name_of(bot) == Refusal(401, "Unauthorized")
    telegram.next(page(502))
    assert isinstance(name_of(bot), Retry)


def test_all_who_wrote_are_heard_the_latest_first(telegram: FakeTelegram, bot: Bot) -> None:
    for chat in (NINA, GROUP, NINA):
        telegram.write(chat)
    assert heard(bot) == (Chat("4711", "Nina P.", "private"), Chat("-222", "Packers", "group"))


def test_nobody_is_heard_after_the_wait(bot: Bot) -> None:
    assert listen(bot, after=7, wait=timedelta(seconds=1)) == Heard((), 7)


def test_what_was_heard_is_not_heard_again(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.write(NINA)
    first = listen(bot, after=0, wait=timedelta(0))
    assert isinstance(first, Heard)
    telegram.write(GROUP)
    second = listen(bot, after=first.next, wait=timedelta(0))
    assert isinstance(second, Heard)
    assert [chat.id for chat in second.chats] == ["-222"]


def test_a_bot_put_into_a_group_hears_of_it_without_a_word(telegram: FakeTelegram, bot: Bot) -> None:
    joined = {"chat": SUPER, "new_chat_member": {"status": "member"}}
    telegram.updates.add(TOKEN, {"my_chat_member": joined})
    assert heard(bot) == (Chat("-100222", "Packers", "supergroup"),)
    telegram.updates.add(TOKEN, {"my_chat_member": {**joined, "new_chat_member": {"status": "kicked"}}})
    assert heard(bot) == ()


def test_a_group_that_became_a_supergroup_has_its_new_id(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.write(GROUP)
    telegram.write(GROUP, migrate_to_chat_id=-100333)
    assert [chat.id for chat in heard(bot)] == ["-100333"]


def test_a_topic_is_a_place_of_its_own(telegram: FakeTelegram, bot: Bot) -> None:
    telegram.write(SUPER, is_topic_message=True, message_thread_id=7)
    assert [chat.address for chat in heard(bot)] == ["-100222:7"]


@pytest.mark.parametrize("result", [["text"], [{"update_id": "NaN"}, {"update_id": None}], [{}], [[]], {}, "text", 7])
def test_what_holds_no_update_is_no_answer_of_telegram(telegram: FakeTelegram, bot: Bot, result: Any) -> None:
    telegram.next(lambda _: good(result), lambda _: good(result))
    said = listen(bot, after=0, wait=timedelta(0))
    assert isinstance(said, Retry)
    assert english(said.error) == "no answer of Telegram: it holds no update"


def test_what_is_no_update_is_passed_over_and_moves_nothing(telegram: FakeTelegram, bot: Bot) -> None:
    wrote = {"update_id": 5, "message": {"chat": NINA}}
    joined = {"update_id": 6, "my_chat_member": {"chat": SUPER, "new_chat_member": "kicked"}}
    moved = {"update_id": 7, "message": {"chat": GROUP, "migrate_to_chat_id": {}}}
    telegram.next(lambda _: good(["text", {"update_id": "900"}, wrote, joined, moved]))
    said = listen(bot, after=0, wait=timedelta(0))
    assert isinstance(said, Heard)
    assert ([chat.id for chat in said.chats], said.next) == (["-222", "-100222", "4711"], 8)


def test_what_is_no_message_is_passed_over(telegram: FakeTelegram, bot: Bot) -> None:
    nothing: tuple[dict[str, Any], ...] = ({"poll": {}}, {"message": {"chat": {"id": "x"}}}, {"message": None})
    for update in nothing:
        telegram.updates.add(TOKEN, update)
    telegram.write(NINA)
    assert [chat.id for chat in heard(bot)] == ["4711"]
