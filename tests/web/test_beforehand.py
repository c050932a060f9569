"""The pages of what is known before anything is late: what new orders need, and the settings of each shop."""

import pytest

from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
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
