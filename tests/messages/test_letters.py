"""Letters ready to be sent: complete, dated, in the right language and without a word about the buyer."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core.alert import Notification, Proof
from labelwatch.core.posting import DeliveryMethod, Interval, Product, Stage
from labelwatch.core.rules import CAUSES
from labelwatch.core.text import Text
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.letters import BUYER, CARRIER, KINDS, SUPPORT, Kind, Letter, kinds_of, letter, messages_of
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.render import Layout, render
from labelwatch.messages.time_format import ShiftNames
from tests.support.alert_builders import NOW, ZONES, destination, incident, minutes, over, resolved, told

HANGING: dict[str, Any] = {
    "stage": Stage.LABEL,
    "status": "awaiting_deliver",
    "substatus": "posting_created",
    "waiting_since": Interval(NOW - minutes(126), NOW - minutes(120)),
    "evidence": (Proof("available_actions", "no label_download", NOW - minutes(120)),),
    "asked": (Proof("label_task", "Стикер ещё формируется", NOW - minutes(30)),),
    "requirements": (),
}
REGISTERING: dict[str, Any] = HANGING | {
    "stage": Stage.REGISTRATION,
    "status": "awaiting_registration",
    "substatus": "posting_awaiting_registration",
    "flow": "aggregator",
    "evidence": (),
    "asked": (),
    "products": (Product("1", "S5200657-28", "Winter jacket", 2, weight=0.6),),
}


def write(kind: Kind, one: Notification, language: str) -> Letter:
    return letter(kind, one.alert, language=language, zone=ZONES[language], now=NOW)


def test_a_letter_to_support_reads_like_this() -> None:
    written = write(SUPPORT, told("label_overdue", **HANGING), "ru")
    assert (written.to, written.where) == ("Поддержка Ozon", "https://seller.ozon.ru/app/messenger?group=support_v2")
    assert written.subject == "Отправление 41517061-0214-1: нет этикетки, срок 23 нояб. 2026 г., 18:00 (МСК)"
    assert written.text.replace("\u00a0", " ") == (
        "Здравствуйте!\n\n"
        "Отправление собрано, с нашей стороны всё сделано, но этикетка не формируется.\n\n"
        "Отправление: 41517061-0214-1 (заказ 41517061-0214)\n"
        "Статус: ожидает отгрузки (awaiting_deliver)\n"
        "Подстатус: создано (posting_created)\n"
        "Схема: доставка силами Ozon (ozon)\n"
        "Метод доставки: Courier\n"
        "Служба доставки: Aurora Post\n"
        "Склад: Main warehouse\n"
        "Собрано: 23 нояб. 2026 г., 15:02–15:08 (МСК), ждёт 2 ч\n"
        "Срок отгрузки: 23 нояб. 2026 г., 18:00 (МСК)\n"
        "Видно: действия — нет «Скачать этикетку», с 23 нояб. 2026 г., 15:08 (МСК)\n\n"
        "Проверяли через Seller API 23 нояб. 2026 г., 16:03–17:07 (МСК): этикетки нет.\n"
        "23 нояб. 2026 г., 16:38 (МСК): запросили этикетку через API Ozon, ответ: «Стикер ещё формируется»\n\n"
        "Сформируйте, пожалуйста, этикетку до 23 нояб. 2026 г., 18:00 (МСК) и назовите причину задержки. "
        "Просрочку по этой причине просим не учитывать.\n\n"
        "Если чего-то не хватает, напишите сразу, чего именно: пришлём. Спасибо!"
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "zh",
            (
                "您好！\n\n"
                "这票货在 Ozon 一直“等待注册”，面单出不来。\n\n"
                "Ozon 货件号：41517061-0214-1\n"
                "店铺：main\n"
                "Ozon 状态：等待注册（awaiting_registration）\n"
                "子状态：等待注册（posting_awaiting_registration）\n"
                "配送方式：Courier\n"
                "追踪号：还没有\n"
                "备货：2026 年 11 月 23 日 20:02–20:08（北京时间），已等 2 小时\n"
                "Ozon 截单：2026 年 11 月 23 日 23:00（北京时间）\n"
                "货品：S5200657-28 ×2\n"
                "重量：1.2 公斤\n\n"
                "2026 年 11 月 23 日 21:03–22:07（北京时间）我们一直在查，没有变化。\n\n"
                "请查一下：收到这票没有，卡在哪一步，几点能注册好。\n\n"
                "麻烦尽快回复，谢谢！"
            ),
        ),
        (
            "ru",
            (
                "Здравствуйте!\n\n"
                "Это отправление в Ozon всё ещё ожидает регистрации у вас, поэтому этикетки нет.\n\n"
                "Номер отправления Ozon: 41517061-0214-1\n"
                "Магазин: main\n"
                "Статус в Ozon: ожидает регистрации (awaiting_registration)\n"
                "Подстатус: ожидает регистрации (posting_awaiting_registration)\n"
                "Метод доставки: Courier\n"
                "Трек-номер: пока нет\n"
                "Собрано: 23 нояб. 2026 г., 15:02–15:08 (МСК), ждёт 2 ч\n"
                "Срок отгрузки: 23 нояб. 2026 г., 18:00 (МСК)\n"
                "Товары: S5200657-28 ×2\n"
                "Вес: 1,2 кг\n\n"
                "Проверяли 23 нояб. 2026 г., 16:03–17:07 (МСК): ничего не изменилось.\n\n"
                "Проверьте, пожалуйста, получили ли вы заказ, что мешает и когда он будет зарегистрирован.\n\n"
                "Ждём вашего ответа. Спасибо!"
            ),
        ),
        (
            "en",
            (
                "Hello!\n\n"
                "At Ozon this posting still waits for you to register it, so there is no label.\n\n"
                "Ozon posting number: 41517061-0214-1\n"
                "Shop: main\n"
                "Status at Ozon: awaiting registration (awaiting_registration)\n"
                "Substatus: awaiting registration (posting_awaiting_registration)\n"
                "Delivery method: Courier\n"
                "Tracking number: none yet\n"
                "Assembled: Nov 23, 2026, 17:02–17:08 (Yekaterinburg time), waiting 2 hr\n"
                "To be shipped by: Nov 23, 2026, 20:00 (Yekaterinburg time)\n"
                "Goods: S5200657-28 ×2\n"
                "Weight: 1.2 kg\n\n"
                "Checked, Nov 23, 2026, 18:03–19:07 (Yekaterinburg time): nothing changed.\n\n"
                "Please check whether you got the order, what holds it up, and when it will be registered.\n\n"
                "We are waiting for your answer. Thank you!"
            ),
        ),
    ],
)
def test_a_letter_to_the_carrier_reads_like_this(language: str, text: str) -> None:
    written = write(CARRIER, told("registration_pending", **REGISTERING), language)
    assert written.text.replace("\u00a0", " ") == text
    assert (written.to, written.where, written.language) == ("Aurora Post", "", language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "ru",
            (
                "Здравствуйте!\n\n"
                "Спасибо за заказ 41517061-0214. Чтобы посылка прошла таможню, нужны паспортные данные получателя, "
                "а они пока не указаны.\n\n"
                "Пожалуйста, откройте заказ в приложении или на сайте Ozon и внесите их. Без них мы не сможем "
                "отправить заказ, и примерно через сутки Ozon его отменит. Ради вашей безопасности не присылайте "
                "паспортные данные в чат.\n\n"
                "Спасибо!"
            ),
        ),
        (
            "en",
            (
                "Hello!\n\n"
                "Thank you for order 41517061-0214. To clear customs the parcel needs the recipient's passport "
                "data, and they are not there yet.\n\n"
                "Please open the order in the Ozon app or on the site and enter them. Without them we cannot ship, "
                "and in about a day Ozon cancels the order. For your own safety do not send passport data in the "
                "chat.\n\n"
                "Thank you!"
            ),
        ),
    ],
)
def test_a_letter_to_the_buyer_reads_like_this(language: str, text: str) -> None:
    written = write(BUYER, told("passport_data_missing"), language)
    assert written.text == text
    assert written.where == "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1"


def test_what_the_recipient_lacks_is_named_in_words_and_never_told() -> None:
    lacking = told(
        "recipient_incomplete", evidence=(Proof("recipient", Text("gaps", {"names": ("zip_code", "phone")}), NOW),)
    )
    assert "В данных получателя не указано: индекс, телефон." in write(BUYER, lacking, "ru").text
    assert "У получателя не указано: индекс, телефон." in write(SUPPORT, lacking, "ru").text


@pytest.mark.parametrize("cause", sorted(KINDS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_whole_in_every_language(language: str, cause: str) -> None:
    for one in (told(cause), told(cause, **REGISTERING), told(cause, **_bare())):
        for kind in KINDS[cause]:
            written = write(kind, one, language)
            assert written.to
            assert written.subject
            assert len(written.text.split("\n\n")) >= 4
            text = written.subject + written.text
            assert not re.search(r"[{}]|None|\n\n\n| $", text), text


def _bare() -> dict[str, Any]:
    """A posting of which next to nothing is known."""
    empty: dict[str, Any] = dict.fromkeys(("status", "substatus", "flow", "schema"), "")
    nothing: dict[str, Any] = dict.fromkeys(("waiting_since", "deadline", "as_of", "stage"))
    return empty | nothing | {"method": DeliveryMethod(), "evidence": (), "products": (), "requirements": ()}


def test_support_is_written_to_in_russian_with_a_translation_for_the_seller() -> None:
    found = messages_of(told("label_overdue", **HANGING).alert, language="zh", zone="Asia/Shanghai", now=NOW)
    assert found == json.loads(json.dumps(found))
    assert (found["support"]["language"], found["support"]["translation"]["language"]) == ("ru", "zh")
    assert "18:00（莫斯科时间）" in found["support"]["translation"]["text"]
    russian = messages_of(told("label_overdue", **HANGING).alert, language="ru", zone="Europe/Moscow", now=NOW)
    assert russian["support"]["translation"] is None


def test_a_carrier_is_written_to_in_the_sellers_language_and_zone() -> None:
    found = messages_of(
        told("registration_pending", **REGISTERING).alert, language="zh", zone="Asia/Shanghai", now=NOW
    )
    assert list(found) == ["carrier", "support"]
    assert (found["carrier"]["language"], found["carrier"]["translation"]) == ("zh", None)
    assert "23:00（北京时间）" in found["carrier"]["text"]


@pytest.mark.parametrize("cause", sorted(set(CAUSES) - set(KINDS)))
def test_where_nobody_else_can_help_there_is_no_letter(cause: str) -> None:
    assert messages_of(told(cause).alert, language="ru", zone="UTC", now=NOW) == {}


def test_what_is_over_needs_no_letter() -> None:
    assert kinds_of(resolved(evidence=()).alert) == ()
    assert kinds_of(over(incident()).alert) == ()
    with pytest.raises(ValueError, match="no letter to buyer"):
        write(BUYER, told("label_overdue"), "ru")


def test_an_incident_is_written_about_as_one_and_names_no_other_shop() -> None:
    for kind in (CARRIER, SUPPORT):
        written = write(kind, incident(), "ru")
        assert "нет 63 из 80 этикеток" in written.subject
        assert "Без движения: 23 нояб. 2026 г., 13:08 (МСК), ждёт 4 ч" in written.text.replace("\u00a0", " ")
        assert not [shop for shop in ("main", "north", "south", "west") if shop in written.text]


def test_after_the_deadline_nothing_is_asked_for_before_it() -> None:
    late = write(SUPPORT, told("label_overdue", **HANGING | {"deadline": NOW - timedelta(hours=2)}), "ru").text
    assert "Срок отгрузки: 23 нояб. 2026 г., 15:08 (МСК), уже прошёл" in late
    assert "этикетку как можно скорее" in late


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"flow": "aggregator"}, "Без движения: 23 нояб. 2026 г., 15:02–15:08 (МСК), ждёт 2 ч"),
        (
            {"stage": Stage.PACKING, "status": "awaiting_approve"},
            "Заказ получен: 23 нояб. 2026 г., 15:02–15:08 (МСК)",
        ),
        (
            {"waiting_since": Interval(NOW - timedelta(hours=9), NOW - minutes(120))},
            "Собрано: не позднее 23 нояб. 2026 г., 15:08 (МСК), ждёт 2 ч",
        ),
        (
            {"waiting_since": Interval(NOW - minutes(120), NOW - minutes(120))},
            "Собрано: 23 нояб. 2026 г., 15:08 (МСК), ждёт 2 ч",
        ),
        ({"flow": "aggregator", "tracking_number": "LP001"}, "Трек-номер: LP001"),
        (
            {"evidence": (Proof("delivery_method.status", "BROKEN", NOW - timedelta(hours=5)),)},
            "Видно: метод доставки — с ошибкой (BROKEN), с 23 нояб. 2026 г., 12:08 (МСК)",
        ),
        (
            {"evidence": (Proof("warehouse.pause_at", "2026-11-23T09:08:00+00:00", NOW - timedelta(hours=5)),)},
            "Видно: начало паузы склада — 23 нояб. 2026 г., 12:08 (МСК)",
        ),
    ],
)
def test_a_letter_says_what_was_seen_and_when(fields: dict[str, Any], line: str) -> None:
    written = write(SUPPORT, told("label_overdue", **HANGING | fields), "ru").text
    assert line in written.replace("\u00a0", " ")


def test_what_was_watched_over_night_has_both_days() -> None:
    one = told("label_overdue", **HANGING)
    long = replace(one.alert, opened_at=NOW - timedelta(days=1))
    written = letter(SUPPORT, long, language="en", zone="UTC", now=NOW).text
    assert "Nov 22, 2026, 17:08 (Moscow time) – Nov 23, 2026, 17:07 (Moscow time): no label." in written


def test_with_ozon_a_missing_tracking_number_is_no_news() -> None:
    assert "Tracking" not in write(SUPPORT, told("label_overdue", **HANGING), "en").text


def test_a_weight_that_is_not_known_of_every_product_is_not_told() -> None:
    some = (Product("1", "a", "", 1, weight=0.5), Product("2", "b", "", 1))
    assert "Weight" not in write(CARRIER, told("registration_pending", **REGISTERING | {"products": some}), "en").text


def test_foreign_words_in_a_letter_are_harmless() -> None:
    bad = "<script>\u202e@all\nhttps://evil.example {posting} \x07"
    one = told(
        "label_refused",
        shop=bad,
        method=DeliveryMethod(name=bad, warehouse=bad, carrier=bad),
        evidence=(Proof("label_task", bad, NOW),),
        asked=(Proof("label_task", bad, NOW),),
        status=bad,
        substatus=bad,
        flow=bad,
        tracking_number=bad,
    )
    written = write(SUPPORT, one, "ru")
    text = written.subject + written.text
    assert not [c for c in text if c in "<>@\u202e\x07"]
    assert "https://evil" not in text
    assert "Ozon отказывается печатать этикетку этого отправления и пишет: «‹script›" in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "现成的消息（Ozon 客服没有接口，请自己粘贴）：labelwatch show 41517061-0214-1 --message support"),
        (
            "ru",
            "Готовый текст (API у поддержки нет, вставьте сами): labelwatch show 41517061-0214-1 --message support",
        ),
        ("en", "Ready to paste (support has no API): labelwatch show 41517061-0214-1 --message support"),
    ],
)
def test_a_message_says_how_to_get_the_letter_and_that_it_has_to_be_pasted(language: str, said: str) -> None:
    body = render([told("label_overdue", **HANGING)], destination(language), now=NOW).body
    assert said in body.splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", [ShiftNames.BUTTONS, ShiftNames.BOARD, ShiftNames.NOBODY])
@pytest.mark.parametrize("several", [False, True])
def test_no_command_stands_in_the_chat_of_a_packer(language: str, more: ShiftNames, several: bool) -> None:
    board = "https://labels.example/" if more is ShiftNames.BOARD else ""
    about = [told("label_overdue", n=n, **HANGING) for n in range(1, 30 if several else 2)]
    for limit in (SizeLimit(4000), SizeLimit(900)):
        body = render(about, destination(language), now=NOW, layout=Layout(limit=limit, board=board, more=more)).body
        assert "labelwatch show" not in body
        assert "labelwatch late" not in body
        assert "--message" not in body


def test_the_letter_is_behind_a_button_or_on_the_board_or_in_the_message_itself() -> None:
    one = told("label_overdue", **HANGING)
    letter = write(SUPPORT, one, "ru").text.splitlines()[0]
    said = render([one], destination(), now=NOW, layout=Layout(more=ShiftNames.BUTTONS)).body
    assert "Ready text: press “Details” below." in said
    said = render(
        [one], destination(), now=NOW, layout=Layout(more=ShiftNames.BOARD, board="https://labels.example/")
    ).body
    assert "Ready text to paste: https://labels.example/posting/41517061-0214-1" in said
    said = render([one], destination(), now=NOW, layout=Layout(more=ShiftNames.NOBODY)).body
    assert "Ready to paste, for Ozon support:" in said
    assert letter in said
    said = render([one], destination(), now=NOW, layout=Layout(more=ShiftNames.NOBODY, limit=SizeLimit(1200))).body
    assert letter not in said
    assert "ask whoever runs labelwatch" in said
