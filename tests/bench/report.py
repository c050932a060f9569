"""Shows what was measured: tables on a terminal, plain lines in a pipe, one JSON document on demand."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

Cell = str | float | int


@dataclass(frozen=True, slots=True)
class Report:
    """Prints each table as soon as it is there; as JSON, all of them at the end."""

    as_json: bool
    console: Console = field(default_factory=Console)
    tables: list[dict[str, object]] = field(default_factory=list)

    def say(self, what: str) -> None:
        """What is being measured now; on the error stream, since it is no result."""
        print(f"... {what}", file=sys.stderr, flush=True)

    def show(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        self.tables.append({"title": title, "rows": [dict(zip(columns, row, strict=True)) for row in rows]})
        if self.as_json:
            return
        texts = [[_text(cell) for cell in row] for row in rows]
        if self.console.is_terminal:
            self.console.print(_table(title, columns, texts))
        else:
            print("\n".join(_lines(title, [list(columns), *texts])), flush=True)

    def end(self, disagreements: Sequence[str]) -> None:
        """Say who is wrong, which makes every ratio worthless; and the JSON, if it is wanted."""
        for problem in disagreements:
            print(f"DISAGREES: {problem}", file=sys.stderr)
        if self.as_json:
            print(json.dumps({"tables": self.tables, "disagreements": list(disagreements)}, indent=2))


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for which, column in enumerate(columns):
        table.add_column(column, justify="left" if which == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _lines(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return ["", title, *(f"  {line.rstrip()}" for line in lines)]
