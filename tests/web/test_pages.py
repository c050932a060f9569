"""The frame of every page: languages, the age of the data, and what is said when something is wrong."""

import pytest

from tests.web.build import Board


@pytest.mark.parametrize(
    ("asked", "header", "answered"),
    [
        ("", "", "en"),
        ("", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "de, zh-CN;q=0.5, en;q=0.3", "zh"),
        ("", "de", "en"),
        ("?lang=zh", "ru", "zh"),
        ("?lang=xx", "ru", "ru"),
    ],
)
def test_a_page_speaks_as_it_is_asked(board: Board, asked: str, header: str, answered: str) -> None:
    page = board.page(f"/{asked}", headers={"accept-language": header})
    assert f'<html lang="{answered}">' in page


def test_a_language_once_chosen_stays(board: Board) -> None:
    board.page("/?lang=zh")
    assert '<html lang="zh">' in board.page("/", headers={"accept-language": "ru"})


def test_every_page_tells_how_old_its_data_are(board: Board) -> None:
    page = board.page("/")
    assert "As of 17:08 (Moscow time)" in page
    assert "main: 1 min ago" in page
    assert "north" in page


def test_an_address_that_leads_nowhere_says_so(board: Board) -> None:
    answer = board.client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


def test_static_files_may_be_kept_because_their_address_changes_with_them(board: Board) -> None:
    page = board.page("/")
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert board.client.get(address).status_code == 200
    assert "?v=" in address
