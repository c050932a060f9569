"""The label of one posting, over a real socket from asking to the verified PDF, and all that may come between."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from labelwatch.sandbox import At, Fault, Kind
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import HOME, OZON
from labelwatch.sources import LabelPdf, LabelUnavailable, Missing, Proof
from labelwatch.sources.ozon.enrichment import CREATE, LABEL, SINGLE
from labelwatch.sources.ozon.label_pdf import look
from tests.sources.printing import GONE, OURS, UNREADY, at_work, index
from tests.support.sandbox_player import Play

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed")

FILE = "/files/"


def asked(play: Play) -> list[str]:
    paths = [seen.path for seen in play.sandbox.requests]
    return [FILE if path.startswith(FILE) else path for path in paths]


def missing(found: LabelPdf | LabelUnavailable) -> Missing:
    assert isinstance(found, LabelUnavailable)
    assert HOME.api_key not in found.detail
    return found.why


def test_a_label_is_printed_waited_for_fetched_and_found_to_be_its_own() -> None:
    with at_work(index()) as (play, source):
        sheet = source.label(OURS)
        assert isinstance(sheet, LabelPdf)
        task = play.answer(CREATE, {"posting_numbers": [OURS]})["tasks"][0]["task_id"]
        served = play.client.get(play.answer(LABEL, {"task_id": task})["file_url"]).content
        requests = play.sandbox.requests
    assert (sheet.number, sheet.proof, sheet.content) == (OURS, Proof.NUMBER, served)
    assert asked(play)[:5] == [CREATE, LABEL, LABEL, LABEL, FILE]
    assert requests[4].method == "GET"
    assert requests[4].client_id == "", "no credentials go to where the file is"


def test_without_a_number_in_sight_its_barcode_is_asked_for_and_scanned() -> None:
    with at_work(index({"sheet": "bars"})) as (play, source):
        sheet = source.label(OURS)
    assert isinstance(sheet, LabelPdf)
    assert sheet.proof is Proof.BARCODE
    assert asked(play)[-2:] == [FILE, SINGLE]


@pytest.mark.parametrize(("drawn", "pages"), [("scanit", 1), ("goods", 2), ("scanits", 1)])
def test_a_label_since_october_is_known_by_its_code_and_may_have_a_page_of_goods(drawn: str, pages: int) -> None:
    with at_work(index({"sheet": drawn})) as (play, source):
        sheet = source.label(OURS)
        scanit = play.answer(SINGLE, {"posting_number": OURS, "with": {}})["result"]["scanit"]
    assert isinstance(sheet, LabelPdf)
    assert sheet.proof is Proof.BARCODE
    seen = look(sheet.content)
    assert not isinstance(seen, LabelUnavailable)
    assert len(seen) == pages
    assert seen[0].codes == [f"{scanit[:6]} {scanit[6:]}".upper()]
    assert seen[0].text == seen[0].codes[0]


def test_of_a_file_with_others_only_its_own_page_is_handed_on() -> None:
    with at_work(index({"sheet": "several"})) as (_, source):
        sheet = source.label(OURS)
    assert isinstance(sheet, LabelPdf)
    pages = look(sheet.content)
    assert not isinstance(pages, LabelUnavailable)
    assert [page.text for page in pages] == [OURS]
    assert len(pages[0].codes) == 1


def test_neither_size_of_label_is_given_up_for_the_other() -> None:
    world = index()
    world.plan(At(minutes=0, warehouse=OZON.warehouse.id, change={"label_type": "UNSPECIFIED"}))
    world.plan(At(minutes=0, fault=Fault(kind=Kind.HTML, path=f"{FILE}big_label/", status=200)))
    with at_work(world) as (play, source):
        assert isinstance(source.label(OURS), LabelPdf)
    assert asked(play).count(FILE) == 2


AT_OZON = [
    (OURS, {"stuck": True}, Missing.NOT_READY, ""),
    (OURS, {"error": "No paper"}, Missing.REFUSED, "No paper"),
    (OURS, {"no_file": True}, Missing.NOT_READY, ""),
    (OURS, {"lost": True}, Missing.NOT_READY, ""),
    (UNREADY, {"unprinted": NOT_YET}, Missing.NOT_READY, NOT_YET),
    (UNREADY, {"unprinted": "Склад закрыт"}, Missing.REFUSED, "Склад закрыт"),
    (UNREADY, None, Missing.NOT_READY, "NO_POSTINGS_FOR_BATCH_DOWNLOAD"),
    (GONE, None, Missing.REFUSED, "label not allowed for delivered postings"),
    ("0-0-9", None, Missing.REFUSED, "POSTING_NUMBERS_IS_INCORRECT_FOR_COMPANY"),
    (OURS, {"sheet": "blank"}, Missing.BLANK, "nothing is printed on it"),
    (OURS, {"sheet": "other"}, Missing.OTHER_POSTING, f"it names {OURS}1"),
]


@pytest.mark.parametrize(("number", "label", "why", "words"), AT_OZON)
def test_what_keeps_a_label_back_is_named(
    number: str, label: dict[str, Any] | None, why: Missing, words: str
) -> None:
    with at_work(index(label, number if label else OURS)) as (_, source):
        assert source.label(number) == LabelUnavailable(why, words)


ON_THE_WAY = [
    (Fault(kind=Kind.HTML, path=FILE, status=200), Missing.NO_PDF),
    (Fault(kind=Kind.ERROR_200, path=FILE), Missing.NO_PDF),
    (Fault(kind=Kind.EMPTY, path=FILE), Missing.NO_PDF),
    (Fault(kind=Kind.BOMB, path=FILE, megabytes=20), Missing.TOO_BIG),
    (Fault(kind=Kind.HUGE, path=FILE, megabytes=20), Missing.TOO_BIG),
    (Fault(kind=Kind.TRUNCATED, path=FILE), Missing.UNREADABLE),
    (Fault(kind=Kind.REDIRECT, path=FILE), Missing.UNSAFE_ADDRESS),
    (Fault(kind=Kind.HTML, path=FILE), Missing.NOT_REACHED),
    (Fault(kind=Kind.CUT, path=FILE), Missing.NOT_REACHED),
    (Fault(kind=Kind.RESET, path=FILE), Missing.NOT_REACHED),
    (Fault(kind=Kind.DRIP, path=FILE), Missing.NOT_REACHED),
    (Fault(kind=Kind.HTML, path=CREATE), Missing.NOT_REACHED),
    (Fault(kind=Kind.RESET, path=LABEL), Missing.NOT_REACHED),
    (Fault(kind=Kind.OBJECT, path=LABEL), Missing.NOT_READY),
    (Fault(kind=Kind.ERROR, path=CREATE, status=403, message="Invalid Api-Key"), Missing.NOT_REACHED),
]


@pytest.mark.parametrize(("fault", "why"), ON_THE_WAY, ids=lambda value: getattr(value, "kind", value))
def test_what_happens_on_the_way_is_named_and_raises_nothing(fault: Fault, why: Missing) -> None:
    patience = 1 if why is Missing.NOT_REACHED else 30  # what comes may take its time on a busy machine
    with at_work(index(None, OURS, fault), timeout=patience) as (_, source):
        assert missing(source.label(OURS)) is why


def test_a_task_not_known_at_once_is_asked_for_again() -> None:
    unknown = Fault(kind=Kind.ERROR, path=LABEL, status=400, code=3, message="task is unknown", times=1)
    with at_work(index(None, OURS, unknown)) as (_, source):
        assert isinstance(source.label(OURS), LabelPdf)


def test_a_source_that_is_closed_fetches_nothing() -> None:
    with at_work(index()) as (play, source):
        source.close()
        assert missing(source.label(OURS)) is Missing.NOT_REACHED
    assert not play.sandbox.requests


ALONE = """
import resource
from tests.sources.printing import OURS, at_work, index

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with at_work(index({"sheet": "bars"})) as (_, source):
    print(source.label(OURS).proof.value, end="")
"""


def test_a_label_is_had_where_not_a_byte_can_be_written_to_any_file(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    environment = {"PYTHONPATH": ":".join((str(project), *filter(None, sys.path))), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", ALONE],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (Proof.BARCODE.value, "")
    assert not list(tmp_path.iterdir())
