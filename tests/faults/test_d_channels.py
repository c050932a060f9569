"""What people are told through fails: real servers on 127.0.0.1, the real outbox, and a clock that is told."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.channels import ServiceOptions, open_channel
from labelwatch.channels.base import Channel
from labelwatch.core.alert import Notification
from labelwatch.store import OutboxState, Store
from tests.support.alert_builders import told
from tests.support.fake_telegram import FakeTelegram
from tests.support.http_server import Act, Hook, answer
from tests.support.post import Clock, queue, rows, states, tell
from tests.support.reasons import english
from tests.support.smtp_server import HANG_UP, PostOffice
from tests.support.telegram_wire import too_many

CHAT, OTHER = "-1001", "-1002"


def chat(telegram: FakeTelegram, where: str = CHAT, *, address: str = "") -> Channel:
    return open_channel(telegram.url(where), api_base=telegram.base, options=ServiceOptions(address))


def mailbox(office: PostOffice, *, login: str = "") -> Channel:
    host = f"{login}@localhost" if login else "127.0.0.1"
    return open_channel(f"mailto://{host}:{office.port}?from=watch@example.com&to=packer@example.com")


def for_owner(one: Notification) -> Notification:
    return replace(one, channel="owner")


def reports(hook: Hook) -> list[tuple[str, str, str]]:
    """What the owner was told of channels: cause, reason, and what was answered there."""
    seen = [view for request in hook.requests for view in request.json["labelwatch"]]
    return [
        (view["cause"], view["reason"], str(view["evidence"]["answer"]))
        for view in seen
        if view["cause"] == "channel_dead"
    ]


@pytest.mark.fault("D2")
def test_a_bot_that_is_to_be_silent_for_34_seconds_is_in_all_of_its_chats_and_no_second_longer(
    sqlite_store: Store,
) -> None:
    clock = Clock()
    with FakeTelegram() as telegram:
        channels = {"packers": chat(telegram), "owner": chat(telegram, OTHER)}
        telegram.next(too_many(34))
        queue(sqlite_store, told(n=1))
        tell(sqlite_store, clock, channels)
        queue(sqlite_store, for_owner(told(n=2)))
        asked = []
        for seconds in (1, 32, 1):
            clock.advance(seconds=seconds)
            tell(sqlite_store, clock, channels)
            asked.append(len(telegram.asked("sendMessage")))
        assert asked == [1, 1, 3]
        assert [len(telegram.said(where)) for where in (CHAT, OTHER)] == [1, 1]
    assert states(sqlite_store) == states(sqlite_store, "owner") == [OutboxState.SENT]


@pytest.mark.fault("D3")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (400, "Bad Request: chat not found"),
    ],
    ids=["blocked", "kicked", "not found"],
)
def test_a_chat_that_shut_the_bot_out_is_told_of_elsewhere_and_what_waits_for_it_is_kept(
    sqlite_store: Store, code: int, said: str
) -> None:
    clock = Clock()
    with FakeTelegram() as telegram, Hook([answer(200)]) as owner:
        channels = {"packers": chat(telegram), "owner": open_channel(owner.url())}
        telegram.refusals[CHAT] = (code, said)
        queue(sqlite_store, told(n=1))
        for _ in range(60):
            tell(sqlite_store, clock, channels)
            clock.advance(seconds=20)
        ((cause, reason, why),) = reports(owner)
        assert (cause, reason) == ("channel_dead", "first")
        assert said in why
        assert states(sqlite_store) == [OutboxState.RETRY]
        assert len(telegram.asked("sendMessage")) <= 4  # in twenty minutes
        telegram.refusals.clear()
        clock.advance(minutes=5)
        tell(sqlite_store, clock, channels)
        assert len(telegram.said(CHAT)) == 1
        assert [reason for _, reason, _ in reports(owner)] == ["first", "resolved"]


@pytest.mark.fault("D4")
def test_a_group_that_moved_is_told_where_it_is_now_also_after_a_restart(sqlite_store: Store) -> None:
    clock = Clock()
    with FakeTelegram() as telegram:
        telegram.moved["-55"] = "-10055"
        queue(sqlite_store, told(n=1))
        tell(sqlite_store, clock, {"packers": chat(telegram, "-55")})
        moved_to = sqlite_store.channels.states()["packers"].address
        queue(sqlite_store, told(n=2))
        clock.advance(minutes=1)
        tell(sqlite_store, clock, {"packers": chat(telegram, "-55", address=moved_to)})
        assert [str(one["chat_id"]) for one in telegram.asked("sendMessage")] == ["-55", "-10055", "-10055"]
        assert len(telegram.said("-10055")) == 2
    assert states(sqlite_store) == [OutboxState.SENT] * 2


@pytest.mark.fault("D7")
def test_a_letter_that_is_greylisted_for_ten_minutes_is_offered_twice_and_arrives_once(sqlite_store: Store) -> None:
    clock = Clock()
    with PostOffice({"RCPT": ["451 4.7.1 greylisted, come again", ""]}) as office:
        channel = mailbox(office)
        queue(sqlite_store, told(n=1))
        tries = []
        for _ in range(12):
            tell(sqlite_store, clock, {"packers": channel})
            tries.append(office.heard.count("RCPT"))
            clock.advance(minutes=1)
    assert tries == [1] * 10 + [2, 2]
    assert len(office.letters) == 1
    assert states(sqlite_store) == [OutboxState.SENT]


@contextmanager
def asking_for_hours(service: str) -> Iterator[Channel]:
    """A channel whose service wants no messages for a long time."""
    with ExitStack() as stack:
        if service == "telegram":
            telegram = stack.enter_context(FakeTelegram())
            for _ in range(9):
                telegram.next(too_many(28800))
            yield chat(telegram)
        elif service == "webhook":
            hook = stack.enter_context(Hook([answer(429, Retry_After="3600")]))
            yield open_channel(hook.url())
        else:
            yield mailbox(stack.enter_context(PostOffice({"RCPT": ["450 4.2.0 try again later"]})))


@pytest.mark.fault("D2", "D7")
@pytest.mark.parametrize("service", ["telegram", "webhook", "mail"])
def test_the_fallback_hears_within_a_quarter_of_an_hour_however_long_a_service_wants_silence(
    sqlite_store: Store, service: str
) -> None:
    clock, heard_at = Clock(), list[timedelta]()
    with asking_for_hours(service) as channel, Hook([answer(200)]) as owner:
        channels = {"packers": channel, "owner": open_channel(owner.url()), "another": open_channel(owner.url())}
        queue(sqlite_store, told(n=1))
        began = clock.at
        while clock.at - began < timedelta(minutes=40):
            tell(sqlite_store, clock, channels, fallbacks={"packers": "owner"})
            if reports(owner) and not heard_at:
                heard_at.append(clock.at - began)
            clock.advance(minutes=1)
        assert heard_at == [timedelta(minutes=15)]
        assert [reason for _, reason, _ in reports(owner)] == ["first"]


@pytest.mark.fault("D8")
def test_of_two_recipients_the_one_that_is_refused_costs_the_other_nothing(sqlite_store: Store) -> None:
    clock = Clock()
    with PostOffice() as good, PostOffice({"RCPT": ["550 5.1.1 no such user"]}) as bad:
        channels = {"packers": mailbox(bad), "owner": mailbox(good)}
        queue(sqlite_store, told(n=1), for_owner(told(n=1)))
        for _ in range(3):
            tell(sqlite_store, clock, channels)
            clock.advance(minutes=6)
    assert (states(sqlite_store), states(sqlite_store, "owner")[:1]) == ([OutboxState.RETRY], [OutboxState.SENT])
    order, report = (letter["Subject"] for letter in good.letters)
    assert "41517061-0214-1" in order
    assert "packers" in report


@pytest.mark.fault("D9", "D11")
def test_a_letter_whose_acceptance_got_lost_comes_again_under_the_same_message_id(sqlite_store: Store) -> None:
    clock = Clock()
    with PostOffice({"DATA": [HANG_UP, ""]}) as office:
        channel = mailbox(office)
        queue(sqlite_store, told(n=1))
        for _ in range(3):
            tell(sqlite_store, clock, {"packers": channel})
            clock.advance(seconds=30)
    ids = [line for content in office.offered for line in content.splitlines() if line.startswith(b"Message-ID:")]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert [(row.state, row.possible_duplicate) for row in rows(sqlite_store)] == [(OutboxState.SENT, True)]


@pytest.mark.fault("D10")
@pytest.mark.parametrize("tls", [False, True], ids=["encryption taken away", "wrong certificate"])
def test_a_mail_server_that_may_be_somebody_else_is_told_nothing_and_that_is_told_elsewhere(
    sqlite_store: Store, tls: bool
) -> None:
    with PostOffice(starttls=tls, password="pass-word-4711") as office, Hook([answer(200)]) as owner:
        channels = {"packers": mailbox(office, login="watch:pass-word-4711"), "owner": open_channel(owner.url())}
        queue(sqlite_store, told(n=1))
        tell(sqlite_store, Clock(), channels)
    assert not {"secret", "clear secret", "MAIL"} & set(office.heard)
    ((_, _, why),) = reports(owner)
    assert ("certificate" if tls else "STARTTLS") in why
    assert states(sqlite_store) == [OutboxState.RETRY]


ROBOTS: list[tuple[str, dict[str, Any], bool]] = [
    ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, True),
    ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, True),
    ("dingtalk", {"errcode": 310000, "errmsg": "ip 203.0.113.9 not in whitelist"}, True),
    ("dingtalk", {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}, False),
    ("wecombot", {"errcode": 93000, "errmsg": "invalid webhook url"}, True),
    ("wecombot", {"errcode": 45009, "errmsg": "api freq out of limit"}, False),
    ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, True),
    ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, True),
    ("feishu", {"code": 19022, "msg": "Ip Not Allowed"}, True),
    ("feishu", {"code": 9499, "msg": "too many request"}, False),
]


@pytest.mark.fault("D12", "D6")
@pytest.mark.parametrize(
    ("kind", "said", "is_final"), ROBOTS, ids=[f"{k} {list(s.values())[1]}" for k, s, _ in ROBOTS]
)
def test_a_robot_that_refuses_under_http_200_has_not_delivered_and_its_words_are_kept(
    sqlite_store: Store, kind: str, said: dict[str, Any], is_final: bool
) -> None:
    clock, words = Clock(), next(text for text in said.values() if isinstance(text, str))
    acts: Sequence[Act] = [answer(200, json.dumps(said)), answer(200, '{"errcode": 0, "code": 0}')]
    with ExitStack() as stack:
        robot, owner = stack.enter_context(Hook(acts)), stack.enter_context(Hook([answer(200)]))
        url = f"{kind}://{'token' * 8}"
        channels = {
            "packers": open_channel(url, api_base=f"http://127.0.0.1:{robot.port}"),
            "owner": open_channel(owner.url()),
        }
        queue(sqlite_store, told(n=1))
        tell(sqlite_store, clock, channels)
        (row,) = rows(sqlite_store)
        assert row.state is OutboxState.RETRY
        assert words in english(row.error)
        assert [words in why for _, _, why in reports(owner)] == ([True] if is_final else [])
        clock.at += timedelta(minutes=5)
        tell(sqlite_store, clock, channels)
    assert states(sqlite_store) == [OutboxState.SENT]
