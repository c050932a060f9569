"""`export`: tables that Excel and programs read as they are, whatever stands in them."""

import csv
import io
import stat
from pathlib import Path

import pytest

from labelwatch.cli.export import FORMULA, cell, write
from tests.cli.conftest import FINE, LATE
from tests.cli.place import Place


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_alerts_are_a_line_each(seen: Place) -> None:
    late = {alert["posting_number"]: alert for alert in seen.run("late", "--json").json["alerts"]}
    told = {row["posting_number"]: row for row in rows(seen.run("export", "--csv").out)}
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
    found = rows(place.run("export", "--csv", "--what", what).out)
    column = "state" if what == "outbox" else "status"
    assert {row["posting_number"]: row[column] for row in found} == expected
    assert all(None not in row and None not in row.values() for row in found)


def test_only_what_lies_within_the_time_is_written(place: Place) -> None:
    place.run("poll")
    assert len(rows(place.run("export", "--what", "history", "--since", "1h").out)) == 2
    assert rows(place.run("export", "--what", "history", "--since", "1ms").out) == []
    assert place.run("export", "--since", "30").code == 2


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
    place.run("export", str(file), "--excel")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfshop,posting_number,")
    place.config.write_text(place.config.read_text().replace('language = "en"', 'language = "ru"'))
    file.unlink()
    place.run("export", str(file), "--excel")
    assert file.read_bytes().startswith(b"\xef\xbb\xbfshop;posting_number;")


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
