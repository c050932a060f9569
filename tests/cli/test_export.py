"""`export`: tables that Excel and programs read as they are, whatever stands in them."""

import csv
import io
import re
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from labelwatch.cli.export import FORMULA, What, cell, write, write_sheet
from labelwatch.cli.export_columns import COLUMNS
from labelwatch.cli.words import words
from tests.cli.conftest import FINE, LATE
from tests.support.place import Place

TIME = re.compile(r"\d{4}-\d\d-\d\dT.*Z")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_alerts_are_a_line_each(seen: Place) -> None:
    late = {alert["posting_number"]: alert for alert in seen.run("late", "--json").json["alerts"]}
    told = {row["posting_number"]: row for row in rows(seen.run("export", "--csv", "--raw").out)}
    assert told.keys() == late.keys()
    for number, row in told.items():
        alert = late[number]
        same = ("shop", "state", "severity", "family", "cause", "certainty", "opened_at", "told_at")
        assert {key: row[key] for key in same} == {key: alert[key] for key in same}
        assert row["deadline"] == (alert["deadline"] or "")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("postings", {LATE: "awaiting_packaging", FINE: "awaiting_deliver"}),
        ("history", {LATE: "awaiting_packaging", FINE: "awaiting_deliver"}),
        ("outbox", {LATE: "sent"}),
    ],
)
def test_there_are_postings_their_history_and_the_outbox(place: Place, what: str, expected: dict[str, str]) -> None:
    place.run("poll")
    found = rows(place.run("export", "--csv", "--raw", "--what", what).out)
    column = "state" if what == "outbox" else "status"
    assert {row["posting_number"]: row[column] for row in found} == expected
    assert all(None not in row and None not in row.values() for row in found)


def test_only_what_lies_within_the_time_is_written(place: Place) -> None:
    place.run("poll")
    assert len(rows(place.run("export", "--what", "history", "--since", "1h").out)) == 2
    assert rows(place.run("export", "--what", "history", "--since", "1ms").out) == []
    assert place.run("export", "--since", "30").code == 2


def read_by_people(place: Place, what: str, language: str) -> list[dict[str, str]]:
    return rows(place.run("export", "-", "--what", what, "--language", language).out)


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
@pytest.mark.parametrize("what", [What.ALERTS, What.POSTINGS, What.HISTORY, What.OUTBOX])
def test_people_read_no_ids_and_no_field_names(seen: Place, language: str, what: What) -> None:
    raw = rows(seen.run("export", "--raw", "--what", what).out)
    told = read_by_people(seen, what, language)
    assert len(told) == len(raw) > 0
    headings, as_they_are = list(told[0]), {"shop", "posting_number", "order_number", "receipt", "delivery_method"}
    assert len(set(headings)) == len(raw[0])
    assert not {heading for heading in headings if "_" in heading}
    for row, same in zip(told, raw, strict=True):
        for heading, (column, value) in zip(headings, same.items(), strict=True):
            if column not in as_they_are and (re.search("[a-z]_[a-z]", value) or TIME.fullmatch(value)):
                assert row[heading] != value, f"{column}: {value}"


def test_times_are_those_of_the_readers_zone_which_the_heading_names(place: Place) -> None:
    text = place.config.read_text("utf-8").replace('timezone = "UTC"', 'timezone = "Asia/Shanghai"')
    place.config.write_text(text, encoding="utf-8")
    place.run("poll")
    (raw,), (told,) = rows(place.run("export", "--raw").out), read_by_people(place, What.ALERTS, "zh")
    due = datetime.fromisoformat(raw["deadline"]) + timedelta(hours=8)
    assert told["截单（北京时间）"] == f"{due:%Y-%m-%d %H:%M:%S}"
    assert (told["级别"], told["环节"], told["处理还是等"]) == ("警告", "备货", "处理")
    assert (told["原因"], told["Ozon 状态"], told["状态"]) == ("还没备货", "等待备货", "待处理")


def test_every_column_has_a_heading_in_every_language() -> None:
    for language in ("zh", "ru", "en"):
        assert set(words(language).say["column"]) == {column for columns in COLUMNS.values() for column in columns}


def test_a_file_is_private_and_never_overwritten(seen: Place) -> None:
    file = seen.folder / "late.csv"
    printed = seen.run("export", "--csv").out
    assert seen.run("export", "--csv", str(file)).code == 0
    assert file.read_bytes().decode() == printed.replace("\r\n", "\n").replace("\n", "\r\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = seen.run("export", "--csv", str(file))
    assert (again.code, again.out) == (1, "")
    assert "late.csv cannot be written: File exists" in again.err
    file.unlink()


def test_excel_sees_that_it_is_utf_8_and_finds_its_columns(place: Place) -> None:
    place.run("poll")
    file = place.folder / "late.csv"
    place.run("export", str(file), "--excel", "--raw")
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"shop","posting_number",')
    place.config.write_text(place.config.read_text().replace('language = "en"', 'language = "ru"'))
    file.unlink()
    place.run("export", str(file), "--excel", "--raw")
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"shop";"posting_number";')


def test_what_stands_in_a_cell_stays_in_it() -> None:
    out = io.StringIO(newline="")
    odd = ['a "quoted" word', "one,two", "one;two", "two\nlines", "bell\x07", "  spaced  ", "面单", None, 7, "-"]
    write(out, [f"c{n}" for n in range(len(odd))], [odd, odd], mark=False, separator=",")
    text = out.getvalue()
    assert text.count("\r\n") == text.count("\n") == 3
    _, first, second = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert first == second
    assert first == [
        'a "quoted" word',
        "one,two",
        "one;two",
        "two lines",
        "bell",
        "  spaced  ",
        "面单",
        "",
        "7",
        "'-",
    ]


@pytest.mark.fault("D16")
@pytest.mark.parametrize("sign", FORMULA)
@pytest.mark.parametrize("before", ["", " ", "\x07", "\n"])
def test_no_text_begins_a_formula(sign: str, before: str) -> None:
    assert cell(f"{before}{sign}HYPERLINK(1)").startswith("'")


@pytest.mark.fault("D16")
@pytest.mark.parametrize("text", ["\t1", "\r1", "\t=1"])
def test_what_a_table_program_would_skip_hides_no_formula(text: str) -> None:
    assert cell(text).startswith("'")


def test_a_negative_number_is_no_formula() -> None:
    assert cell(-5) == "-5"


def test_a_writing_that_fails_leaves_no_file(place: Place, tmp_path: Path) -> None:
    place.run("poll")
    (place.folder / "labelwatch.db").write_bytes(b"no database at all " * 500)
    file = tmp_path / "late.csv"
    assert place.run("export", str(file)).code == 69
    assert not file.exists()


SPLIT_BY = [",", ";", "\t", "|"]


@pytest.mark.parametrize("separator", SPLIT_BY)
@pytest.mark.parametrize("text", ["x;=cmd|' /C calc'!A0", "a,+1", "a\t@SUM(1)", "a| -2", "=1", "x;\uff1d1", ";;=1"])
def test_no_separator_makes_a_formula_of_a_text(separator: str, text: str) -> None:
    out = io.StringIO(newline="")
    write(out, ["a"], [[text]], mark=False, separator=",")
    for line in out.getvalue().split("\r\n"):
        for part in line.strip('"').split(separator):
            assert not part.strip().startswith(FORMULA)


def test_an_excel_file_holds_texts_as_texts(seen: Place) -> None:
    file = seen.folder / "late.XLSX"
    done = seen.run("export", str(file), "--raw")
    assert done.code == 0, done.err
    (head, *lines) = load_workbook(file).active.iter_rows()
    assert [one.value for one in head] == list(COLUMNS["alerts"])
    assert len(lines) == len(rows(seen.run("export", "--raw").out))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_looks_like_a_formula_is_a_text_in_an_excel_file() -> None:
    out = io.BytesIO()
    hostile = ["=1+1", "@SUM(1)", "{=1}", "http://evil.example", "-2", "\x1b[31m", "x" * 40_000]
    write_sheet(out, ["text"], [*([text] for text in hostile), [7], [None]])
    cells = [line[0] for line in load_workbook(io.BytesIO(out.getvalue())).active.iter_rows()]
    assert [(one.data_type, one.hyperlink) for one in cells[1:8]] == [("s", None)] * 7
    assert [one.value for one in cells[1:6]] == hostile[:5]
    assert (cells[8].value, cells[8].data_type) == (7, "n")
