"""What people read: the first line says what to do, and everything is accounted for."""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.causes import CAUSES
from labelwatch.core.model import (
    AlertState,
    DeliveryMethod,
    Interval,
    Outcome,
    Product,
    Proof,
    Reason,
    Severity,
    Told,
    Verdict,
)
from labelwatch.notify.catalog import LANGUAGES
from labelwatch.notify.example import example
from labelwatch.notify.message import Kind, Message
from labelwatch.notify.messages import LIMIT, dead_channel, render
from labelwatch.notify.plain import plain, size
from tests.notify.build import NOW, destination, minutes, resolved, told

PHONE = 44
"""Columns that the first line of a notification may take on a phone; a Chinese character takes two."""
HOSTILE = (
    "<script>alert(1)</script>",
    "</b>[click](https://evil.example)",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "bell\x07 escape\x1b[31m null\x00",
    "@everyone @all",
    "lone \ud800 surrogate",
    "x" * 10_000,
    "q\u0301" * 5_000,
    "line\nbreak\r\nand\u2028more",
    "{posting} {0} %s",
)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def parts(message: Message) -> list[str]:
    return message.body.split("\n\n")


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        (
            "zh",
            "‼️ 先备货 · 离截单 52 分钟 · 41517061-0214-1",
            [
                (
                    "还没点“备货”，备货之后 Ozon 才出面单。别等，它不会自己出来。\n"
                    "截单 23:00（北京时间），还剩 52 分钟。"
                ),
                (
                    "怎么做：\n1. 后台“等待备货”里打开 41517061-0214-1，核对货品，点“备货”。\n"
                    "2. 约 1 分钟后刷新，打印面单。\n3. 货不齐：先备齐的部分，其余会成为新货件。"
                ),
                "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1",
                "货品：S5200657-28 ×1\n店铺 main · Aurora Post · 已等 25 小时",
                "依据（Ozon 明确给出）：状态 等待备货（awaiting_packaging）、子状态 备货失败（ship_failed）",
            ],
        ),
        (
            "ru",
            "‼️ Соберите отправление · до срока 52 мин · 41517061-0214-1",
            [
                (
                    "Ещё не собрано. Этикетка появляется только после сборки. Сама она не появится.\n"
                    "Срок: 18:00 (МСК), осталось 52 мин."
                ),
                (
                    "Что делать:\n1. Откройте 41517061-0214-1, сверьте товары и нажмите «Собрать».\n"
                    "2. Примерно через минуту обновите страницу и печатайте этикетку.\n"
                    "3. Есть не всё — соберите, что есть: остальное станет новым отправлением."
                ),
                "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1",
                "Товары: S5200657-28 ×1\nмагазин main · Aurora Post · ждёт 25 ч",
                (
                    "Основание (так сообщает Ozon): статус — ожидает упаковки (awaiting_packaging), "
                    "подстатус — сборка не удалась (ship_failed)"
                ),
            ],
        ),
        (
            "en",
            "‼️ Assemble it now · due in 52 min · 41517061-0214-1",
            [
                (
                    "Not assembled yet. Ozon makes the label only after that. It does not come by itself.\n"
                    "Due 20:00 (Yekaterinburg time), 52 min left."
                ),
                (
                    "What to do:\n1. Open 41517061-0214-1, check the goods and press “Assemble”.\n"
                    "2. Reload about a minute later and print the label.\n"
                    "3. Something missing? Assemble what is there: the rest becomes a new posting."
                ),
                "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1",
                "Goods: S5200657-28 ×1\nshop main · Aurora Post · waiting 25 hr",
                (
                    "Evidence (Ozon says so): status awaiting packaging (awaiting_packaging), "
                    "substatus packaging failed (ship_failed)"
                ),
            ],
        ),
    ],
)
def test_one_alert_reads_like_this(language: str, title: str, body: list[str]) -> None:
    message = render([told()], destination(language), now=NOW)
    assert (message.title, parts(message), message.kind) == (title, body, Kind.FAILURE)


@pytest.mark.parametrize("cause", sorted(CAUSES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_line_says_what_to_do_on_a_phone(language: str, cause: str) -> None:
    message = render([told(cause)], destination(language), now=NOW)
    what, *rest = message.title.split(" · ")
    assert columns(what) <= PHONE
    assert rest[-1].endswith(("41517061-0214-1", "main"))
    assert "{" not in message.title + message.body


@pytest.mark.parametrize(
    ("language", "waits", "acts"),
    [
        ("zh", "‼️ 等到 22:17，物流商在注册", "‼️ 催物流商注册"),
        ("ru", "‼️ Подождите до 17:17: регистрация", "‼️ Поторопите службу доставки"),
        ("en", "‼️ Wait until 19:17: being registered", "‼️ Press the carrier to register it"),
    ],
)
def test_wait_or_act_follows_the_verdict_and_the_clock(language: str, waits: str, acts: str) -> None:
    one = told("registration_pending", verdict=Verdict.WAIT, wait_until=NOW + minutes(9))
    early = render([one], destination(language), now=NOW)
    late = render([one], destination(language), now=NOW + minutes(10))
    assert (early.title.split(" · ")[0], late.title.split(" · ")[0]) == (waits, acts)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.FIRST, ("还没点", "Ещё не", "Not ass")),
        (Reason.REMINDER, ("【再次提醒】", "Напоминание. ", "Reminder. ")),
        (Reason.ESCALATED, ("【更急了】", "Срочнее. ", "More urgent. ")),
        (Reason.CAUSE_CHANGED, ("【原因变了】", "Причина изменилась. ", "New cause. ")),
    ],
)
def test_one_word_says_why_people_hear_of_it_again(reason: Reason, words: tuple[str, str, str]) -> None:
    for language, word in zip(LANGUAGES, words, strict=True):
        assert render([told(reason=reason)], destination(language), now=NOW).body.startswith(word)


@pytest.mark.parametrize(
    ("outcome", "title", "said"),
    [
        (Outcome.LABELLED, "✅ Label is there · 41517061-0214-1", "53 min before it was due."),
        (Outcome.CANCELLED, "✅ Order canceled · 41517061-0214-1", "53 min before it was due."),
        (Outcome.EXCUSED, "✅ No longer late · 41517061-0214-1", "53 min before it was due."),
    ],
)
def test_a_resolution_says_how_it_ended_how_long_it_took_and_what_was_left(
    outcome: Outcome, title: str, said: str
) -> None:
    message = render([resolved(outcome=outcome)], destination(), now=NOW)
    assert (message.title, message.kind) == (title, Kind.SUCCESS)
    assert parts(message)[0] == f"Took 1 hr 4 min from the first alert. {said}"


def test_a_resolution_after_the_deadline_says_by_how_much() -> None:
    message = render([resolved(deadline=NOW - minutes(31))], destination(), now=NOW)
    assert parts(message)[0].endswith("30 min after it was due.")


def test_a_shop_that_cannot_be_read_is_told_with_ozons_answer_and_the_last_reading() -> None:
    message = render([told("key_expired")], destination("ru"), now=NOW)
    assert message.title == "‼️ Замените ключ API · магазин main"
    assert parts(message)[-1] == "Ответ Ozon: HTTP 404: Invalid Api-Key\nПоследнее чтение: 16:57 (МСК)"
    assert "https://seller.ozon.ru/app/settings/api-keys" in message.body


@pytest.mark.parametrize(
    ("deadline", "said"),
    [
        (NOW + timedelta(hours=20), "Due tomorrow 15:08 (Yekaterinburg time), 20 hr left."),
        (NOW + timedelta(days=3, hours=2), "Due Nov 26, 21:08 (Yekaterinburg time), 3 days 2 hr left."),
        (NOW + timedelta(seconds=30), "Due 19:08 (Yekaterinburg time), under a minute left."),
        (NOW - timedelta(hours=20), "Was due yesterday 23:08 (Yekaterinburg time), overdue by 20 hr."),
    ],
)
def test_the_deadline_is_on_the_clock_of_the_channel(deadline: object, said: str) -> None:
    message = render([told(deadline=deadline)], destination(), now=NOW)
    assert parts(message)[0].splitlines()[-1] == said


def test_without_a_deadline_none_is_made_up() -> None:
    message = render([told(deadline=None)], destination(), now=NOW)
    assert message.title == "‼️ Assemble it now · 41517061-0214-1"
    assert "left" not in message.body


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Moscow", ("莫斯科时间", "МСК", "Moscow time")),
        ("Asia/Shanghai", ("北京时间", "Пекин", "Beijing time")),
        ("Europe/Berlin", ("柏林时间", "Берлин", "Berlin time")),
        ("UTC", ("UTC", "UTC", "UTC")),
        ("Etc/GMT-5", ("GMT+05:00", "GMT+05:00", "GMT+05:00")),
    ],
)
def test_a_zone_is_named_in_words(zone: str, said: tuple[str, str, str]) -> None:
    for language, name in zip(LANGUAGES, said, strict=True):
        assert name in render([told()], destination(language, timezone=zone), now=NOW).body


def test_old_data_are_dated_and_fresh_data_are_not() -> None:
    old = render([told(as_of=NOW - minutes(9))], destination(), now=NOW)
    fresh = render([told(as_of=NOW - minutes(9))], destination(), now=NOW, intervals={"main": minutes(5)})
    assert old.body.endswith("Data as of 18:59 (Yekaterinburg time), 9 min old.")
    assert "Data as of" not in fresh.body


def test_a_wait_seen_only_roughly_is_told_as_at_least() -> None:
    seen = Interval(NOW - minutes(55), NOW - minutes(40))
    assert "waiting at least 40 min" in render([told(waiting_since=seen)], destination(), now=NOW).body


TAKEN = {"handled_by": "Анна", "handled_at": NOW - minutes(63), "note": "ждёт курьера"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (TAKEN | {"state": AlertState.ACKNOWLEDGED}, "Этим занимается Анна: ждёт курьера\n"),
        (TAKEN | {"state": AlertState.ACKNOWLEDGED, "note": ""}, "Этим занимается Анна.\n"),
        (TAKEN, "Об этом знает Анна (16:05): ждёт курьера\n"),
        (
            TAKEN | {"state": AlertState.SNOOZED, "snoozed_until": NOW + minutes(9)},
            "Тихо до 17:17 (Анна): ждёт курьера",
        ),
    ],
)
def test_somebody_who_took_it_on_is_named_with_the_note(fields: dict[str, Any], said: str) -> None:
    one = told(reason=Reason.ESCALATED)
    taken = replace(one, alert=replace(one.alert, **fields))
    assert said in render([taken], destination("ru"), now=NOW).body


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"snoozed_until": NOW - minutes(8), "handled_by": "Нина"},
            (
                "【Нина 暂停到 22:00，时间到了】",
                "Отсрочка закончилась (Нина, до 17:00). ",
                "The snooze of Нина (until 19:00) is over. ",
            ),
        ),
        (
            {"snoozed_until": NOW - minutes(8)},
            ("【暂停到 22:00，时间到了】", "Отсрочка закончилась (до 17:00). ", "The snooze (until 19:00) is over. "),
        ),
    ],
)
def test_what_comes_back_after_a_snooze_says_whose_it_was_and_that_nobody_has_it(
    fields: dict[str, Any], words: tuple[str, str, str]
) -> None:
    one = told(reason=Reason.REMINDER)
    woken = replace(one, alert=replace(one.alert, handled_at=NOW - minutes(68), **fields))
    for language, word in zip(LANGUAGES, words, strict=True):
        body = render([woken], destination(language), now=NOW).body
        assert body.startswith(word)
        assert body.count("Нина") == word.count("Нина")


@pytest.mark.parametrize(
    ("fields", "deadline", "word"),
    [
        ({}, minutes(80), "Less than 1 hr 30 min left, nobody has taken it. Not"),
        ({"handled_by": "Nina"}, minutes(80), "Less than 1 hr 30 min left. Not"),
        ({}, minutes(-1), "More urgent. Not"),
    ],
)
def test_who_is_told_because_little_time_is_left_reads_so(
    fields: dict[str, Any], deadline: timedelta, word: str
) -> None:
    one = told(reason=Reason.ESCALATED, deadline=NOW + deadline)
    step = Told(NOW, 2, one.alert.diagnosis.severity, "not_packed", left=minutes(90))
    message = render([replace(one, alert=replace(one.alert, told=step, **fields))], destination(), now=NOW)
    assert message.body.startswith(word)


def test_what_is_missing_is_named_by_article_and_unknown_fields_by_their_own_name() -> None:
    since = NOW - minutes(70)
    proofs = (Proof("requirements.products_requiring_gtd", "148313911", since), Proof("new_field", "7", since))
    message = render([told("customs_number_missing", evidence=proofs)], destination(), now=NOW)
    assert "enter the customs number: S5200657-28." in message.body
    assert "customs number missing 148313911, new_field 7" in message.body


def test_a_cause_from_a_newer_version_is_told_as_unexplained() -> None:
    message = render([told("from_the_future")], destination(), now=NOW)
    assert message.title.startswith("‼️ Look into the account: cause unclear")


# ---- many at once


def test_a_bundle_is_grouped_by_what_to_do_with_the_most_urgent_first() -> None:
    many = [
        told(n=1, deadline=NOW + minutes(90), severity=Severity.WARNING),
        told("label_overdue", n=2, deadline=NOW + minutes(70), severity=Severity.WARNING),
        told(n=3, deadline=NOW + minutes(47), reason=Reason.REMINDER),
        resolved(n=4),
        told("ozon_down", severity=Severity.WARNING),
    ]
    message = render(many, destination(), now=NOW)
    assert message.title == "‼️ Wait: Ozon does not answer · 1 shop · and 4 more · first due in 47 min"
    assert [[line for line in part.splitlines() if line.startswith("•")] for part in parts(message)] == [
        ["• shop main · Last read: 18:57"],
        ["• 41517061-0216-1 · due in 47 min · Reminder", "• 41517061-0214-1 · due in 1 hr 30 min"],
        ["• 41517061-0215-1 · due in 1 hr 10 min"],
        ["• 41517061-0217-1 · Label is there · in 1 hr 4 min · 53 min to spare"],
    ]
    assert [part.splitlines()[0] for part in parts(message)] == [
        "Wait: Ozon does not answer · 1 shop",
        "Assemble it now · 2 postings",
        "Reload; still none? Ask Ozon support · 1 posting",
        "✅ Resolved · 1 posting",
    ]
    assert message.kind is Kind.FAILURE


def test_a_bundle_of_one_kind_does_not_repeat_its_title() -> None:
    message = render([told(n=1), told(n=2)], destination(), now=NOW)
    assert message.title == "‼️ Assemble it now · 2 postings · first due in 52 min"
    assert message.body.startswith("Not assembled yet.")


def test_items_of_several_shops_name_their_shop() -> None:
    message = render([told(n=1), told(n=2, shop="Тёплый дом")], destination(), now=NOW)
    assert "41517061-0215-1 · due in 52 min · Тёплый дом" in message.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_five_hundred_alerts_fit_into_one_message_that_accounts_for_all(language: str) -> None:
    causes = sorted(cause for cause, family in CAUSES.items() if family != "blind")
    many = [told(causes[n % len(causes)], n=n, deadline=NOW + minutes(n)) for n in range(1, 501)]
    message = render(many, destination(language), now=NOW)
    assert size(message.title) + size(message.body) <= LIMIT < 4096
    counted = [int(re.findall(r" · (\d+) ", part.splitlines()[0])[0]) for part in parts(message)[: len(causes)]]
    listed = [line for line in message.body.splitlines() if line.startswith("•")]
    assert sum(counted) == 500
    assert str(500 - len(listed)) in parts(message)[-1]
    assert "labelwatch late" in parts(message)[-1]


@given(
    n=st.integers(1, 60),
    limit=st.integers(300, 4000),
    cause=st.sampled_from(sorted(CAUSES)),
    language=st.sampled_from(LANGUAGES),
)
def test_a_message_never_grows_beyond_what_the_service_takes(n: int, limit: int, cause: str, language: str) -> None:
    many = [told(cause, n=i, deadline=NOW + minutes(i)) for i in range(1, n + 1)]
    message = render(many, destination(language), now=NOW, limit=limit)
    assert size(message.title) + size(message.body) <= limit
    assert message.body


# ---- hostile words


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("together", [1, 3])
def test_foreign_words_change_nothing_but_themselves(bad: str, together: int) -> None:
    many = [
        told(
            n=n,
            shop=bad,
            posting_number=bad,
            products=(Product("1", bad, bad, 1), Product("2", "", bad, 2)),
            method=DeliveryMethod(carrier=bad, name=bad, warehouse=bad),
            requirements=((bad, (bad, "1")),),
            evidence=(Proof("status", bad), Proof(bad, bad)),
            reason=Reason.REMINDER,
        )
        for n in range(together)
    ]
    message = render(many, destination(), now=NOW)
    text = message.title + message.body
    assert size(text) <= LIMIT
    assert not [c for c in text if unicodedata.category(c) in ("Cf", "Cs", "Co", "Cc") and c != "\n"]
    assert not re.search("[<>@]", text)
    assert len(re.findall("://", text)) == (1 if together == 1 else 0)
    assert "\n" not in message.title


@given(st.text(max_size=300), st.integers(2, 60))
def test_plain_text_is_one_short_visible_line(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert plain(line, limit) == line


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("S5200657_28*", "S5200657_28*"),
        ("Тёплый дом", "Тёплый дом"),
        ("冬装 <红>", "冬装 ‹红›"),
        ("e\u0301" * 9, None),
    ],
)
def test_plain_text_keeps_what_is_harmless(text: str, wanted: str | None) -> None:
    assert plain(text) == (wanted or text)
    assert plain("e\u0301" * 9, 4) == "e\u0301…"


# ---- the rest


@pytest.mark.parametrize(
    ("language", "first", "title"),
    [
        ("zh", "这是测试消息，订单是虚构的，不用处理。", "🔔 先备货"),
        ("ru", "Это проверка: заказ вымышленный, делать ничего не нужно.", "🔔 Соберите отправление"),
        ("en", "This is a test: the order is made up, there is nothing to do.", "🔔 Assemble it now"),
    ],
)
def test_the_example_says_that_it_is_one(language: str, first: str, title: str) -> None:
    message = render([example("packers", shop="main", now=NOW)], destination(language), now=NOW)
    assert (parts(message)[0], message.title.split(" · ")[0], message.kind) == (first, title, Kind.INFO)


def test_a_dead_channel_is_reported_with_reason_and_number() -> None:
    message = dead_channel("packers", "HTTP 403 blocked", undelivered=5, destination=destination("ru"), now=NOW)
    assert message.title == "‼️ Канал «packers» не работает"
    assert message.body.startswith("Причина: HTTP 403 blocked\nНе доставлено 5 сообщений.\n")


@pytest.mark.parametrize(
    ("severity", "kind", "mark"),
    [
        (Severity.NOTICE, Kind.INFO, "ℹ️"),
        (Severity.WARNING, Kind.WARNING, "⚠️"),
        (Severity.CRITICAL, Kind.FAILURE, "‼️"),
    ],
)
def test_how_bad_it_is_shows_at_a_glance(severity: Severity, kind: Kind, mark: str) -> None:
    message = render([told(severity=severity)], destination(), now=NOW)
    assert (message.kind, message.title.split()[0]) == (kind, mark)
