"""The fault matrix has a row for each fault, and each row names a test that causes it."""

import re

import pytest

from tests.docs.marks import NO_TEST, functions_of, marked, named
from tests.docs.pages import BOOKS, PAGES, rows, sections

LINES = {"P": 18, "C": 6, "O": 18, "D": 17, "K": 6}
"""How many faults there are: of the process, the clock, Ozon, the channels (destinations), and the operation."""
IDS = {f"{letter}{number}" for letter, last in LINES.items() for number in range(1, last + 1)}
CHAPTERS = dict(sections(PAGES["tests/README.md"]))
MATRIX = [cells for cells in rows(CHAPTERS["What can go wrong"]) if cells[0] in IDS]
PROMISES = [cells for cells in rows(CHAPTERS["Promises"]) if cells[0].isdigit()]


def test_every_fault_has_one_row_in_its_order() -> None:
    order = [f"{letter}{number}" for letter, last in LINES.items() for number in range(1, last + 1)]
    assert [cells[0] for cells in MATRIX] == order
    counted = re.findall(r"<summary><b>([A-Z]): .+</b> \((\d+)\)", PAGES["tests/README.md"])
    assert {letter: int(number) for letter, number in counted} == LINES


def test_the_other_pages_say_how_many_faults_there_are() -> None:
    assert f"{len(IDS)} 种故障" in " ".join(BOOKS["zh"].split())
    assert f"Все {len(IDS)} поломок" in " ".join(BOOKS["ru"].split())


@pytest.mark.parametrize("cells", MATRIX, ids=lambda cells: cells[0])
def test_the_test_of_a_row_exists_and_injects_its_fault(cells: list[str]) -> None:
    fault, _, happens, proof = cells
    assert happens
    if fault in NO_TEST:
        assert NO_TEST[fault] in proof
    else:
        assert named(proof)
        assert set(named(proof)) <= marked()[fault]


def test_every_mark_names_a_fault_that_has_a_row() -> None:
    assert set(marked()) <= {cells[0] for cells in MATRIX}


def test_every_promise_names_tests_that_exist() -> None:
    proofs = {cells[0]: named(cells[-1]) for cells in PROMISES}
    assert len(proofs) == 10
    assert [promise for promise, tests in proofs.items() if not tests] == []
    found = [test.partition("::") for tests in proofs.values() for test in tests]
    assert [name for file, _, name in found if name not in functions_of(file)] == []
