"""The pages of what is known before anything is late: what new orders need, and the settings of each shop."""

from datetime import timedelta
from decimal import Decimal

import pytest

from labelwatch.core.error_index import Charge, ErrorIndex
from labelwatch.core.settings import ShopSettings
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from tests.support.alert_builders import NOW
from tests.web.build import Board, furnish_beforehand


@pytest.mark.parametrize("language", LANGUAGES)
def test_new_orders_are_listed_with_what_they_need_and_what_recurs(calm_board: Board, language: str) -> None:
    furnish_beforehand(calm_board.app.store)
    text = calm_board.text(f"/needs?lang={language}")
    assert [number in text for number in ("41517070-0000-1", "41517070-0001-1", "41517070-0002-1")] == [
        True,
        True,
        False,
    ]
    assert catalog(language).cause["customs_number_missing"].name in text
    assert "SKU 1001" in text
    assert "4" in text.partition("SKU 1001")[2]


def test_the_list_of_late_labels_leads_there(calm_board: Board) -> None:
    assert "/needs" not in calm_board.page("/?lang=en").partition("<main")[2]
    assert "No new order needs anything before packing" in calm_board.text("/needs?lang=en")
    furnish_beforehand(calm_board.app.store)
    assert "2 orders need something before packing" in calm_board.text("/?lang=en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_are_shown_with_their_changes(calm_board: Board, language: str) -> None:
    furnish_beforehand(calm_board.app.store)
    text = calm_board.text(f"/settings?lang={language}")
    assert all(part in text for part in ("Aurora Economy", "BROKEN", "Bao", "Posting FBS", "main", "north"))
    assert catalog(language).setting_value["FRIDAY"] in text


def test_one_shop_is_chosen_and_an_unknown_one_is_not_found(calm_board: Board) -> None:
    furnish_beforehand(calm_board.app.store)
    text = calm_board.text("/settings?shop=north&lang=en")
    assert "Not read yet" in text
    assert "Aurora Economy" not in text
    assert calm_board.client.get("/settings?shop=none").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_error_index_is_shown_with_the_orders_that_moved_it(calm_board: Board, language: str) -> None:
    (shop,) = (state.id for state in calm_board.app.store.shops.all() if state.name == "main")
    charge = Charge("41517070-0000-1", "SELLER_DELAY", NOW - timedelta(days=2), Decimal(90), "RUB")
    with calm_board.app.store.write() as tx:
        tx.settings.add(shop, ShopSettings(index=ErrorIndex(4.6)), (), reminded_at=None, at=NOW)
        tx.charges.put(shop, [charge], since=NOW - timedelta(days=30))
    text, said = calm_board.text(f"/settings?shop=main&lang={language}"), catalog(language).index
    assert said["blue"] in text
    assert f"41517070-0000-1 · {said['SELLER_DELAY']} · 90" in text
    assert said["unknown"] in text
