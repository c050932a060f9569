"""What waiting costs next, as Ozon counts it and as the reader writes money."""

from dataclasses import replace

import pytest

from labelwatch.core.posting import TariffStep
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, minutes, told

STEP = TariffStep(NOW + minutes(36), 1, "commission", "50", "RUB")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh", "22:44（北京时间）之后发货，加收 50 ₽（1%）。"),
        ("ru", "После 17:44 (МСК) отгрузка дороже на 50 ₽ (1 %)."),
        ("en", "After 19:44 (Yekaterinburg time) shipping costs 50 ₽ (1%) more."),
    ],
)
def test_the_next_step_of_the_tariff_stands_below_the_deadline(language: str, line: str) -> None:
    body = render([told(next_tariff=STEP)], destination(language), now=NOW).body
    assert body.split("\n\n")[0].splitlines()[-1].replace("\u00a0", " ") == line


@pytest.mark.parametrize(
    ("language", "days", "beginning"),
    [
        ("zh", 1, "明天 22:44（北京时间）之后发货，"),
        ("ru", 1, "Завтра после 17:44 (МСК) отгрузка дороже"),
        ("en", 1, "Tomorrow after 19:44 (Yekaterinburg time) shipping costs"),
        ("zh", 3, "11 月 26 日 22:44（北京时间）之后发货，"),
        ("ru", 3, "26 нояб. после 17:44 (МСК) отгрузка дороже"),
        ("en", 3, "After 19:44 (Yekaterinburg time) on Nov 26 shipping costs"),
    ],
)
def test_a_later_day_is_named(language: str, days: int, beginning: str) -> None:
    step = replace(STEP, until=NOW + minutes(36 + days * 24 * 60))
    body = render([told(next_tariff=step)], destination(language), now=NOW).body
    assert body.split("\n\n")[0].splitlines()[-1].startswith(beginning)


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (replace(STEP, rate=2.5, charge="1150.50"), "shipping costs 1,150.50 ₽ (2.5%) more."),
        (replace(STEP, rate=0, charge="12", currency="CNY"), "shipping costs 12 ¥ more."),
        (replace(STEP, charge="", rate=3), "shipping costs 3% more."),
        (replace(STEP, kind="discount", charge="6.00", rate=2), "the shipping discount is only 6 ₽ (2%)."),
        (replace(STEP, kind="no_discount", charge="0", rate=0), "there is no shipping discount."),
        (replace(STEP, kind="discount", charge="0", rate=0), "there is no shipping discount."),
        (replace(STEP, kind="surge", charge="7", currency="KZT"), "the rate becomes 7 KZT (1%)."),
        (replace(STEP, charge="nan", rate=0), ""),
        (replace(STEP, charge="1e999", rate=0), ""),
        (replace(STEP, rate=0, currency=""), "shipping costs 50 more."),
        (replace(STEP, rate=0, currency="<b>"), "shipping costs 50 ‹b› more."),
        (replace(STEP, until=None), ""),
        (None, ""),
    ],
)
def test_money_is_told_as_ozon_counts_it(step: TariffStep | None, line: str) -> None:
    body = render([told(next_tariff=step)], destination(), now=NOW).body
    last = body.split("\n\n")[0].splitlines()[-1].replace("\u00a0", " ")
    assert last.endswith(line) if line else last.startswith("Due")
