"""The pack for a dispute from the board: a file of the posting's page, as the command writes it."""

import io
from zipfile import ZipFile

import pytest

from labelwatch.i18n import LANGUAGES
from labelwatch.messages.dispute import as_html
from tests.web.build import LATE, Board


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_posting_page_leads_to_both_files(board: Board, language: str) -> None:
    page = board.page(f"/posting/{LATE}?lang={language}")
    for query in ("?shop=main", "?shop=main&amp;zip=1"):
        assert f'href="/dispute/{LATE}{query}"' in page
    answer = board.client.get(f"/dispute/{LATE}?shop=main")
    (pack,) = board.app.queries.dispute_packs(LATE)
    assert answer.text == as_html(pack, language=language, zone="Europe/Moscow")
    assert answer.headers["content-disposition"] == f'attachment; filename="dispute-{LATE}.html"'


def test_the_zip_holds_all_parts(board: Board) -> None:
    answer = board.client.get(f"/dispute/{LATE}?zip=1")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert [name.rpartition(".")[2] for name in archive.namelist()] == ["html", "json", "csv", "SHA256SUMS"]


def test_an_unknown_posting_is_not_found(board: Board) -> None:
    assert board.client.get("/dispute/41-1").status_code == 404
    assert board.client.get(f"/dispute/{LATE}?shop=north").status_code == 404
