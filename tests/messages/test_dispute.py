"""The pack for a dispute: who was late as far as readings prove it, the same bytes each time, two pages at most."""

import csv
import hashlib
import io
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from labelwatch.core.alert import Proof
from labelwatch.core.dispute import Change, Conclusion, Pack, Told, answers, course
from labelwatch.core.posting import Interval, Product
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.dispute import as_document, as_html, as_zip, safe
from labelwatch.messages.dispute_html import MOST_ANSWERS, MOST_CHANGES, MOST_TOLD
from tests.messages.test_index_text import CHARGED
from tests.store.build import ALERT, POSTING

CUTOFF = datetime(2026, 3, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(hours: float, status: str = "awaiting_deliver", *, label: bool = False, unseen: float = 2) -> Change:
    """A state seen so many hours after the cutoff, and not yet `unseen` minutes before that."""
    at = CUTOFF + hours * HOUR
    actions = ("label_download",) if label else ()
    return Change(at, at - timedelta(minutes=unseen), status, "", label, "RR1CN", CUTOFF, actions, ())


PACKING = change(-20, "awaiting_packaging")
STORIES: dict[Conclusion, list[Change]] = {
    Conclusion.LABEL_LATE: [PACKING, change(-6), change(2, label=True)],
    Conclusion.NO_LABEL: [PACKING, change(-6)],
    Conclusion.IN_TIME: [PACKING, change(-6), change(-5, label=True)],
    Conclusion.PACKED_LATE: [PACKING, change(1), change(2, label=True)],
    Conclusion.LEFT: [PACKING, change(-6), change(-1, "cancelled")],
    Conclusion.UNSURE: [PACKING, change(-6), change(3, label=True, unseen=600)],
}


@pytest.mark.parametrize("conclusion", STORIES)
def test_it_concludes_what_the_readings_prove(conclusion: Conclusion) -> None:
    assert course(STORIES[conclusion], deadline=CUTOFF, as_of=CUTOFF + 5 * HOUR).conclusion is conclusion


def test_before_the_cutoff_and_without_one_nobody_was_late() -> None:
    story = STORIES[Conclusion.NO_LABEL]
    assert course(story, deadline=CUTOFF, as_of=CUTOFF - HOUR).conclusion is Conclusion.STILL_TIME
    assert course(story, deadline=None, as_of=CUTOFF).conclusion is Conclusion.UNSURE
    assert course([PACKING], deadline=CUTOFF, as_of=CUTOFF + HOUR).conclusion is Conclusion.PACKED_LATE
    vague = [PACKING, change(1, unseen=120)]
    assert course(vague, deadline=CUTOFF, as_of=CUTOFF + 5 * HOUR).conclusion is Conclusion.UNSURE


def pack(conclusion: Conclusion = Conclusion.LABEL_LATE, **changes: Any) -> Pack:
    as_of = CUTOFF + 5 * HOUR
    story = tuple(STORIES[conclusion])
    told = (Told(CUTOFF - 4 * HOUR, "packers", "first", "label_overdue", "sent", "HTTP 200"),)
    proofs = (Proof("label_task", "The next postings aren't ready", CUTOFF - 5 * HOUR),)
    made = Pack(
        *("main", "123456", POSTING, story, proofs, (ALERT,), told, (("verified", CUTOFF + 2.5 * HOUR),)),
        unwatched=(Interval(CUTOFF + 3 * HOUR, CUTOFF + 4 * HOUR),),
        as_of=as_of,
        course=course(story, deadline=CUTOFF, as_of=as_of),
    )
    return replace(made, **changes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("conclusion", STORIES)
def test_the_page_is_whole_in_every_language(conclusion: Conclusion, language: str) -> None:
    page = as_html(pack(conclusion), language=language, zone="Asia/Shanghai")
    assert f'<html lang="{language}">' in page
    assert not re.search(r"[{}]", page.partition("</style>")[2])
    assert "The next postings aren&#x27;t ready" in page
    assert "HTTP 200" in page
    assert "Здравствуйте! Вопрос по отправлению 41-0001-1" in page
    assert not re.search(r"<script|https?://|src=", page)


def test_support_is_asked_not_to_count_what_was_not_ours_and_only_that() -> None:
    asked = {one: "не по нашей вине" in as_html(pack(one), language="ru", zone="UTC") for one in STORIES}
    assert {one for one, is_asked in asked.items() if is_asked} == {Conclusion.LABEL_LATE, Conclusion.NO_LABEL}


def test_what_is_foreign_is_text_and_no_formula() -> None:
    nasty = Proof("label_task", '=HYPERLINK("x")<script>alert(1)</script>', CUTOFF)
    made = pack(answers=(nasty,), told=())
    assert "<script>" not in as_html(made, language="en", zone="UTC")
    lines = parts(made)["dispute-41-0001-1.csv"].decode()
    assert "'=HYPERLINK" in lines


def parts(made: Pack) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(as_zip(made, language="en", zone="UTC"))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_data_give_the_same_bytes_and_the_hashes_are_those_of_the_parts() -> None:
    assert as_zip(pack(), language="zh", zone="UTC") == as_zip(pack(), language="zh", zone="UTC")
    found = parts(pack())
    sums = {line[66:]: line[:64] for line in found.pop("SHA256SUMS").decode().splitlines()}
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    page = found["dispute-41-0001-1.html"].decode()
    assert all(sums[name] in page for name in sums if not name.endswith(".html"))


def test_json_and_csv_hold_the_whole_timeline() -> None:
    many = tuple(change(-20 + n / 10, "awaiting_packaging") for n in range(100))
    found = parts(pack(changes=many))
    document = json.loads(found["dispute-41-0001-1.json"])
    assert len(document["timeline"]) == 100
    lines = list(csv.DictReader(io.StringIO(found["dispute-41-0001-1.csv"].decode())))
    assert sum(line["kind"] == "status" for line in lines) == 100
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert "80 earlier lines" in found["dispute-41-0001-1.html"].decode()


def test_what_ozon_answered_is_kept_once_and_in_order() -> None:
    first, second = Proof("status", "awaiting_deliver", CUTOFF), Proof("label_task", "not ready", CUTOFF - HOUR)
    about = replace(ALERT.diagnosis, evidence=(first, Proof("flow", "aggregator")), asked=(second,))
    assert answers([replace(ALERT, diagnosis=about), replace(ALERT, diagnosis=about)]) == (second, first)


def test_a_file_name_is_safe() -> None:
    assert safe("41517061-0214-1") == "41517061-0214-1"
    assert safe("../../etc/passwd") == "______etc_passwd"
    assert as_document(pack())["client_id"] == "123456"


@pytest.mark.lengthy
def test_it_prints_on_two_pages_at_most(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright
    from pypdfium2 import PdfDocument  # type: ignore[import-untyped]

    changes = tuple(change(-20 + n / 10, "awaiting_registration", unseen=3) for n in range(2 * MOST_CHANGES))
    said = "The carrier did not accept the parcel: dimensions exceed what is allowed for this delivery method. "
    proofs = tuple(Proof("label_task", f"{n} {said}", CUTOFF) for n in range(2 * MOST_ANSWERS))
    told = tuple(
        Told(CUTOFF, "a channel of the night shift", "cause_changed", "label_overdue", "sent", said)
        for _ in range(2 * MOST_TOLD)
    )
    goods = tuple(Product(str(n), f"offer {n}", "A long name of a product " * 3, 2) for n in range(20))
    full = pack(changes=changes, answers=proofs, told=told, posting=replace(POSTING, products=goods))
    packs = (("usual", pack(), 1), ("full", full, 2))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for language, (name, made, most) in product(LANGUAGES, packs):
            file = tmp_path / f"{name}-{language}.html"
            file.write_text(as_html(made, language=language, zone="Asia/Shanghai"), "utf-8")
            page.goto(file.as_uri())
            assert len(PdfDocument(page.pdf(prefer_css_page_size=True))) <= most, file.name
        browser.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ozon_charged_is_on_the_page_and_in_both_files(language: str) -> None:
    made = pack(charged=(CHARGED,))
    assert "90\u00a0₽" in as_html(made, language=language, zone="UTC")
    found = parts(made)
    (charge,) = json.loads(found["dispute-41-0001-1.json"])["charges"]
    assert (charge["cost"], charge["kind"], charge["told_at"]) == ("90", "SELLER_DELAY", "2026-11-28T12:04:00Z")
    taken_back = {
        one: "отменить начисление" in as_html(pack(one, charged=(CHARGED,)), language="ru", zone="UTC")
        for one in STORIES
    }
    assert {one for one, is_asked in taken_back.items() if is_asked} == {Conclusion.LABEL_LATE, Conclusion.NO_LABEL}
    assert '"charged","SELLER_DELAY","90 RUB"' in found["dispute-41-0001-1.csv"].decode()
