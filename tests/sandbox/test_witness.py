"""The sandbox testifies about labelwatch, so it may share nothing with it: the standard library and itself only."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import labelwatch.sandbox

ROOM = Path(labelwatch.sandbox.__file__).parent


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield node.module or ""


def test_the_sandbox_imports_the_standard_library_and_itself_only() -> None:
    names = {name for file in ROOM.rglob("*.py") for name in imported(file)}
    own = {name for name in names if f"{name}.".startswith("labelwatch.sandbox.")}
    assert own
    assert {name.partition(".")[0] for name in names - own} <= set(sys.stdlib_module_names)
