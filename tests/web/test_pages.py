"""The frame of every page: languages, the age of the data, and what is said when something is wrong."""

import sqlite3

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from labelwatch.web.application import create
from tests.web.asking import enter
from tests.web.build import ADDRESS, LATE, WEB, Board


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


@pytest.mark.parametrize("path", ["/", "/shops", "/channels", "/incidents", "/causes", f"/posting/{LATE}"])
def test_a_database_that_cannot_be_read_is_said_to_be_so(board: Board, path: str) -> None:
    with sqlite3.connect(board.app.store.name) as other:
        for table in ("alert", "shop"):
            other.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    answer = board.client.get(path)
    assert answer.status_code == 503
    assert "The database cannot be read" in answer.text
    assert "labelwatch doctor" in answer.text


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("//evil.example/x", "/?lang=zh"),
        ("/posting/a%3Fb%23c%25d%00", "/posting/a%3Fb%23c%25d%00?lang=zh"),
        ("/posting/41-1?shop=main", "/posting/41-1?shop=main&amp;lang=zh"),
    ],
)
def test_the_languages_of_a_page_stay_on_that_page(board: Board, path: str, link: str) -> None:
    answer = board.client.get(f"{ADDRESS}{path}")
    assert answer.status_code == 404
    assert f'href="{link}"' in answer.text
    assert "\0" not in answer.text


def test_a_fault_of_ours_is_said_to_be_one_and_shows_nothing_of_itself(board: Board) -> None:
    def fail(request: Request) -> Response:
        raise ZeroDivisionError("secret")

    faulty = create(board.app, WEB)
    faulty.router.routes.insert(0, Route("/faulty", fail))
    client = enter(type(board.client)(faulty, ADDRESS, raise_server_exceptions=False), board.app)
    answer = client.get("/faulty")
    assert answer.status_code == 500
    assert answer.headers["cache-control"] == "no-store"
    assert "Something went wrong on the board" in answer.text
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_static_files_may_be_kept_because_their_address_changes_with_them(board: Board) -> None:
    page = board.page("/")
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert board.client.get(address).status_code == 200
    assert "?v=" in address
