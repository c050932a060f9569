"""What people read: the first line says what to do, and everything is accounted for."""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import AlertState, Family, LastNotified, Outcome, Proof, Reason, Severity, Verdict
from labelwatch.core.posting import Interval
from labelwatch.core.rules import CAUSES
from labelwatch.core.system_problems import BEHIND, DEAD, FAILING, FULL
from labelwatch.delivery.test_alert import example
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.alert_json import view
from labelwatch.messages.message import Kind, Message
from labelwatch.messages.render import brief, render
from tests.support.alert_builders import NOW, destination, incident, minutes, resolved, told

PHONE = 44
"""Columns that the first line of a notification may take on a phone; a Chinese character takes two."""


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def parts(message: Message) -> list[str]:
    return message.body.split("\n\n")


@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        (
            "zh",
            "‼️ 先备货 · 还剩 52 分钟 · 41517061-0214-1",
            [
                (
                    "还没点“备货”，备货之后 Ozon 才出面单。别等，它不会自己出来。\n"
                    "截单：23:00（北京时间），还剩 52 分钟。"
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
                    "Основание (так сообщает Ozon): статус — ожидает сборки (awaiting_packaging), "
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


@pytest.mark.parametrize("cause", sorted(CAUSES.keys() - {DEAD}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_line_says_what_to_do_on_a_phone(language: str, cause: str) -> None:
    message = render([told(cause)], destination(language), now=NOW)
    what, *rest = message.title.split(" · ")
    assert columns(what) <= PHONE
    if cause in (FULL, FAILING, BEHIND):
        assert rest == []  # there is one of it, so it needs no name
    else:
        assert rest[-1].endswith(("41517061-0214-1", "main"))
    assert "{" not in message.title + message.body


WAITS = re.compile("等到|先等等|Подождите|[Жж]дите, |Wait")
MISSED = {"zh": "已过截单", "ru": "Срок пропущен", "en": "Cutoff missed"}


@pytest.mark.parametrize("cause", [cause for cause, family in CAUSES.items() if family is not Family.BLIND])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_told_to_wait_with_three_minutes_left_nor_after_the_deadline(language: str, cause: str) -> None:
    checks = (Proof("exemplars", "validation_in_process"),)
    one = told(cause, verdict=Verdict.WAIT, wait_until=NOW + minutes(30), act_by=NOW, evidence=checks)
    near, over = (
        replace(one, alert=replace(one.alert, diagnosis=replace(one.alert.diagnosis, deadline=NOW + left)))
        for left in (minutes(3), minutes(0))
    )
    for told_now, begins in ((near, ""), (over, MISSED[language])):
        message = render([told_now], destination(language), now=NOW)
        what = message.title.removeprefix("‼️ ")
        assert what.startswith(begins)
        assert not WAITS.search(what)
        assert columns(message.title.split(" · ")[0]) <= PHONE
        assert "{" not in message.title + message.body
        seen = view(told_now.alert, language=language, now=NOW)
        assert (seen["verdict"], seen["wait_until"]) == ("act", None)
        assert seen["remedy"]
        assert seen["phase"] == ("missed" if begins else "urgent")
    usual = render([told(cause, severity=Severity.WARNING)], destination(language), now=NOW)
    assert render([over], destination(language), now=NOW).title != usual.title


def test_a_pick_up_before_the_cutoff_is_told_with_both_times() -> None:
    one = told(
        deadline=NOW + minutes(90), cutoff=NOW + minutes(300), act_by=NOW + minutes(30), severity=Severity.WARNING
    )
    body = render([one], destination(), now=NOW).body
    assert (
        "Pick-up 20:38 (Yekaterinburg time), 1 hr 30 min left. Ozon's cutoff: tomorrow 00:08 (Yekaterinburg time)."
        in body
    )
    gone = render([one], destination(), now=NOW + minutes(91))
    assert gone.title == "‼️ Pick-up missed: hand it over by tomorrow 00:08 · due in 3 hr 29 min · 41517061-0214-1"
    assert "before tomorrow 00:08 (Yekaterinburg time)" in gone.body
    late = render([one], destination(), now=NOW + minutes(301))
    assert late.title.startswith("‼️ Cutoff missed: assemble it now · ")
    seen = view(one.alert, language="en", now=NOW)
    assert (seen["deadline"], seen["cutoff"]) == ("2026-11-23T15:38:00Z", "2026-11-23T19:08:00Z")


@pytest.mark.parametrize(
    ("language", "waits", "acts"),
    [
        ("zh", "⚠️ 等到 22:17，物流商在注册", "⚠️ 催物流商注册"),
        ("ru", "⚠️ Подождите до 17:17: регистрация", "⚠️ Поторопите службу доставки"),
        ("en", "⚠️ Wait until 19:17: being registered", "⚠️ Press the carrier to register it"),
    ],
)
def test_wait_or_act_follows_the_verdict_and_the_clock(language: str, waits: str, acts: str) -> None:
    at_ease: dict[str, Any] = {"severity": Severity.WARNING, "deadline": NOW + minutes(180)}
    one = told("registration_pending", verdict=Verdict.WAIT, wait_until=NOW + minutes(9), **at_ease)
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
        (Outcome.TRACKING_ENTERED, "✅ Tracking number is there · 41517061-0214-1", "53 min before it was due."),
        (
            Outcome.DEADLINE_MOVED,
            "✅ Due later now · 41517061-0214-1",
            "Due 20:00 (Yekaterinburg time), 52 min left.",
        ),
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
        (NOW + timedelta(days=360), "Due Nov 18, 2027, 19:08 (Yekaterinburg time), 360 days left."),
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


EVERY = {"main": minutes(5), "north": minutes(2)}


@pytest.mark.parametrize(
    ("as_of", "language", "said"),
    [
        (minutes(12), "en", "Data as of 18:56 (Yekaterinburg time), 12 min old."),
        (minutes(12), "ru", "Данные на 16:56 (МСК), это 12 мин назад."),
        (minutes(12), "zh", "数据截至 21:56（北京时间），已 12 分钟没更新。"),
        (minutes(10), "en", ""),
        (minutes(1), "en", ""),
    ],
)
def test_data_older_than_two_polls_of_their_shop_are_dated(as_of: timedelta, language: str, said: str) -> None:
    for many in ([told(as_of=NOW - as_of)], [told(n=n, as_of=NOW - as_of) for n in (1, 2)]):
        last = parts(render(many, destination(language), now=NOW, intervals=EVERY))[-1]
        assert (last == said) if said else ("18:5" not in last)


def test_of_many_shops_those_with_old_data_are_named() -> None:
    many = [told(n=1, as_of=NOW - minutes(9)), told(n=2, shop="north", as_of=NOW - minutes(7))]
    message = render([*many, told("ozon_down")], destination(), now=NOW, intervals=EVERY)
    assert parts(message)[-1] == "Data as of 19:01 (Yekaterinburg time), 7 min old.\nShops: north"
    unknown = render(many, destination(), now=NOW)
    assert parts(unknown)[-1] == "Data as of 18:59 (Yekaterinburg time), 9 min old."


def test_an_incident_is_as_old_as_its_rarest_poll_allows() -> None:
    one = incident(as_of=NOW - minutes(9), shops=("main", "north"))
    assert "Data as of" not in render([one], destination(), now=NOW, intervals=EVERY).body
    assert "9 min old." in render([one], destination(), now=NOW, intervals={"main": minutes(4)}).body


def test_what_is_over_is_as_old_as_its_end() -> None:
    ended = resolved(as_of=NOW - minutes(30))
    assert "old." not in render([ended], destination(), now=NOW).body
    assert "21 min old." in render([ended], destination(), now=NOW + minutes(20)).body
    beside = told(n=2, as_of=NOW + minutes(19))
    assert "old." not in render([ended, beside], destination(), now=NOW + minutes(20)).body


def test_a_message_held_back_by_quiet_hours_says_so_first() -> None:
    for many in ([told()], [told(n=1), told(n=2)]):
        message = render(many, destination(), now=NOW, after_quiet=NOW - timedelta(hours=20))
        assert parts(message)[0] == "While it was quiet (since yesterday 23:08), this came up:"


def test_a_wait_seen_only_roughly_is_told_as_at_least() -> None:
    seen = Interval(NOW - minutes(55), NOW - minutes(40))
    assert "waiting at least 40 min" in render([told(waiting_since=seen)], destination(), now=NOW).body
    just_seen = Interval(NOW - minutes(55), NOW - minutes(0.5))
    assert "Aurora Post\n" in render([told(waiting_since=just_seen)], destination(), now=NOW).body


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
        ({}, minutes(80), "Time is short, nobody has taken it. Not"),
        ({"handled_by": "Nina"}, minutes(80), "Time is short. Not"),
        ({}, minutes(-1), "More urgent. Not"),
    ],
)
def test_who_is_told_because_little_time_is_left_reads_so(
    fields: dict[str, Any], deadline: timedelta, word: str
) -> None:
    one = told(reason=Reason.ESCALATED, deadline=NOW + deadline)
    step = LastNotified(NOW, 2, one.alert.diagnosis.severity, "not_packed", left=minutes(90))
    message = render([replace(one, alert=replace(one.alert, told=step, **fields))], destination(), now=NOW)
    assert message.body.startswith(word)


def test_what_is_missing_is_named_by_article_and_unknown_fields_by_their_own_name() -> None:
    since = NOW - minutes(70)
    proofs = (Proof("requirements.products_requiring_gtd", "148313911", since), Proof("new_field", "7", since))
    message = render([told("customs_number_missing", evidence=proofs)], destination(), now=NOW)
    assert "enter the customs number: S5200657-28 (" in message.body
    assert "customs number missing for SKU 148313911, new_field 7" in message.body


def test_a_cause_from_a_newer_version_is_told_as_unexplained() -> None:
    message = render([told("from_the_future")], destination(), now=NOW)
    assert message.title.startswith("‼️ Look into the account: cause unclear")


# ---- the rest


@pytest.mark.parametrize(
    ("language", "first", "title"),
    [
        ("zh", "这是测试消息，订单是虚构的，不用处理。", "测试：先备货"),
        ("ru", "Это проверка: заказ вымышленный, делать ничего не нужно.", "ТЕСТ: Соберите отправление"),
        ("en", "This is a test: the order is made up, there is nothing to do.", "TEST: Assemble it now"),
    ],
)
def test_the_example_says_that_it_is_one(language: str, first: str, title: str) -> None:
    message = render([example("packers", shop="main", now=NOW)], destination(language), now=NOW)
    assert (parts(message)[0], message.title.split(" · ")[0], message.kind) == (first, title, Kind.INFO)


@pytest.mark.parametrize(("language", "word"), [("zh", "测试"), ("ru", "ТЕСТ"), ("en", "TEST")])
def test_the_first_word_of_a_test_says_so_in_every_form_of_a_message(language: str, word: str) -> None:
    test, to = example("packers", shop="main", now=NOW), destination(language)
    others = [replace(told(n=n, reason=Reason.TEST), number=1) for n in (1, 2)]
    titles = [render([test], to, now=NOW).title, render(others, to, now=NOW).title, brief(test, to, now=NOW).title]
    assert [title.startswith(word) for title in titles] == [True, True, True], titles


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
