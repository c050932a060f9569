"""A cell of a CSV file is no formula, whichever separator the spreadsheet takes."""

import csv
import io

import pytest

from labelwatch.messages.csv_text import FORMULA, csv_cell

HOSTILE = [
    "=cmd|'/C calc'!A0",
    " =1+1",
    "\t=1+1",
    "x;=1+1",
    'x;"=1+1',
    'x,"=1+1',
    'x|"=1+1',
    'x;" =1+1',
    'x\t""=1+1',
    "x;＝1+1",
    'Aurora "Post"; "-1"',
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("written_with", [",", ";"])
def test_no_reader_finds_a_formula(text: str, separator: str, written_with: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=written_with, quoting=csv.QUOTE_ALL).writerow([csv_cell(text), "end"])
    for row in csv.reader(io.StringIO(out.getvalue()), delimiter=separator):
        assert not any(cell.lstrip(' "').startswith(FORMULA) for cell in row)
