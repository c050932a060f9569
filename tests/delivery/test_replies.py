"""The short reply below a message that was changed, and what is told of a channel that does not work."""

from dataclasses import replace
from typing import Any

import pytest

from labelwatch.core.alert import Family, Notification, Outcome, Proof, Reason, Severity
from labelwatch.core.rules import CAUSES
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.alert_json import view
from labelwatch.messages.message import Kind, SizeLimit
from labelwatch.messages.plain import size
from labelwatch.messages.render import brief, channel_dead, render
from labelwatch.store import Store
from tests.support.alert_builders import NOW, destination, incident, minutes, over, resolved, told
from tests.support.post import Clock, FakeChat, again, queue, tell

PENDING: dict[str, Any] = {
    "cause": "registration_pending",
    "deadline": NOW + minutes(41),
    "severity": Severity.WARNING,
}


WAITS_FOR_CARRIER = (
    "Assembled, waiting for Aurora Post to register it; the label comes after that. The usual time is over, do not "
    "wait any longer."
)


def changed(one: Notification, **fields: Any) -> Notification:
    return replace(one, alert=replace(one.alert, **fields))


def step(one: Notification) -> Notification:
    """The same, told because less than 90 minutes are left."""
    assert one.alert.told is not None
    return changed(one, told=replace(one.alert.told, left=minutes(90)))


# ---- the reply


@pytest.mark.parametrize(
    ("one", "title", "body"),
    [
        (
            told(reason=Reason.CAUSE_CHANGED, **PENDING),
            "⚠️ New cause: awaiting registration · due in 41 min · 41517061-0214-1",
            "Press the carrier to register it\n" + WAITS_FOR_CARRIER,
        ),
        (
            told(reason=Reason.ESCALATED),
            "‼️ More urgent: not assembled · due in 52 min · 41517061-0214-1",
            "Assemble it now",
        ),
        (
            step(told(reason=Reason.ESCALATED)),
            "‼️ Time is short, nobody has taken it · due in 52 min · 41517061-0214-1",
            "Assemble it now",
        ),
        (
            told(reason=Reason.REMINDER, deadline=NOW - minutes(3)),
            "‼️ Reminder: not assembled · overdue 3 min · 41517061-0214-1",
            "Cutoff missed: assemble it now",
        ),
        (
            told(reason=Reason.MISSED, deadline=NOW),
            "‼️ Cutoff missed: assemble it now · overdue under a minute · 41517061-0214-1",
            (
                "Ozon counts it as late from now on: the sooner it ships, the less it costs.\n"
                "What to do: Open 41517061-0214-1, check the goods and press “Assemble”."
            ),
        ),
        (
            changed(told(reason=Reason.REMINDER), snoozed_until=NOW - minutes(8), handled_by="Nina"),
            "‼️ The snooze of Nina (until 19:00) is over: not assembled · due in 52 min · 41517061-0214-1",
            "Assemble it now",
        ),
        (told(), "‼️ Assemble it now · due in 52 min · 41517061-0214-1", ""),
        (
            resolved(deadline=NOW + minutes(130)),
            "✅ Label is there · 2 hr 11 min to spare · 41517061-0214-1",
            "",
        ),
        (
            incident(reason=Reason.REMINDER),
            "⚠️ Reminder: carrier outage · first due in 52 min · in 4 shops",
            "Wait: China Post is stuck for all",
        ),
        (over(incident()), "✅ China Post: labels come again · in 4 shops", ""),
        (resolved(cause="channel_dead"), "✅ Channel “packers” works again", ""),
    ],
)
def test_a_reply_says_what_is_new_and_what_to_do_first(one: Notification, title: str, body: str) -> None:
    message = brief(one, destination(), now=NOW)
    assert (message.title, message.body) == (title, body)


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("zh", "⚠️ 原因变了：等物流商注册 · 还剩 41 分钟 · 41517061-0214-1"),
        ("ru", "⚠️ Причина изменилась. Ждёт регистрации · до срока 41 мин · 41517061-0214-1"),
    ],
)
def test_a_reply_speaks_the_language_of_its_channel(language: str, title: str) -> None:
    one = told(reason=Reason.CAUSE_CHANGED, **PENDING)
    assert brief(one, destination(language), now=NOW).title == title


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cause", [cause for cause, family in CAUSES.items() if family is not Family.BLIND])
def test_a_reply_about_another_cause_says_of_it_what_the_full_message_says(cause: str, language: str) -> None:
    words = Proof("label_task", "failed: Печать недоступна: нет кода ТН ВЭД", NOW)
    one = told(cause, reason=Reason.CAUSE_CHANGED, evidence=(words,))
    to = destination(language)
    said = brief(one, to, now=NOW).sections[0].lines[-1]
    assert said
    assert said in render([one], to, now=NOW).body
    assert ("ТН ВЭД" in said) == ("ТН ВЭД" in render([one], to, now=NOW).sections[0].text)


@pytest.mark.parametrize(("minutes_old", "every", "is_dated"), [(3, 2, False), (5, 2, True), (5, 3, False)])
@pytest.mark.parametrize("reason", [Reason.REMINDER, Reason.FIRST])
def test_a_reply_dates_what_is_older_than_two_intervals(
    minutes_old: int, every: int, is_dated: bool, reason: Reason
) -> None:
    one = told(reason=reason, as_of=NOW - minutes(minutes_old))
    message = brief(one, destination(), now=NOW, intervals={"main": minutes(every)})
    assert message.body.endswith(f"{minutes_old} min old.") == is_dated


@pytest.mark.parametrize(("every", "is_dated"), [(2, True), (30, False)])
def test_how_often_a_shop_is_read_decides_also_below_a_message_that_was_sent(
    sqlite_store: Store, every: int, is_dated: bool
) -> None:
    (alert,) = queue(sqlite_store, told())
    chat, clock = FakeChat(), Clock()
    tell(sqlite_store, clock, {"packers": chat})
    clock.advance(minutes=20)
    again(sqlite_store, alert, replace(told(reason=Reason.REMINDER), number=2))
    tell(sqlite_store, clock, {"packers": chat}, intervals={"main": minutes(every)})
    assert ("Data as of" in chat.outgoing_messages[1].message.body) == is_dated


def test_a_reply_dates_what_was_over_long_ago() -> None:
    message = brief(changed(resolved(), resolved_at=NOW - minutes(30)), destination(), now=NOW)
    assert message.body == "Data as of 18:38 (Yekaterinburg time), 30 min old."


def test_a_reply_is_as_bad_as_what_it_tells() -> None:
    kinds = [brief(one, destination(), now=NOW).kind for one in (told(), resolved(), told(reason=Reason.TEST))]
    assert kinds == [Kind.FAILURE, Kind.SUCCESS, Kind.INFO]


# ---- the channel


@pytest.mark.parametrize(
    ("language", "title", "why"),
    [
        (
            "zh",
            "‼️ 渠道“packers”发不出通知 · 7 条通知在等",
            "消息发不到那边：原文：HTTP 403: bot was blocked。修好之前，那边的人什么提醒都看不到。",
        ),
        (
            "ru",
            "‼️ Канал «packers» не работает · ждут 7 сообщений",
            (
                "Сообщения туда не доходят: ответ: HTTP 403: bot was blocked. "
                "Пока его не починят, там ни о чём не узнают."
            ),
        ),
        (
            "en",
            "‼️ Channel “packers” does not work · 7 messages wait",
            (
                "Messages do not get there: HTTP 403: bot was blocked. "
                "Until it is fixed nobody there hears of anything."
            ),
        ),
    ],
)
def test_a_channel_that_does_not_work_says_why_and_how_much_waits(language: str, title: str, why: str) -> None:
    one = told("channel_dead")
    message = channel_dead(one, destination(language), [], now=NOW)
    assert (message.title, message.sections[0].lines, message.kind) == (title, (why,), Kind.FAILURE)
    assert len(message.sections) == 2, "why, and what to do"
    assert message == render([one], destination(language), now=NOW)
    assert "https://" not in message.body


def waiting(n: int) -> list[Any]:
    """The later the number, the more urgent; every second one of another shop."""
    shops = ("main", "north")
    return [told(n=i, shop=shops[i % 2], deadline=NOW + minutes(100 - i)).alert for i in range(1, 1 + n)]


def test_the_most_urgent_of_what_waits_is_listed_and_the_rest_counted() -> None:
    message = channel_dead(told("channel_dead"), destination(), waiting(7) * 2, now=NOW)
    _, listed, rest, _ = message.sections
    assert listed.heading == "Undelivered, most urgent first:"
    assert listed.rows[0] == ("41517061-0220-1", "due in 1 hr 33 min", "Assemble it now", "north")
    assert [row[0][-4:-2] for row in listed.rows] == ["20", "19", "18", "17", "16"]
    assert rest.lines == ("And 2 more not shown here.", "The whole list: labelwatch late")


def test_of_shops_that_the_reader_hears_nothing_of_none_is_named() -> None:
    message = channel_dead(told("channel_dead"), destination(shops=frozenset({"north"})), waiting(7), now=NOW)
    assert "main" not in message.body
    assert [row[0][-4:-2] for row in message.sections[1].rows] == ["20", "18", "16", "14"]


def test_the_report_of_a_channel_dates_what_it_lists() -> None:
    old = [told(n=n, as_of=NOW - minutes(20)).alert for n in range(3)]
    one = told("channel_dead")
    message = channel_dead(one, destination(), old, now=NOW)
    assert message.body.endswith("Data as of 18:48 (Yekaterinburg time), 20 min old.")
    often = {"main": minutes(10)}
    assert "Data as of" not in channel_dead(one, destination(), old, now=NOW, intervals=often).body


def test_what_is_over_or_no_posting_is_not_listed_as_waiting() -> None:
    none = [resolved().alert, told("ozon_down").alert, incident().alert]
    assert len(channel_dead(told("channel_dead"), destination(), none, now=NOW).sections) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("limit", [300, 500, 4000])
def test_the_report_of_a_channel_fits(language: str, limit: int) -> None:
    message = channel_dead(told("channel_dead"), destination(language), waiting(50), now=NOW, limit=SizeLimit(limit))
    assert size(message.title) + size(message.body) <= limit
    assert message.body


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        ("zh", "✅ 渠道“packers”恢复了", "正在补发 7 条通知。\n从提醒到解决用了 1 小时 4 分钟。"),
        ("ru", "✅ Канал «packers» снова работает", "Сейчас дойдут 7 сообщений.\nОт сигнала до решения: 1 ч 4 мин."),
        (
            "en",
            "✅ Channel “packers” works again",
            "7 messages are being delivered now.\nTook 1 hr 4 min from the first alert.",
        ),
    ],
)
def test_a_channel_that_works_again_says_that_nothing_was_lost(language: str, title: str, body: str) -> None:
    one = resolved(cause="channel_dead", outcome=Outcome.SEEN_AGAIN)
    message = channel_dead(one, destination(language), waiting(3), now=NOW)
    assert (message.title, message.body, message.kind) == (title, body, Kind.SUCCESS)


def test_the_view_of_a_channel_has_no_link() -> None:
    seen = view(told("channel_dead").alert, language="en", now=NOW)
    assert (seen["link"], seen["shop"], seen["posting_number"]) == (None, None, None)
    assert (seen["incident"], seen["cause"]) == ("channel:packers", "channel_dead")
    assert "late" not in seen
