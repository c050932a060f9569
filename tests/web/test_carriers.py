"""The league table on the board: the same numbers as the command, in every language, with letters."""

from collections.abc import Sequence

import pytest

from labelwatch.core.league import Standing
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from tests.support.month import furnish
from tests.web.build import Board, Hands


@pytest.fixture
def board(calm_board: Board, hands: Hands) -> Board:
    furnish(calm_board.app.store, orders=120, now=hands.at)
    return calm_board


def test_the_page_has_every_line_and_letter_in_the_readers_language(board: Board) -> None:
    for language in LANGUAGES:
        text, said = board.text(f"/carriers?lang={language}"), catalog(language).league
        for line in board.app.queries.league(28).lines:
            assert (line.method or said["all_methods"]) in text, language
        assert all(said[key] in text for key in ("orders", "late_waiting", "trend", "letter_hello")), language


def test_the_period_and_the_shop_are_chosen(board: Board) -> None:
    whole, week = board.app.queries.league(90), board.app.queries.league(7, shops=["north"])
    assert f"Aurora Post all methods {_orders(whole.lines)} " in board.text("/carriers?days=90&lang=en")
    assert f"Aurora Post all methods {_orders(week.lines)} " in board.text("/carriers?days=7&shop=north&lang=en")
    assert board.client.get("/carriers?shop=none").status_code == 404
    assert "Carriers, last 28 days" in board.text("/carriers?days=nonsense&lang=en")


def _orders(lines: Sequence[Standing]) -> int:
    return next(line.orders for line in lines if (line.carrier, line.method) == ("Aurora Post", ""))


def test_without_an_order_it_says_so_and_that_nobody_watched(calm_board: Board) -> None:
    text = calm_board.text("/carriers?lang=en")
    assert "No new order was seen in the last 28 days." in text
    assert "The last 28 days were not watched at all." in text
