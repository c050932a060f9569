"""The error index and charges as people read them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from labelwatch.core.error_index import Charge, Charged, ErrorIndex, Zone, ZoneAhead
from labelwatch.core.policy import Destination
from labelwatch.core.settings import SettingChange, ShopSettings
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.index_text import course, lines, rows
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.settings_text import Audited, message
from labelwatch.messages.time_format import RenderContext
from tests.support.poll_world import channel

NOW = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)
CHARGE = Charge("41-0001-1", "SELLER_DELAY", NOW, Decimal(90), "RUB", 3.0)
CHARGED = Charged(
    *("main", CHARGE, "label_overdue", "Aurora Post"),
    told_at=NOW.replace(hour=12, minute=4),
    taken_at=NOW.replace(hour=12, minute=10),
    labelled_at=NOW.replace(hour=17, minute=40),
    deadline=NOW.replace(hour=15),
    is_known=True,
)
UNTOLD = replace(CHARGED, told_at=None, taken_at=None, labelled_at=None)
INDEX = ErrorIndex(4.62, (), date(2026, 11, 15), date(2026, 11, 28), Decimal(180), "RUB")
SETTINGS = ShopSettings(index=INDEX, zone_ahead=ZoneAhead(Zone.YELLOW, date(2026, 11, 30), date(2026, 11, 27)))
CHANGES = {
    "title_index": SettingChange("index_zone", "", "", "green", "blue"),
    "title_api": SettingChange("api_retires", "/v1/roles", "/v1/roles", "", "2027-02-01"),
    "title": SettingChange("role_removed", "Warehouse", "Warehouse"),
}


def context(language: str = "en") -> RenderContext:
    return RenderContext(catalog(language), ZoneInfo("UTC"), NOW)


def test_a_charge_is_put_beside_what_was_told_and_done() -> None:
    assert course(context(), CHARGED) == "told 12:04 · taken 12:10 · label 17:40 · cutoff 15:00"
    assert course(context(), replace(CHARGED, taken_at=None)).startswith("told 12:04 · nobody took it · label")
    assert course(context(), UNTOLD) == "not told · no label seen · cutoff 15:00"
    later = replace(CHARGED, labelled_at=NOW + timedelta(days=1), deadline=NOW + timedelta(days=1, hours=2))
    assert course(context(), later) == "told 12:04 · taken 12:10 · label tomorrow 18:00 · cutoff 20:00"
    assert course(context(), replace(CHARGED, is_known=False)) == "not watched here"


def test_the_index_is_said_with_its_zone_its_cost_and_where_it_is_heading() -> None:
    assert list(lines(context(), SETTINGS, [CHARGED, UNTOLD])) == [
        "Error index 4.62: blue (4 to 10) zone",
        "Charged for errors, Nov 15 – 28, 2026: 180\u00a0₽",
        "If it goes on as in the last days, it reaches the yellow (10 to 20) zone on Nov 30",
        "What moved it in the last 30 days: delay: 2",
        "Of these, as labelwatch saw it: label overdue: 2",
    ]
    assert list(lines(context(), ShopSettings())) == []
    assert len(list(lines(context(), ShopSettings(index_refused=True)))) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_all_of_it(language: str) -> None:
    speaker = context(language)
    odd = replace(CHARGED, charge=replace(CHARGE, kind="SELLER_RETURN", is_spared=True))
    told = [*lines(speaker, replace(SETTINGS, index_refused=True), [CHARGED, odd])]
    told += [text for row in rows(speaker, [CHARGED, UNTOLD, odd]) for text in row]
    assert not [text for text in told if "{" in text]
    assert "SELLER_RETURN" in told[-2]


@pytest.mark.parametrize("title", CHANGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_title_of_an_audit_says_what_it_is_about(language: str, title: str) -> None:
    to: Destination = replace(channel("packers"), language=language)
    ahead = SettingChange("index_ahead", "2026-12-03", "", "green", "blue")
    changes = (CHANGES[title], *([ahead, SettingChange("index_refused", "", "")] if title == "title_index" else []))
    made = message([Audited("main", changes)], to, now=NOW, limit=SizeLimit(4000))
    assert catalog(language).setting[title].format(shop="main") in made.title
    assert "{" not in made.title + made.body
