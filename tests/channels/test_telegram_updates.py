"""Presses in Telegram: none is lost, none blocks the others, and nobody else's chat is answered."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.channels.base import Delivered, Earlier, Permanent, RateLimited, Retry
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.telegram.api import Refusal
from labelwatch.channels.telegram.text import fitted
from labelwatch.channels.telegram.updates import Handle, UpdateListener, update_listeners, updates
from labelwatch.messages.interactions import Press, Reply
from labelwatch.messages.message import Kind, Message, Section
from tests.channels.test_telegram import CHAT, KEY, MESSAGE, opened, outgoing
from tests.support.fake_telegram import NINA, TOKEN, FakeTelegram
from tests.support.http_server import closed_port
from tests.support.telegram_wire import Act, dropped, hanging, page, plainly, refused, taken_and_dropped, too_many

ANSWER = Reply("Nina takes care of it.", Message("👤 Nina takes care of it.", (), Kind.INFO))


def fake() -> FakeTelegram:
    """One in whose long polling a second is short."""
    return FakeTelegram(second=0.2)


class Patience:
    """Notes how long was to be waited, and waits next to nothing."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        time.sleep(0.01)


def told(telegram: FakeTelegram, chat: str = CHAT, *, message: Message = MESSAGE, **given: Any) -> Telegram:
    """A channel of this chat that has sent one message with buttons."""
    channel = opened(telegram, chat, **given)
    assert isinstance(channel.send(outgoing(message, buttons=True)), Delivered)
    return channel


@contextmanager
def listening(
    channels: Mapping[str, Telegram], handle: Handle, *, pause: Callable[[float], object] | None = None
) -> Iterator[UpdateListener]:
    listener, stopped = UpdateListener(channels, handle, wait=timedelta(seconds=1)), threading.Event()
    thread = threading.Thread(target=listener.run, args=(stopped.is_set, pause or Patience()), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        stopped.set()
        thread.join(5)
        assert not thread.is_alive()


def until(condition: Callable[[], object], within: float = 5.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_a_press_is_handled_answered_and_told_to_the_chat_without_a_sound() -> None:
    heard: list[tuple[str, Press]] = []

    def handle(name: str, press: Press) -> Reply:
        heard.append((name, press))
        return ANSWER

    with fake() as telegram, listening({"packers": told(telegram)}, handle):
        press = telegram.press(CHAT, 1, "ack")
        assert telegram.wait_for_toast(press) == ANSWER.toast
        until(lambda: len(telegram.said(CHAT)) == 2)
        reply = telegram.said(CHAT)[1]
    assert (reply.text, reply.answers, reply.silent, reply.buttons) == ("👤 Nina takes care of it.", 1, True, [])
    assert heard == [("packers", Press(press, CHAT, 1, "ack", KEY, "Nina Petrova", "ru", person=7001))]
    assert telegram.asked("getUpdates")[0]["allowed_updates"] == ["callback_query"]


def test_a_list_is_a_message_with_buttons_of_its_own_that_changes_where_it_stands() -> None:
    shown = Reply("", Message("Which?", (), Kind.INFO), buttons=((("one", "l:1"),), (("two", "l:2"),)))
    done = Reply("done", Message("Taken.", (), Kind.INFO), edits=True)

    def handle(name: str, press: Press) -> Reply:
        return done if press.verb == "l" else shown

    with fake() as telegram, listening({"packers": told(telegram)}, handle):
        telegram.press(CHAT, 1, "ack")
        until(lambda: len(telegram.said(CHAT)) == 2)
        which = telegram.said(CHAT)[1]
        assert (which.text, which.labels, which.answers) == ("Which?", ["one", "two"], 1)
        telegram.press(CHAT, 2, "l")
        until(lambda: telegram.said(CHAT)[1].text == "Taken.")
        assert telegram.said(CHAT)[1].buttons == []
        assert len(telegram.said(CHAT)) == 2


@pytest.mark.parametrize(
    ("person", "name"),
    [
        ({"first_name": "Nina"}, "Nina"),
        ({"first_name": "\u202eНина <b>", "last_name": "\u200b@all"}, "Нина ‹b› ＠all"),
        ({"first_name": "\u2800\u200f\u200b", "username": "nina_p"}, "\u2800"),
        ({"first_name": "\u200f", "username": "nina_p"}, "nina_p"),
        ({"first_name": ""}, "7001"),
        ({"first_name": "x" * 100}, "x" * 39 + "…"),
    ],
)
def test_who_pressed_is_called_by_a_harmless_name(person: dict[str, Any], name: str) -> None:
    with fake() as telegram:
        channel = told(telegram)
        telegram.press(CHAT, 1, "ack", who={"id": 7001, "is_bot": False, **person})
        heard = updates(channel.bot, offset=0, wait=timedelta(0))
    assert isinstance(heard, list)
    assert heard[0].press is not None
    assert heard[0].press.who == name


def test_a_chat_that_no_channel_names_is_refused_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def handle(name: str, press: Press) -> Reply:
        raise AssertionError("nobody may do anything from there")

    with fake() as telegram:
        told(telegram, "-666")
        with listening({"packers": told(telegram)}, handle):
            presses = [telegram.press("-666", 1, "ack", who=NINA | {"language_code": "zh-hans"}) for _ in range(3)]
            said = [telegram.wait_for_toast(press) for press in presses]
    assert len(set(said)) == 1
    assert said[0].isprintable()
    assert said[0] != ""
    assert len([one for one in caplog.records if "-666" in one.getMessage()]) == 1
    assert len(telegram.said("-666")) == 1


def test_channels_of_one_bot_are_told_apart_by_chat_and_topic() -> None:
    heard: list[str] = []

    def handle(name: str, press: Press) -> Reply:
        heard.append(name)
        return Reply("ok")

    with fake() as telegram:
        chats = {
            "group": told(telegram),
            "topic": told(telegram, more=":17"),
            "owner": told(telegram, "42"),
            "public": told(telegram, "@packers"),
        }
        with listening(chats, handle):
            for chat, message in ((CHAT, 1), (CHAT, 2), ("42", 1), ("@packers", 1)):
                telegram.wait_for_toast(telegram.press(chat, message, "ack"))
    assert heard == ["group", "topic", "owner", "public"]


def test_a_press_in_a_group_that_moved_is_heard() -> None:
    with fake() as telegram:
        telegram.moved["-55"] = "-10055"
        with listening({"packers": told(telegram, "-55")}, lambda name, press: Reply(name)):
            assert telegram.wait_for_toast(telegram.press("-10055", 1, "ack")) == "packers"


@pytest.mark.parametrize("data", ["", "ack", "rm -rf:/", "ack:" + "é" * 30, ":", "ack:1:2"])
def test_whatever_a_button_carries_is_handed_on_as_text(data: str) -> None:
    heard: list[Press] = []

    def handle(name: str, press: Press) -> Reply:
        heard.append(press)
        return Reply("")

    with fake() as telegram, listening({"packers": told(telegram)}, handle):
        assert telegram.wait_for_toast(telegram.press(CHAT, 1, "", data=data)) == ""
    assert (heard[0].verb, heard[0].key) == (data.partition(":")[0], data.partition(":")[2])


def test_a_press_below_the_longest_of_messages_is_heard() -> None:
    rows = tuple((f"41517061-{n:04}-1", "还有一小时", "星星店铺星星店铺星星店铺") for n in range(200))
    long = fitted(Message("超时", (Section("先备货", rows=rows),), Kind.FAILURE))
    with fake() as telegram:
        channel = told(telegram, message=long)
        earlier = (Earlier(KEY, f"{CHAT}/1"),)
        channel.send(outgoing(long, buttons=True, earlier=earlier))
        with listening({"packers": channel}, lambda name, press: Reply("done")):
            assert telegram.wait_for_toast(telegram.press(CHAT, 2, "ack")) == "done"
        assert telegram.said(CHAT)[1].answers == 1


def test_a_press_that_could_not_be_handled_comes_again_and_is_not_lost(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[str] = []

    def handle(name: str, press: Press) -> Reply:
        tries.append(press.id)
        if len(tries) < 3:
            raise OSError("the database is busy")
        return Reply("done")

    patience = Patience()
    with fake() as telegram, listening({"packers": told(telegram)}, handle, pause=patience):
        assert telegram.wait_for_toast(telegram.press(CHAT, 1, "ack")) == "done"
    assert len(tries) == 3
    assert patience.waits == [1, 2]


def test_a_press_that_can_never_be_handled_holds_up_no_other() -> None:
    def handle(name: str, press: Press) -> Reply:
        if press.verb == "ack":
            raise ValueError("never")
        return Reply("done")

    with fake() as telegram, listening({"packers": told(telegram)}, handle):
        telegram.press(CHAT, 1, "ack")
        assert telegram.wait_for_toast(telegram.press(CHAT, 1, "snooze")) == "done"


def test_a_press_is_asked_for_again_until_it_was_handled() -> None:
    """A program that ends while it handles a press hears of it again when it starts."""
    with fake() as telegram:
        channel = told(telegram)
        telegram.press(CHAT, 1, "ack")
        twice = [updates(channel.bot, offset=0, wait=timedelta(0)) for _ in range(2)]
        assert twice[0] == twice[1]
        with listening({"packers": channel}, lambda name, press: Reply("done")):
            telegram.wait_for_toast("1")
        assert updates(channel.bot, offset=0, wait=timedelta(0)) == []


def test_a_stop_right_after_a_press_leaves_nothing_to_be_done_twice() -> None:
    stopped = threading.Event()

    def handle(name: str, press: Press) -> Reply:
        stopped.set()
        return Reply("done")

    with fake() as telegram:
        channel = told(telegram)
        telegram.press(CHAT, 1, "ack")
        UpdateListener({"packers": channel}, handle, wait=timedelta(seconds=1)).run(stopped.is_set, Patience())
        assert updates(channel.bot, offset=0, wait=timedelta(0)) == []


def test_what_takes_long_keeps_nobody_waiting_and_is_not_begun_twice() -> None:
    begun, go_on = [], threading.Event()

    def ask() -> Message:
        begun.append(1)
        go_on.wait(5)
        return Message("Checked: still no label.", (), Kind.INFO)

    def handle(name: str, press: Press) -> Reply:
        return Reply("Check now…", then=ask) if press.verb == "check" else Reply("done")

    with fake() as telegram, listening({"packers": told(telegram)}, handle):
        presses = [telegram.press(CHAT, 1, verb) for verb in ("check", "check", "ack")]
        assert [telegram.wait_for_toast(press) for press in presses] == ["Check now…", "Check now…", "done"]
        assert len(telegram.said(CHAT)) == 1
        go_on.set()
        until(lambda: len(telegram.said(CHAT)) == 2)
    assert len(begun) == 1


def test_a_press_too_old_to_be_answered_is_done_all_the_same() -> None:
    with fake() as telegram, listening({"packers": told(telegram)}, lambda name, press: ANSWER):
        telegram.next(refused(400, "Bad Request: query is too old"), of="answerCallbackQuery")
        telegram.press(CHAT, 1, "ack")
        until(lambda: len(telegram.said(CHAT)) == 2)


@pytest.mark.parametrize(
    "act",
    [page(502), page(200), dropped, taken_and_dropped, plainly(200, {"ok": True, "result": [{"x": 1}]}), too_many(2)],
)
def test_trouble_on_the_way_is_waited_out(act: Act) -> None:
    patience = Patience()
    with fake() as telegram:
        channel = told(telegram)
        telegram.next(act, act, act, of="getUpdates")
        telegram.press(CHAT, 1, "ack")
        with listening({"packers": channel}, lambda name, press: Reply("done"), pause=patience):
            assert telegram.wait_for_toast("1") == "done"
    assert patience.waits[:3] in ([1, 2, 4], [2, 2, 2])


def test_an_outage_of_telegram_loses_no_press() -> None:
    with fake() as telegram:
        channel = told(telegram)
        with listening({"packers": channel}, lambda name, press: Reply("done")) as listener:
            telegram.stop()
            until(lambda: listener.trouble)
            telegram.press(CHAT, 1, "ack")
            telegram.start()
            assert telegram.wait_for_toast("1") == "done"
            assert listener.trouble == ""


def test_another_listener_is_told_in_words_and_not_fought(caplog: pytest.LogCaptureFixture) -> None:
    patience = Patience()
    with fake() as telegram:
        channel = told(telegram)
        telegram.webhooks.add(TOKEN)
        with listening({"packers": channel}, lambda name, press: Reply(""), pause=patience) as listener:
            until(lambda: len(patience.waits) >= 6)
            assert "another program listens" in listener.trouble
            assert "webhook" in listener.trouble
    assert patience.waits[:6] == [60, 120, 240, 480, 600, 600]
    assert len([one for one in caplog.records if "another program" in one.getMessage()]) == 1


def test_two_who_listen_to_one_bot_hear_of_each_other() -> None:
    with fake() as telegram:
        channel = told(telegram)
        heard: list[object] = []
        first = threading.Thread(
            target=lambda: heard.append(updates(channel.bot, offset=0, wait=timedelta(seconds=4)))
        )
        first.start()
        until(lambda: len(telegram.asked("getUpdates")) == 1)
        time.sleep(0.05)
        assert updates(channel.bot, offset=0, wait=timedelta(0)) == []
        first.join(3)
    assert isinstance(heard[0], Refusal)
    assert heard[0].code == 409


@pytest.mark.parametrize("code", [401, 404])
def test_a_refused_token_ends_the_listening(code: int, caplog: pytest.LogCaptureFixture) -> None:
    with fake() as telegram:
        channel = told(telegram)
        telegram.next(refused(code, f"no bot {TOKEN}"))
        listener = UpdateListener({"packers": channel}, lambda name, press: Reply(""))
        listener.run(lambda: False, Patience())
    assert "BotFather" in listener.trouble
    assert not [part for part in (TOKEN, *TOKEN.split(":")) if part in listener.trouble + caplog.text]


def test_no_token_is_told_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with fake() as telegram:
        channel = opened(telegram, api_base=f"http://127.0.0.1:{closed_port()}")
        heard = updates(channel.bot, offset=0, wait=timedelta(0))
    assert isinstance(heard, Retry)
    assert not [part for part in TOKEN.split(":") if part in repr(heard) + caplog.text]


@pytest.mark.parametrize(
    ("act", "kind"),
    [(too_many(9), RateLimited), (page(302), Permanent), (plainly(200, {"ok": True, "result": 7}), Retry)],
)
def test_what_is_no_update_is_a_failure(act: Act, kind: type) -> None:
    with fake() as telegram:
        telegram.next(act)
        assert isinstance(updates(opened(telegram).bot, offset=0, wait=timedelta(0)), kind)


def test_a_long_question_is_kept_open_and_answered_at_once() -> None:
    with FakeTelegram() as telegram:
        channel = told(telegram, seconds=0.5)
        timer = threading.Timer(1.0, telegram.press, args=(CHAT, 1, "ack"))
        timer.start()
        began = time.monotonic()
        heard = updates(channel.bot, offset=0, wait=timedelta(seconds=10))
        assert isinstance(heard, list)
        assert 0.9 < time.monotonic() - began < 3


def test_a_server_that_hangs_is_left_soon_after_the_wait() -> None:
    with FakeTelegram() as telegram:
        telegram.next(hanging(4))
        began = time.monotonic()
        assert not isinstance(updates(opened(telegram, seconds=0.3).bot, offset=0, wait=timedelta(seconds=0.2)), list)
        assert time.monotonic() - began < 2


def test_each_bot_has_one_listener_and_only_where_there_are_buttons() -> None:
    with FakeTelegram() as telegram:
        channels: dict[str, object] = {
            "a": opened(telegram, "1"),
            "b": opened(telegram, "2"),
            "plain": opened(telegram, "3", labels={}),
            "mail": object(),
        }
    assert [listener.names for listener in update_listeners(channels, lambda name, press: Reply(""))] == ["a, b"]
