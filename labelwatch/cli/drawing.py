"""What Rich draws on a terminal: lines in colour, tables, screens, a status line."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from labelwatch.cli.wrapping import wrapped
from labelwatch.messages.plain import printable

Drawn = Text | Table
"""What a terminal shows."""


@dataclass(frozen=True, slots=True)
class Screen:
    """A full screen: the part of the body that fits between head and foot."""

    head: Sequence[Drawn]
    body: Sequence[Drawn]
    foot: Sequence[Drawn] = ()
    marks: Sequence[str] = ()
    """The items of the body: each is in it once, unbroken."""
    more: str = ""
    """The line below the body with the {count} of those that did not fit."""


def show_lines(text: str, style: str = "", *, indent: int = 0) -> None:
    """Print lines, broken where the terminal ends."""
    console = Console(highlight=False, soft_wrap=True)
    for line in lines(text, style, width=console.width, indent=indent):
        console.print(line)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[int] = ()) -> None:
    """Print a table as wide as the terminal."""
    console = Console(highlight=False)
    console.print(drawn(headings, rows, width=console.width, whole=whole))


def lines(text: str, style: str = "", *, width: int, indent: int = 0) -> Iterator[Text]:
    """Lines that are no wider than `width` cells."""
    for line in map(printable, text.split("\n")):
        for part in wrapped(line, width - indent):
            yield Text(" " * indent + part, style)


def drawn(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    width: int,
    whole: Sequence[int] = (),
    breaks: Mapping[int, int] | None = None,
) -> Table:
    """A table for a terminal of `width` cells; `whole` as in `table`; `breaks`: column -> cells at which it is
    broken as a line of text is, with no bracket or full stop in the wrong place."""
    cells = [[printable(cell) for cell in row] for row in rows]
    columns = list(zip(*([headings] if headings else []), *cells, strict=True))
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold", show_header=bool(headings))
    for place, least in enumerate(_least_widths(columns, width)):
        heading = headings[place] if headings else ""
        made.add_column(Text(heading), overflow="fold", no_wrap=place in whole, min_width=least)
    for row in cells:
        made.add_row(*(_broken(cell, (breaks or {}).get(place)) for place, cell in enumerate(row)))
    return made


def room_beside(headings: Sequence[str], rows: Sequence[Sequence[str]], column: int, width: int) -> int:
    """The cells that the other columns leave for one column, if they are not wrapped."""
    others = [cells for place, cells in enumerate(zip(headings, *rows, strict=True)) if place != column]
    # A space after each cell, one before each column, and one at the end.
    return width - sum(max(map(cell_len, cells)) for cells in others) - 2 * len(headings) - 1


def _broken(cell: str, at: int | None) -> Text:
    return Text(cell if at is None else "\n".join(wrapped(cell, at)))


def _least_widths(columns: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """Column -> the cells that keep its words whole; none if there is no room for that."""
    longest = [max((cell_len(word) for cell in column for word in cell.split()), default=1) for column in columns]
    return list(longest) if sum(longest) + 3 * len(longest) <= room else [None] * len(longest)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], object]]:
    """A bar on stderr that is told the share that is done, from 0 to 1; erased at the end."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as shown:
        task = shown.add_task(printable(what), total=1.0)
        yield lambda share: shown.update(task, completed=share)


@contextmanager
def status_line(what: str = "", *, stderr: bool = False) -> Iterator[Callable[[str], object]]:
    """A moving line below everything printed meanwhile, updated by what this yields, erased at the end."""
    with Console(stderr=stderr, highlight=False).status(Text(what)) as status:
        yield lambda text: status.update(Text(printable(text), "dim"))
