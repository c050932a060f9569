"""The words of a cause carry the data of that posting; those of a group carry what holds for all of it."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from labelwatch.core.alert import Proof, Severity, Verdict
from labelwatch.core.rules.base import Excluded, excluded, is_so
from labelwatch.core.text import Text
from labelwatch.messages.catalog import catalog
from labelwatch.messages.evidence_text import because
from labelwatch.messages.render import render
from labelwatch.messages.time_format import RenderContext
from tests.support.alert_builders import CHINA_POST, NOW, destination, late_of, told

SINCE = NOW - timedelta(hours=5)
OTHERS = ("RETS PUDO", "CEL")


def over(value: str, limit: str, unit: str) -> Text:
    return Text("over", {"value": value, "limit": limit, "unit": unit})


def body(cause: str, language: str = "en", **fields: Any) -> str:
    return render([told(cause, **fields)], destination(language), now=NOW).body


@pytest.mark.parametrize(
    ("cause", "proof", "said"),
    [
        (
            "method_broken",
            Proof("delivery_method.status", "BROKEN", SINCE),
            ("配送方式“Courier”在 Ozon 里显示异常", "Метод доставки «Courier» с ошибкой", "“Courier” has an error"),
        ),
        (
            "method_disabled",
            Proof("delivery_method.status", "DISABLED", SINCE),
            ("现在是：未激活（DISABLED）", "«Courier»: неактивный (DISABLED)", "“Courier”: inactive (DISABLED)"),
        ),
        (
            "method_disabled",
            Proof("delivery_method.status", "not listed"),
            ("已不在设置里", "в настройках его больше нет", "no longer in the settings"),
        ),
        (
            "warehouse_paused",
            Proof("warehouse.pause_at", "2026-11-23T09:08:00+00:00", SINCE),
            ("从 17:08（北京时间）起暂停", "на паузе с 12:08 (МСК)", "paused since 14:08 (Yekaterinburg time)"),
        ),
        (
            "warehouse_paused",
            Proof("warehouse.status", "blocked"),
            ("现在是：被封（blocked）", "заблокирован (blocked)", "blocked (blocked)"),
        ),
        (
            "over_dropoff_limits",
            Proof("size", over("10 x 10 x 60", "30 x 40 x 50", "cm")),
            (
                "尺寸 10 × 10 × 60 厘米，上限 30 × 40 × 50 厘米",
                "размер — 10 × 10 × 60 см при пределе 30 × 40 × 50 см",
                "size 10 × 10 × 60 cm, limit 30 × 40 × 50 cm",
            ),
        ),
        (
            "over_dropoff_limits",
            Proof("price", over("200", "150", "RUB")),
            ("价格 200 ₽，上限 150 ₽", "цена — 200 ₽ при пределе 150 ₽", "price 200 ₽, limit 150 ₽"),
        ),
        (
            "recipient_incomplete",
            Proof("recipient", Text("gaps", {"names": ("zip_code", "phone")})),
            (
                "收件信息缺邮编、电话",
                "У получателя не указано: индекс, телефон.",
                "The recipient lacks: postcode, phone.",
            ),
        ),
        (
            "label_refused",
            Proof("label_task", "Печать временно остановлена"),
            (
                "原话：“Печать временно остановлена”（俄语）。",
                "пишет: «Печать временно остановлена»",
                "says: “Печать временно остановлена”",
            ),
        ),
        (
            "label_refused",
            Proof("label_task", "Этикетка формируется."),
            (
                "“Этикетка формируется.”（意思：面单正在生成）。",
                "пишет: «Этикетка формируется.».",
                "“Этикетка формируется.” (the label is being made).",
            ),
        ),
        (
            "label_overdue",
            Proof("label_task", "Стикер ещё формируется"),
            ("回复：“Стикер ещё", "отвечает: «Стикер ещё", "Ozon says: “Стикер ещё"),
        ),
        (
            "carrier_incident",
            Proof("incident", late_of(CHINA_POST, 63, 80), SINCE),
            (
                "China Post 80 单里 63 单没面单",
                "China Post — нет 63 из 80 этикеток",
                "China Post 63 of 80 labels late",
            ),
        ),
        (
            "registration_pending",
            Proof("provider_status", "in queue"),
            ("物流商状态 in queue", "статус у службы доставки — in queue", "carrier's status in queue"),
        ),
    ],
)
def test_what_was_found_out_is_told_in_words(cause: str, proof: Proof, said: tuple[str, str, str]) -> None:
    for language, words in zip(("zh", "ru", "en"), said, strict=True):
        assert words in body(cause, language, evidence=(proof,))


def test_a_state_of_the_label_task_is_no_quotation() -> None:
    assert "Ozon says:" not in body("label_overdue", evidence=(Proof("label_task", "missing", NOW),))


@pytest.mark.parametrize(
    "cause", ["no_label_in_this_flow", "method_broken", "method_disabled", "method_never_labelled"]
)
def test_other_methods_are_offered_for_new_orders_and_this_one_stays_as_it_is(cause: str) -> None:
    for language, fixed in (("zh", "改不了"), ("ru", "не сменить"), ("en", "cannot be changed")):
        offered, none = (
            body(cause, language, alternatives=names, severity=Severity.WARNING) for names in (OTHERS, ())
        )
        assert "RETS PUDO" in offered
        assert "RETS PUDO" not in none
        assert fixed in none


@pytest.mark.parametrize(
    ("cause", "waits"),
    [
        ("marking_missing", "Wait: codes being checked by Ozon"),
        ("customs_number_missing", "Wait: number being checked by Ozon"),
        ("country_missing", "Wait: country being checked by Ozon"),
        ("other_requirement", "Wait: data being checked by Ozon"),
    ],
)
def test_what_ozon_is_checking_is_not_asked_for_again(cause: str, waits: str) -> None:
    checked: dict[str, Any] = {
        "verdict": Verdict.WAIT,
        "severity": Severity.WARNING,
        "evidence": (Proof("exemplars", "validation_in_process"),),
    }
    message = render([told(cause, **checked)], destination(), now=NOW)
    assert message.title.startswith(f"⚠️ {waits} · ")
    assert "S5200657-28." not in message.body
    both = render([told(cause, n=n, **checked) for n in (1, 2)], destination(), now=NOW)
    assert both.title.startswith(f"⚠️ {waits} · 2 postings")


def test_above_a_group_stands_nothing_of_one_posting_alone() -> None:
    refused = [told("label_refused", n=n, evidence=(Proof("label_task", f"Storno {n}"),)) for n in (1, 2)]
    assert "Storno" not in render(refused, destination(), now=NOW).body
    lacking = [told("other_requirement", n=n) for n in (1, 2)]
    assert "customs number missing" not in render(lacking, destination(), now=NOW).body


@pytest.mark.parametrize(
    ("language", "one", "said"),
    [
        ("zh", is_so("recipient_gaps", ""), "收件信息 齐全"),
        ("ru", is_so("recipient_gaps", ""), "данные получателя — указаны"),
        ("en", is_so("recipient_gaps", ""), "recipient's data complete"),
        ("zh", is_so("is_multibox", ""), "分箱发货 否"),
        ("zh", is_so("substatus", ""), "子状态 空"),
        ("en", is_so("status", "awaiting_deliver"), "status awaiting shipping (awaiting_deliver)"),
        ("en", excluded("action_absent", raw="set_cutoff"), "actions without set_cutoff"),
        ("en", excluded("no_incident"), "wider problem none"),
        ("en", excluded("rule_kept"), "restrictions are kept"),
    ],
)
def test_what_rules_a_cause_out_is_said_in_words(language: str, one: Excluded, said: str) -> None:
    assert because(RenderContext(catalog(language), ZoneInfo("UTC"), NOW), one.because) == said
