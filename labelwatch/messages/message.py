"""A message before it takes the form of its channel: a title that says what to do, and sections."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from labelwatch.messages.plain import cut, size


class Kind(StrEnum):
    """The four kinds of message that Apprise and its webhook body know."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


Actions = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""What a reader can do with a tap: the subject (empty = all of it), and label and address of each link."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message: a heading, sentences, rows of a list; each may be missing. Plain text throughout."""

    heading: str = ""
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """Rows of a list: the subject first, then what distinguishes it; an empty cell keeps its place."""
    aside: bool = False
    """Evidence and the like, not needed to act; may be collapsed or set smaller."""
    actions: Actions = ()

    @property
    def text(self) -> str:
        """The section as plain text, a bullet before each row."""
        listed = ("• " + " · ".join(filter(None, row)) for row in self.rows)
        actions = (_act(about, links) for about, links in self.actions)
        return "\n".join(filter(None, (self.heading, *self.lines, *listed, *actions)))


@dataclass(frozen=True, slots=True)
class Message:
    """Plain text in one language; the title alone says what to do."""

    title: str
    sections: tuple[Section, ...]
    kind: Kind

    @property
    def body(self) -> str:
        """All sections as plain text, a blank line between them."""
        return "\n\n".join(filter(None, (section.text for section in self.sections)))


Piece = tuple[int, Section]
"""A part of a message that is shown whole or not at all, and the number of its section."""


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The size limit of a service, or what is left of it, counted as the service does."""

    most: int
    measure: Callable[[str], int] = size
    """UTF-16 units, or another unit that it counts."""

    @property
    def letters(self) -> int:
        """So many characters fit, even Chinese ones."""
        return self.most // self.measure("字")

    def cost(self, *sections: Section) -> int:
        """The size of sections as plain text, with the blank lines around them; an empty one has none."""
        return sum(self.measure(text) + 2 for text in (section.text for section in sections) if text)

    def holds(self, *sections: Section) -> bool:
        return self.cost(*sections) <= self.most

    def beside(self, *sections: Section, title: str = "") -> "SizeLimit":
        """What is left after these sections and a title."""
        return replace(self, most=self.most - self.measure(title) - self.cost(*sections))


def affordable(pieces: Iterable[Piece], room: SizeLimit) -> list[Piece]:
    """The pieces that fit into `room` in order of importance, up to the first that does not."""
    taken: list[Piece] = []
    for piece in pieces:
        room = room.beside(piece[1])
        if room.most < 0:
            break
        taken.append(piece)
    return taken


def joined(pieces: Iterable[Piece]) -> tuple[Section, ...]:
    """The pieces merged into sections by number, without columns that are empty in every row."""
    numbered: dict[int, list[Section]] = {}
    for number, section in pieces:
        numbered.setdefault(number, []).append(section)
    return tuple(_one(numbered[number]) for number in sorted(numbered))


def stub(text: str, room: SizeLimit) -> tuple[Section, ...]:
    """The beginning of a text, if no part of a message fits."""
    return (Section(lines=(cut(text, max(room.most // room.measure("📦"), 1)),)),)


def _act(about: str, links: Sequence[tuple[str, str]]) -> str:
    said = " · ".join(f"{what}: {link}" for what, link in links)
    return f"{about} · {said}" if about else said


def _one(sections: Sequence[Section]) -> Section:
    return Section(
        heading="".join(section.heading for section in sections),
        lines=tuple(line for section in sections for line in section.lines),
        rows=_dense([row for section in sections for row in section.rows]),
        aside=any(section.aside for section in sections),
    )


def _dense(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    filled = [any(cells) for cells in zip(*rows, strict=True)]
    return tuple(tuple(cell for cell, wanted in zip(row, filled, strict=True) if wanted) for row in rows)
