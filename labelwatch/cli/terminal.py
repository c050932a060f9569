"""The output of commands: tables for people on a terminal, lines with tabs for programs, or one JSON document.

Rich, which draws on a terminal, is loaded only if there is one.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from labelwatch.messages.json_text import as_json as json_text
from labelwatch.messages.plain import printable

NONE = "-"
"""Placeholder of an empty cell, which would shift the other columns for `cut` and `awk`."""


def is_terminal() -> bool:
    """True when people read what is printed."""
    return sys.stdout.isatty()


def say(text: str = "", style: str = "", *, indent: int = 0) -> None:
    """Lines on stdout; in colour on a terminal only. Control characters are removed, line breaks stay."""
    if is_terminal():
        from labelwatch.cli.drawing import show_lines

        show_lines(text, style, indent=indent)
        return
    for line in text.split("\n"):
        print(" " * indent + printable(line))


def complain(text: str) -> None:
    """Lines on stderr."""
    for line in text.split("\n"):
        print(printable(line), file=sys.stderr)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[int] = ()) -> None:
    """Rows under headings (none: without); the columns `whole` are never broken, their cells are to be copied."""
    if not is_terminal():
        for row in (headings, *rows) if headings else rows:
            print("\t".join(printable(cell) or NONE for cell in row))
        return
    from labelwatch.cli.drawing import show_table

    show_table(headings, rows, whole=whole)


def as_json(document: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json_text(document) + "\n")


@contextmanager
def ticker() -> Iterator[Callable[[str], object]]:
    """A status line below everything printed meanwhile, updated by what this yields; on a terminal only."""
    if not is_terminal():
        yield lambda text: None
        return
    from labelwatch.cli.drawing import status_line

    with status_line() as update:
        yield update


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that work is in progress; written to stderr and erased at the end."""
    if not sys.stderr.isatty():
        yield
        return
    from labelwatch.cli.drawing import status_line

    with status_line(what, stderr=True):
        yield


@contextmanager
def progress(what: str) -> Iterator[Callable[[float], object]]:
    """Show on a terminal how much of the work is done: what this yields is told the share, from 0 to 1; written to
    stderr and erased at the end."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from labelwatch.cli.drawing import progress_bar

    with progress_bar(what) as update:
        yield update
