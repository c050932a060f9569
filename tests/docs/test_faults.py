"""The chapter on what can go wrong has a row for each fault, and each row names a test that injects it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from tests.docs.pages import PAGES, ROOT, rows, sections

LINES = {"P": 18, "C": 6, "O": 18, "D": 17, "K": 6}
"""How many faults there are: of the process, the clock, Ozon, the channels (destinations), and the operation."""
IDS = {f"{letter}{number}" for letter, last in LINES.items() for number in range(1, last + 1)}
CHAPTERS = dict(sections(PAGES["README.md"]))
MATRIX = [cells for cells in rows(CHAPTERS["What can go wrong"]) if cells[0] in IDS]
PROMISES = [cells for cells in rows(CHAPTERS["Promises"]) if cells[0].isdigit()]
NO_TEST = {"P18": "make soak"}
"""What no test can wait for, and what is run instead."""

Marks = Mapping[str, set[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions_of(file: str) -> Marks:
    """The tests of a file, read and not collected: name -> the faults that it is marked with."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, Function) and node.name.startswith("test_"))
    return {function.name: set(marks_of(function)) for function in functions}


def marks_of(function: Function) -> Iterator[str]:
    """Also those of single parameters, inside of `parametrize`."""
    for node in (inner for decorator in function.decorator_list for inner in ast.walk(decorator)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.fault":
            yield from map(ast.literal_eval, node.args)


@cache
def marked() -> Marks:
    """Fault -> the tests that bear it, over all files."""
    found = defaultdict(set)
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "mark.fault(" in path.read_text(encoding="utf-8"):
            file = path.relative_to(ROOT).as_posix()
            for name, ids in functions_of(file).items():
                for one in ids:
                    found[one].add(f"{file}::{name}")
    return found


def named(cell: str) -> list[str]:
    """The tests that a cell names, without their parameters."""
    return re.findall(r"`(tests/[\w/]+\.py::\w+)", cell)


def test_every_fault_has_one_row_in_its_order() -> None:
    order = [f"{letter}{number}" for letter, last in LINES.items() for number in range(1, last + 1)]
    assert [cells[0] for cells in MATRIX] == order


def test_the_other_pages_say_how_many_faults_there_are() -> None:
    assert f"{len(IDS)} 种故障" in PAGES["README.zh-CN.md"]
    assert f"Все {len(IDS)} поломок" in PAGES["README.ru.md"]


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
