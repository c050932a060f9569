"""Telegram: what arrives in the chat, and what each of Telegram's answers means."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from apprise import Apprise
from apprise.plugins.telegram import NotifyTelegram

from labelwatch.channels import check_url
from labelwatch.channels.base import (
    Ambiguous,
    Attachment,
    BadMessage,
    Delivered,
    Earlier,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
    Target,
)
from labelwatch.channels.http import HttpOptions
from labelwatch.channels.redaction import redact_loggers
from labelwatch.channels.telegram import Telegram, open_telegram
from labelwatch.messages.message import Kind, Message, Section
from tests.support.fake_telegram import TOKEN, FakeTelegram, Sent
from tests.support.http_server import closed_port
from tests.support.reasons import because, english, worded
from tests.support.telegram_wire import (
    Act,
    Said,
    bad,
    dropped,
    hanging,
    page,
    plainly,
    refused,
    taken_and_dropped,
    too_many,
)

KEY = "0123456789abcdef0123456789abcdef"
CHAT = "-1001234567890"
LABELS = {
    "ack": "我来处理",
    "snooze": "1小时后提醒",
    "check": "立即检查",
    "details": "详情",
    "one": "我来处理 {subject}",
    "all": "全部接手（{n}）",
    "pick": "选择…",
    "snooze_some": "暂停提醒…",
}
MESSAGE = Message(
    "‼️ Pack it now · 52 min left · 41517061-0214-1",
    (
        Section(lines=("Nobody packed it. Half the time is gone.", "Due today 18:00.")),
        Section("What to do:", lines=("1. Pack it & weigh it.", "2. Press “Assemble”.")),
        Section("Also late", rows=(("41517061-0215-1", "40 min", ""), ("shop Star", "2 h"))),
        Section(lines=("Evidence: status awaiting_packaging",), aside=True),
    ),
    Kind.FAILURE,
)


def outgoing(message: Message = MESSAGE, **fields: Any) -> OutgoingMessage:
    return replace(OutgoingMessage(message, [], KEY), **fields)


def opened(
    telegram: FakeTelegram, chat: str = CHAT, *, more: str = "", seconds: float = 5.0, **given: Any
) -> Telegram:
    url = telegram.url(chat, more=more)
    service = Apprise.instantiate(url)
    assert isinstance(service, NotifyTelegram)
    line = HttpOptions(
        timedelta(seconds=seconds), redact_loggers(url), verify=False
    )  # loading certificates takes longer than the test
    return open_telegram(service, line, **{"api_base": telegram.base, "labels": LABELS, **given})


def sent(telegram: FakeTelegram, **fields: Any) -> Sent:
    """The message that arrives when this parcel is sent."""
    result = opened(telegram).send(outgoing(**fields))
    assert isinstance(result, Delivered), result
    return telegram.said(CHAT)[-1]


def stretches(message: Sent, form: str) -> list[str]:
    """The parts of a text that have this form."""
    raw = message.text.encode("utf-16-le")
    parts = [entity for entity in message.entities if entity.type == form]
    return [raw[2 * part.offset : 2 * (part.offset + part.length)].decode("utf-16-le") for part in parts]


def test_it_arrives_as_it_is_to_be_read() -> None:
    with FakeTelegram() as telegram:
        message = sent(telegram)
    assert message.text == (
        "‼️ Pack it now · 52 min left · 41517061-0214-1\n\n"
        "Nobody packed it. Half the time is gone.\nDue today 18:00.\n\n"
        "What to do:\n1. Pack it & weigh it.\n2. Press “Assemble”.\n\n"
        "Also late\n• 41517061-0215-1 · 40 min\n• shop Star · 2 h\n\n"
        "Evidence: status awaiting_packaging"
    )
    assert stretches(message, "bold") == [MESSAGE.title, "What to do:", "Also late"]
    assert stretches(message, "code") == ["41517061-0215-1"]
    assert stretches(message, "expandable_blockquote") == ["Evidence: status awaiting_packaging"]


def test_the_service_says_where_it_is() -> None:
    with FakeTelegram() as telegram:
        telegram.titles[CHAT] = "Packers <1>"
        result = opened(telegram).send(outgoing())
    receipt = f"message 1 in chat {CHAT} (Packers ‹1›)"
    assert result == Delivered(receipt, verified=True, ref=f"{CHAT}/1")


def test_links_open_no_preview_and_a_quiet_message_makes_no_sound() -> None:
    with FakeTelegram() as telegram:
        sounds = [sent(telegram).silent, sent(telegram, quiet=True).silent]
        opened(telegram, more="?silent=yes").send(outgoing())
        assert telegram.asked("sendMessage")[0]["link_preview_options"] == {"is_disabled": True}
        assert [*sounds, telegram.said(CHAT)[-1].silent] == [False, True, True]


@pytest.mark.parametrize(("n", "rows"), [(2, 4), (6, 8), (7, 2), (200, 2)])
def test_several_postings_have_a_button_each_and_many_a_list(n: int, rows: int) -> None:
    targets = tuple(Target(7_000_000_000 + i, f"41517061-{i:04}-1") for i in range(n))
    with FakeTelegram() as telegram:
        buttons = sent(telegram, buttons=True, targets=targets).buttons
    assert len(buttons) == rows
    assert all(len(button["callback_data"]) <= 64 for row in buttons for button in row)
    if n > 6:
        assert [button["callback_data"] for button in buttons[0]] == [f"pick:{KEY}"]
    else:
        assert buttons[1] == [{"text": "我来处理 41517061-0001-1", "callback_data": f"ack:{KEY}:7000000001"}]
        assert [b["text"] for b in buttons[n]] == [f"全部接手（{n}）", "暂停提醒…"]
        assert [b["callback_data"] for b in buttons[n]] == [f"all:{KEY}", f"pick:{KEY}"]


def test_four_buttons_name_the_message_by_its_key() -> None:
    with FakeTelegram() as telegram:
        with_buttons, without = sent(telegram, buttons=True), sent(telegram)
    assert [[button["text"] for button in row] for row in with_buttons.buttons] == [
        ["我来处理", "1小时后提醒"],
        ["立即检查", "详情"],
    ]
    assert with_buttons.keys == {KEY}
    assert without.buttons == []


def test_it_replies_to_the_first_message_about_the_same() -> None:
    with FakeTelegram() as telegram:
        sent(telegram)
        earlier = (Earlier("a", "-100999/7"), Earlier("b", ""), Earlier("c", f"{CHAT}/1"), Earlier("d", f"{CHAT}/9"))
        assert sent(telegram, earlier=earlier).answers == 1
        assert sent(telegram, earlier=(Earlier("d", f"{CHAT}/99"),)).answers is None


def test_a_topic_a_public_name_and_another_address_are_honoured() -> None:
    with FakeTelegram() as telegram:
        opened(telegram, more=":17").send(outgoing())
        opened(telegram, "@packers").send(outgoing())
        opened(telegram, address="-42").send(outgoing())
        assert [telegram.said(CHAT)[0].topic, len(telegram.said("@packers")), len(telegram.said("-42"))] == [
            17,
            1,
            1,
        ]


FINAL = (
    (401, "Unauthorized", "@BotFather"),
    (404, "Not Found", "@BotFather"),
    (403, "Forbidden: bot was blocked by the user", "unblock it"),
    (403, "Forbidden: bot was kicked from the supergroup chat", "add it again"),
    (403, "Forbidden: bot is not a member of the channel chat", "add it again"),
    (403, "Forbidden: bot can't initiate conversation with a user", "press Start"),
    (403, "Forbidden: user is deactivated", "name another chat"),
    (403, "Forbidden: something new", "let it send messages"),
    (400, "Bad Request: chat not found", "check its id"),
    (400, "Bad Request: not enough rights to send text messages to the chat", "let it send messages"),
    (400, "Bad Request: message thread not found", "topic"),
    (400, "Bad Request: TOPIC_CLOSED", "topic"),
    (400, "Bad Request: group chat was deactivated", "deleted"),
    (400, "Bad Request: need administrator rights in the channel chat", "administrator"),
)


@pytest.mark.fault("D3")
@pytest.mark.parametrize(("code", "description", "change"), FINAL, ids=[f"{c} {d}" for c, d, _ in FINAL])
def test_what_only_people_can_mend_is_said_in_words(code: int, description: str, change: str) -> None:
    with FakeTelegram() as telegram:
        telegram.next(refused(code, description))
        result = opened(telegram).send(outgoing())
    assert isinstance(result, Permanent)
    assert change in english(result.error).replace("＠", "@")
    assert description in english(result.error)
    assert telegram.said(CHAT) == []


FLOOD = {"ok": False, "error_code": 429, "parameters": {"retry_after": 4}}


@pytest.mark.fault("D6")
@pytest.mark.parametrize(
    ("act", "result"),
    [
        (too_many(37), RateLimited(because("HTTP 429 Too Many Requests: retry after 37"), timedelta(seconds=37))),
        (refused(429, "Flood"), RateLimited(because("HTTP 429 Flood"), timedelta(seconds=30))),
        (refused(500, "Internal Server Error"), Retry(because("HTTP 500 Internal Server Error"))),
        (refused(502, "Bad Gateway", retry_after=3), Retry(because("HTTP 502 Bad Gateway"))),
        (page(502), Retry(because("HTTP 502 ‹html›‹body›Bad Gateway‹/body›‹/html›"))),
        (page(200, "<!DOCTYPE html>x"), Retry(because("a web page instead of an answer: HTTP 200 ‹!DOCTYPE html›x"))),
        (page(403, "<html>Filtered</html>"), Retry(because("no answer of Telegram: HTTP 403 ‹html›Filtered‹/html›"))),
        (plainly(200, {"ok": False}), Retry(because("HTTP 200"))),
        (plainly(200, FLOOD), RateLimited(because("HTTP 200"), timedelta(seconds=4))),
        (plainly(200, {}), Retry(because("no answer of Telegram: HTTP 200 {}"))),
        (plainly(200, [1]), Retry(because("no answer of Telegram: HTTP 200 [1]"))),
        (plainly(500, {"ok": True, "result": 5}), Retry(because('HTTP 500 {"ok": true, "result": 5}'))),
        (plainly(200, {"ok": True, "result": True}), Ambiguous(because("Telegram said yes and named no message"))),
        (refused(400, "Bad Request: strange"), BadMessage(because("Telegram says 400 “Bad Request: strange”"))),
    ],
    ids=range(14),
)  # fmt: skip
def test_each_other_answer_means_one_thing(act: Act, result: Result) -> None:
    with FakeTelegram() as telegram:
        telegram.next(act)
        assert worded(opened(telegram).send(outgoing())) == result
    assert len(telegram.calls) == 1


@pytest.mark.fault("D2")
def test_a_bot_that_is_to_be_silent_is_told_for_how_long_whatever_it_sends() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram)
        channel.send(outgoing())
        telegram.flood(7.5)
        results = [
            channel.send(outgoing()),
            channel.revise(f"{CHAT}/1", outgoing(OTHER)),
            opened(telegram, "2").send(outgoing()),
        ]
    assert [result.after for result in results if isinstance(result, RateLimited)] == [timedelta(seconds=8)] * 3


@pytest.mark.fault("D11")
@pytest.mark.parametrize(("act", "arrived"), [(dropped, 0), (taken_and_dropped, 1), (hanging(3), 0)])
def test_a_connection_lost_after_the_question_leaves_it_open(act: Act, arrived: int) -> None:
    with FakeTelegram() as telegram:
        telegram.next(act)
        began = time.monotonic()
        result = opened(telegram, seconds=0.5).send(outgoing())
        assert isinstance(result, Ambiguous)
        assert time.monotonic() - began < 2
        assert len(telegram.said(CHAT)) == arrived


def test_all_forms_together_have_one_deadline() -> None:
    def slowly(take: Callable[[], Said]) -> Said:
        time.sleep(0.3)
        return bad(400, "can't parse entities, message is too long, message to be replied not found")

    with FakeTelegram() as telegram:
        telegram.next(*[slowly] * 6)
        began = time.monotonic()
        result = opened(telegram, seconds=0.5).send(outgoing(earlier=(Earlier("a", f"{CHAT}/1"),)))
    assert time.monotonic() - began < 1.5
    assert isinstance(result, Ambiguous | Retry)


def test_where_nobody_listens_it_is_tried_again() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram, api_base=f"http://127.0.0.1:{closed_port()}")
    assert isinstance(channel.send(outgoing()), Retry)


@pytest.mark.fault("D5")
def test_what_is_no_markup_goes_as_plain_text_at_once() -> None:
    with FakeTelegram() as telegram:
        telegram.next(refused(400, "Bad Request: can't parse entities: Unsupported start tag"))
        message = sent(telegram, buttons=True)
    assert (message.entities, len(message.buttons)) == ([], 2)
    assert message.text.startswith(MESSAGE.title)
    assert "parse_mode" not in telegram.asked("sendMessage")[1]


@pytest.mark.fault("D5")
def test_what_is_too_long_for_telegram_goes_shorter() -> None:
    rows = tuple((f"{n:08}-0001-1", "overdue") for n in range(120))
    with FakeTelegram() as telegram:
        telegram.next(refused(400, "Bad Request: message is too long"))
        message = sent(telegram, message=Message("Late", (Section("Pack", rows=rows),), Kind.FAILURE))
    assert 1500 < len(message.text) <= 2048
    assert message.text.endswith("· overdue\n\n…")


@pytest.mark.fault("D4")
def test_a_group_that_moved_is_followed_and_the_new_id_told() -> None:
    with FakeTelegram() as telegram:
        telegram.moved["-55"] = "-10055"
        channel = opened(telegram, "-55")
        results = [channel.send(outgoing(earlier=(Earlier("a", "-55/3"),))) for _ in range(2)]
        assert [message.answers for message in telegram.said("-10055")] == [None, None]
        assert channel.address == "-10055"
    assert results == [
        Delivered(f"message {n} in chat -10055", verified=True, ref=f"-10055/{n}", moved_to="-10055") for n in (1, 2)
    ]
    assert len(telegram.asked("sendMessage")) == 3


@pytest.mark.parametrize("description", ["message to be replied not found", "REPLY_MESSAGE_ID_INVALID"])
def test_a_reply_that_cannot_be_one_goes_alone(description: str) -> None:
    with FakeTelegram() as telegram:
        sent(telegram)
        telegram.next(refused(400, f"Bad Request: {description}"))
        assert sent(telegram, earlier=(Earlier("a", f"{CHAT}/1"),)).answers is None


def test_a_service_that_refuses_every_form_is_not_asked_for_ever() -> None:
    with FakeTelegram() as telegram:
        for _ in range(30):
            telegram.next(refused(400, "can't parse entities, too long", migrate_to_chat_id=len(telegram.acts) - 900))
        assert isinstance(opened(telegram).send(outgoing()), BadMessage | Permanent)
    assert len(telegram.calls) < 10


def test_a_file_follows_its_message_from_memory() -> None:
    file = Attachment("этикетка.pdf", "application/pdf", b"%PDF-1.7\r\n\x00\xff")
    with FakeTelegram() as telegram:
        result = opened(telegram).send(outgoing(attachments=(file,), quiet=True))
        message, document = telegram.said(CHAT)
    assert result == Delivered(f"message 1 in chat {CHAT}", verified=True, ref=f"{CHAT}/1")
    assert document.document == ("этикетка.pdf", file.content)
    assert (document.answers, document.silent) == (message.id, True)


@pytest.mark.parametrize(
    ("act", "why"),
    [(refused(413, "Entity Too Large"), "Too Large"), (too_many(9), "HTTP 429"), (dropped, "no complete answer")],
)
def test_a_file_that_does_not_go_leaves_the_message_delivered(act: Act, why: str) -> None:
    file = Attachment("label.pdf", "application/pdf", b"%PDF-1.7")
    with FakeTelegram() as telegram:
        telegram.next(act, of="sendDocument")
        result = opened(telegram).send(outgoing(attachments=(file,)))
    assert isinstance(result, Delivered)
    assert result.receipt.startswith(f"message 1 in chat {CHAT}; label.pdf did not go with it: ")
    assert why in result.receipt


OTHER = Message("✅ Label is there · 41517061-0214-1", (), Kind.SUCCESS)


def test_a_message_is_changed_in_its_place() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram)
        first = channel.send(outgoing(buttons=True))
        assert isinstance(first, Delivered)
        result = channel.revise(first.ref, outgoing(OTHER))
        (message,) = telegram.said(CHAT)
    assert result == Delivered(f"message 1 in chat {CHAT} changed", verified=True, ref=first.ref)
    assert (message.text, message.buttons) == (OTHER.title, [])


def test_a_message_that_reads_so_already_counts_as_changed() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram)
        channel.send(outgoing())
        assert [type(channel.revise(f"{CHAT}/1", outgoing())) for _ in range(2)] == [Delivered, Delivered]


@pytest.mark.parametrize("ref", ["", "55", f"{CHAT}/", f"{CHAT}/x", f"{CHAT}/77"])
def test_a_message_that_is_not_there_cannot_be_changed(ref: str) -> None:
    with FakeTelegram() as telegram:
        assert isinstance(opened(telegram).revise(ref, outgoing()), BadMessage)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refused(400, "Bad Request: message can't be edited"), BadMessage),
        (refused(400, "Bad Request: MESSAGE_ID_INVALID"), BadMessage),
        (refused(403, "Forbidden: bot was kicked from the supergroup chat"), Permanent),
        (refused(400, "Bad Request: can't parse entities: x"), Delivered),
        (refused(400, "Bad Request: MESSAGE_TOO_LONG"), Delivered),
        (too_many(5), RateLimited),
        (page(200), Retry),
        (dropped, Ambiguous),
    ],
)
def test_each_answer_to_a_change_means_one_thing(act: Act, kind: type[Result]) -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram)
        channel.send(outgoing())
        telegram.next(act, of="editMessageText")
        assert isinstance(channel.revise(f"{CHAT}/1", outgoing(OTHER)), kind)


def test_a_message_of_a_group_that_moved_is_no_message_of_the_new_one() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram, "-55")
        channel.send(outgoing())
        telegram.moved["-55"] = "-10055"
        opened(telegram, "-10055").send(outgoing())
        assert isinstance(channel.revise("-55/1", outgoing(OTHER)), BadMessage)
        assert telegram.said("-10055")[0].edits == []
        assert channel.moved_to == "-10055"


@pytest.mark.parametrize(
    "acts",
    [
        [refused(400, f"Bad Request: {TOKEN}")],
        [refused(401, TOKEN)],
        [page(502, TOKEN)],
        [too_many(1)],
        [dropped],
        [],
        [refused(400, f"no such bot{TOKEN}", migrate_to_chat_id=-7)],
    ],
)
def test_the_token_reaches_no_log_no_error_and_no_repr(acts: Sequence[Act], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FakeTelegram() as telegram:
        telegram.next(*acts)
        channel = opened(telegram)
        results = [channel.send(outgoing()), channel.revise(f"{CHAT}/1", outgoing())]
    told = f"{results!r}{channel!r}{channel.account}{caplog.text}"
    assert not [part for part in (TOKEN, *TOKEN.split(":")) if part in told]


def test_two_channels_of_one_bot_share_an_account() -> None:
    with FakeTelegram() as telegram:
        one, two = opened(telegram, "1"), opened(telegram, "2")
        service = Apprise.instantiate(telegram.url("1", token="3141592653:AA-another_one"))
        assert isinstance(service, NotifyTelegram)
        other = open_telegram(service, HttpOptions(timedelta(seconds=1)))
    assert one.account == two.account != other.account


def test_a_url_without_a_chat_is_refused_in_words() -> None:
    for rest in ("", "/", "/чат", "/?silent=yes"):
        wrong = check_url(f"tgram://{TOKEN}{rest}") or ""
        assert wrong.startswith("tgram:// names no chat")
        assert "getUpdates" in wrong, "how its id is found"
        assert TOKEN not in wrong


def test_a_storm_of_threads_loses_nothing_and_doubles_nothing() -> None:
    with FakeTelegram() as telegram:
        channel = opened(telegram)
        messages = [Message(f"Late {n}", (), Kind.FAILURE) for n in range(60)]
        threads = [threading.Thread(target=channel.send, args=(outgoing(message),)) for message in messages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(message.text for message in telegram.said(CHAT)) == sorted(one.title for one in messages)
