"""The report on the board: the same as the message, for a week or a day, all shops or one."""

from contextlib import closing
from datetime import timedelta
from threading import Event

import pytest

from labelwatch.app import App
from labelwatch.config import Group
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from tests.support.month import furnish
from tests.web.asking import browser, enter
from tests.web.build import WEB, Board, Hands, clock, config


@pytest.fixture
def board(calm_board: Board, hands: Hands) -> Board:
    furnish(calm_board.app.store, orders=120, now=hands.at, polled=timedelta(minutes=5))
    return calm_board


def test_the_page_begins_with_the_one_thing_to_change(board: Board) -> None:
    for language in LANGUAGES:
        text, said = board.text(f"/reports?lang={language}"), catalog(language).report
        first = text.index(said["first"])
        assert first < text.index(said["by_shop"]), language
        assert "main" in text, language


def test_the_period_and_the_shop_are_chosen(board: Board) -> None:
    day, shop = board.text("/reports?period=day&lang=en"), board.text("/reports?shop=north&lang=en")
    assert day != board.text("/reports?lang=en")
    assert "north, " in shop
    assert "By shop" not in shop
    assert board.client.get("/reports?shop=none").status_code == 404


def test_a_group_is_chosen_by_name(app: App, hands: Hands) -> None:
    group = Group(name="client-a", shops=("north",), channels=("packers",))
    with closing(App(config(groups=(group,)), app.store, clock=clock(hands), stop=Event())) as grouped:
        furnish(app.store, orders=20, now=hands.at, polled=timedelta(minutes=5))
        board = Board(grouped, enter(browser(grouped, WEB), grouped))
        text = board.text("/reports?group=client-a&lang=en")
        assert "client-a, " in text
        assert "main" not in text.partition("Change first")[2]
        assert board.client.get("/reports?group=none").status_code == 404


def test_without_a_poll_it_says_that_nobody_watched(calm_board: Board) -> None:
    text = calm_board.text("/reports?lang=en")
    assert "Nobody watched in this time, so nothing is known of it." in text
