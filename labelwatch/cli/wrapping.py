"""Breaks lines for a terminal: between words, and in Chinese, which has none, between characters."""

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

# One Chinese character, or a word of any other script, with the punctuation that belongs to it.
_PIECE = re.compile(
    r"[“‘«（《「(]*"
    r"(?:[\u4e00-\u9fff]|[^\s\u4e00-\u9fff“‘«（《「，。、：；！？）》」”’]+)?"
    r"[，。、：；！？）》」”’»)]*|\s+"
)


def wrapped(line: str, width: int) -> Iterator[str]:
    """A line as lines of at most `width` cells; a Chinese character takes two. A longer word is cut."""
    taken = ""
    for piece in _pieces(line, width):
        if taken and cell_len(taken + piece.rstrip()) > width:
            yield taken.rstrip()
            taken = piece.lstrip()
        else:
            taken += piece
    yield taken.rstrip()


def _pieces(line: str, width: int) -> Iterator[str]:
    for found in _PIECE.finditer(line):
        yield from chop_cells(found[0], width) if cell_len(found[0]) > width else (found[0],)
