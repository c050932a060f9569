"""Which test causes which fault: the marks, read and not collected."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from tests.docs.pages import ROOT

Marks = Mapping[str, set[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef
NO_TEST = {"P18": "make soak"}
"""What no test can wait for, and what is run instead."""


@cache
def functions_of(file: str) -> Marks:
    """The tests of a file: name -> the faults that it is marked with."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, Function) and node.name.startswith("test_"))
    return {function.name: set(_marks_of(function)) for function in functions}


def _marks_of(function: Function) -> Iterator[str]:
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
