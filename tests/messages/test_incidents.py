"""An incident is told once for all it explains: wait, how many, since when, by when, and what is not certain."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from labelwatch.core import outages
from labelwatch.core.alert import Certainty, Reason, Severity
from labelwatch.core.diagnosis import ended
from labelwatch.core.subject import Incident, IncidentId, Scope
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.alert_json import view
from labelwatch.messages.message import Kind
from labelwatch.messages.render import render
from tests.support.alert_builders import CHINA_POST, NOW, destination, incident, minutes, outage, over, resolved, told


@pytest.mark.parametrize(
    ("language", "title", "first"),
    [
        (
            "zh",
            "⚠️ 别逐单处理：China Post 卡住了 · 80 单里 63 单没面单 · 最急还剩 52 分钟 · 4 家店",
            (
                "China Post：80 单里 63 单没面单，18:08（北京时间）起一直没动，涉及 4 家店。"
                "恢复后面单会自己出来，别逐单催、逐单改。\n最近的截单：23:00（北京时间），还剩 52 分钟。"
            ),
        ),
        (
            "ru",
            "⚠️ China Post: сбой у всех, ждите · нет 63 из 80 этикеток · ближайший срок через 52 мин · в 4 магазинах",
            (
                "China Post: нет 63 из 80 этикеток, всё стоит с 13:08 (МСК), в 4 магазинах. "
                "Не разбирайте их по одному: сбой пройдёт, и этикетки появятся сами.\n"
                "Ближайший срок: 18:00 (МСК), осталось 52 мин."
            ),
        ),
        (
            "en",
            "⚠️ Wait: China Post is stuck for all · 63 of 80 labels late · first due in 52 min · in 4 shops",
            (
                "China Post: 63 of 80 labels late, nothing has moved since 15:08 (Yekaterinburg time), in 4 shops. "
                "Do not fix them one by one: the labels come by themselves when it is over.\n"
                "First due 20:00 (Yekaterinburg time), 52 min left."
            ),
        ),
    ],
)
def test_an_incident_reads_like_this(language: str, title: str, first: str) -> None:
    message = render([incident()], destination(language), now=NOW)
    assert (message.title, message.body.split("\n\n")[0], message.kind) == (title, first, Kind.WARNING)
    assert "main" in message.body
    assert "west" in message.body
    assert "https://seller.ozon.ru/app/messenger?group=support_v2" in message.body


@pytest.mark.parametrize(
    ("language", "title", "first"),
    [
        (
            "zh",
            "✅ China Post 恢复了，面单在出 · 4 家店",
            "从 18:08 到 22:08（北京时间），持续了 4 小时。\n去后台打印面单吧；还没出的，会一单一单通知您。",
        ),
        (
            "ru",
            "✅ China Post: этикетки снова идут · в 4 магазинах",
            (
                "Сбой длился 4 ч: с 13:08 до 17:08 (МСК).\n"
                "Печатайте этикетки. О тех, которых всё ещё нет, сообщим по отдельности."
            ),
        ),
        (
            "en",
            "✅ China Post: labels come again · in 4 shops",
            (
                "It lasted 4 hr, from 15:08 to 19:08 (Yekaterinburg time).\n"
                "Print the labels now. You are told one by one of any that are still missing."
            ),
        ),
    ],
)
def test_its_end_says_how_long_it_lasted(language: str, title: str, first: str) -> None:
    message = render([over(incident())], destination(language), now=NOW)
    assert (message.title, message.body.split("\n\n")[0], message.kind) == (title, first, Kind.SUCCESS)


NOTHING_TO_COMPARE: dict[str, Any] = {"certainty": Certainty.UNKNOWN, "shops": ("main",)}


@pytest.mark.parametrize(
    ("cause", "fields", "said"),
    [
        ("carrier_incident", NOTHING_TO_COMPARE, "it may also be the shop or Ozon itself"),
        ("carrier_incident", {"certainty": Certainty.UNKNOWN}, "no other carrier to compare with"),
        ("platform_incident", NOTHING_TO_COMPARE, "Ozon and the shop cannot be told apart"),
    ],
)
def test_what_cannot_be_told_apart_is_said(cause: str, fields: dict[str, Any], said: str) -> None:
    assert said in render([incident(cause, **fields)], destination(), now=NOW).body


@pytest.mark.parametrize("cause", ["carrier_incident", "platform_incident", "shop_incident"])
def test_what_is_clear_is_told_without_a_doubt(cause: str) -> None:
    body = render([incident(cause)], destination(), now=NOW).body
    assert "it may also" not in body
    assert "told apart" not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_incident_without_numbers_or_times_is_told_as_far_as_it_is_known(language: str) -> None:
    bare = incident(waiting_since=None, deadline=None, late=0, total=0, shops=(), evidence=())
    for one in (bare, over(bare)):
        message = render([one], destination(language), now=NOW)
        assert "{" not in message.title + message.body
        assert "None" not in message.title + message.body
        assert "China Post" in message.title


def test_past_the_first_deadline_it_says_so() -> None:
    message = render([incident(deadline=NOW - minutes(31))], destination("ru"), now=NOW)
    assert "просрочено до 31 мин" in message.title
    assert "Первый срок был: 16:37 (МСК), просрочено на 31 мин." in message.body


def test_in_a_bundle_incidents_come_first_and_each_stands_for_itself() -> None:
    other = incident(id=IncidentId(Scope.CARRIER, "ZTO"), carriers=("ZTO",), deadline=NOW + minutes(30))
    soon = told("not_packed", n=1, deadline=NOW + minutes(5))
    message = render([soon, told("ozon_down"), incident(deadline=None), other, resolved(n=3)], destination(), now=NOW)
    heads = [part.splitlines()[0] for part in message.body.split("\n\n")[:-1]]
    assert heads == [
        "Wait: ZTO is stuck for all · 63 of 80 labels late",
        "Wait: China Post is stuck for all · 63 of 80 labels late",
        "Wait: Ozon does not answer · 1 shop",
        "Assemble it now · 1 posting",
        "✅ Resolved · 1 posting",
    ]
    assert message.title == ("‼️ Wait: ZTO is stuck for all · 63 of 80 labels late · first due in 5 min · and 4 more")


def test_a_posting_that_an_incident_explains_stands_below_it() -> None:
    explained = told("carrier_incident", explained_by=CHINA_POST, severity=Severity.CRITICAL, n=2)
    message = render([explained, incident()], destination(), now=NOW)
    assert message.body.count("China Post: 63 of 80 labels late") == 1
    assert [line for line in message.body.splitlines() if line.startswith("•")] == [
        "• in 4 shops · first due in 52 min",
        "• 41517061-0215-1 · due in 52 min · main",
    ]


def test_a_channel_of_one_shop_hears_the_numbers_of_that_shop_only() -> None:
    message = render([incident()], destination(shops=frozenset({"north"})), now=NOW)
    assert message.title == (
        "⚠️ Wait: China Post is stuck for all · 13 of 20 labels late · first due in 2 hr 50 min · shop north"
    )
    assert "south" not in message.body
    seen = view(incident().alert, language="en", now=NOW, shops={"north"})
    assert (seen["shops"], seen["late"], seen["total"]) == (["north"], 13, 20)
    assert seen["evidence"]["carrier:China Post"] == "13 of 20 late"


def test_of_an_incident_stored_without_its_parts_a_channel_of_one_shop_hears_no_number() -> None:
    message = render([incident(parts=())], destination(shops=frozenset({"north"})), now=NOW)
    assert message.title == "⚠️ Wait: China Post is stuck for all · shop north"
    assert not {"63", "80", "52"} & set(re.findall(r"\d+", message.title + message.body.partition("http")[0]))


@pytest.mark.parametrize(
    ("language", "title", "why"),
    [
        (
            "en",
            "⚠️ Wait: Ozon does not answer · 200 of 200 shops",
            "Ozon has not answered properly since 19:02 (Yekaterinburg time): 200 of 200 shops.",
        ),
        (
            "ru",
            "⚠️ Подождите: Ozon не отвечает · 200 из 200 магазинов",
            "Ozon не отвечает как положено с 17:02 (МСК): 200 из 200 магазинов.",
        ),
        (
            "zh",
            "⚠️ 先等等，Ozon 连不上 · 200 家店里 200 家",
            "22:02（北京时间）起 Ozon 没有正常应答，200 家店里 200 家连不上。",
        ),
    ],
)
def test_shops_that_cannot_be_read_are_one_message_with_their_number(language: str, title: str, why: str) -> None:
    message = render([outage()], destination(language), now=NOW)
    assert message.title == title
    assert why in message.body
    assert len(message.body) < 1000


@pytest.mark.parametrize(
    ("language", "title", "over_title"),
    [
        (
            "en",
            "⚠️ Wait: Ozon does not answer · still 2 of 200 shops, the others are read again",
            "✅ Ozon answers again · in 200 shops",
        ),
        (
            "ru",
            "⚠️ Подождите: Ozon не отвечает · ещё 2 из 200 магазинов, остальные снова видны",
            "✅ Ozon снова отвечает · в 200 магазинах",
        ),
        (
            "zh",
            "⚠️ 先等等，Ozon 连不上 · 200 家店里还有 2 家，其余已恢复",
            "✅ Ozon 恢复了 · 200 家店",
        ),
    ],
)
def test_shops_that_are_read_again_are_told_as_recovered(language: str, title: str, over_title: str) -> None:
    before = outage().alert.diagnosis
    assert before.incident
    left = outages.outage(_unread(before.incident)[:2], before.incident.watched, before.incident, NOW)
    one = outage()
    shrunk = replace(one, alert=replace(one.alert, diagnosis=left))
    assert render([shrunk], destination(language), now=NOW).title == title
    gone = replace(one, alert=replace(one.alert, diagnosis=ended(before, NOW)))
    assert render([over(gone)], destination(language), now=NOW).title == over_title


def _unread(about: Incident) -> list[outages.ShopReading]:
    return [
        outages.ShopReading(part.shop, minutes(2), None, part.since, "ozon_down", "HTTP 502") for part in about.parts
    ]


def test_an_outage_beside_other_news_says_how_many_shops() -> None:
    message = render([outage(), told(n=1), told(n=2)], destination(), now=NOW)
    assert "Wait: Ozon does not answer · 200 of 200 shops" in message.title + message.body
    assert "• 200 of 200 shops" in message.body


def test_a_channel_of_some_shops_hears_of_their_outage_only() -> None:
    mine = frozenset({"shop-000", "shop-001", "shop-199"})
    message = render([outage("shop-000", "shop-001", "shop-002", "shop-003")], destination(shops=mine), now=NOW)
    assert message.title == "⚠️ Wait: Ozon does not answer · 2 of 3 shops"
    assert "Shops: shop-000, shop-001\n" in message.body + "\n"


def test_the_carrier_of_an_incident_cannot_do_mischief() -> None:
    bad = "<b>@all</b>\u202e https://evil.example\n"
    one = incident(id=IncidentId(Scope.CARRIER, bad), carriers=(bad,), shops=(bad, bad + "2"))
    for told_of in (one, over(one)):
        message = render([told_of], destination(), now=NOW)
        text = message.title + message.body
        assert not [c for c in text if c in "<>@\u202e"]
        assert "https://evil" not in text
        assert "\n" not in message.title


def test_the_view_of_an_incident_has_its_size_and_that_of_a_posting_its_key() -> None:
    seen = view(incident().alert, language="en", now=NOW, reason=Reason.FIRST)
    assert {key: seen[key] for key in ("shop", "posting_number", "incident", "late", "total", "shops", "cause")} == {
        "shop": None,
        "posting_number": None,
        "incident": "carrier:China Post",
        "late": 63,
        "total": 80,
        "shops": ["main", "north", "south", "west"],
        "cause": "carrier_incident",
    }
    explained = view(told("carrier_incident", explained_by=CHINA_POST).alert, language="en", now=NOW)
    assert explained["incident"] == "carrier:China Post"
    assert "late" not in explained
    assert seen["waiting_since"] == ["2026-11-23T10:08:00Z"] * 2


def test_a_thousand_characters_of_shops_are_counted() -> None:
    many = tuple(f"shop-{n:04}" for n in range(2000))
    message = render([incident(shops=many)], destination("ru"), now=NOW)
    assert "в 2000 магазинах" in message.title
    assert "и ещё 1990" in message.body
    assert len(message.body) < 2000


def test_how_long_it_lasted_counts_from_the_first_label_that_stood_still() -> None:
    one = incident(waiting_since=None)
    assert "It lasted 3 hr." in render([over(one)], destination(), now=NOW).body
    assert "It lasted 4 hr," in render([over(incident())], destination(), now=NOW + timedelta(hours=9)).body
