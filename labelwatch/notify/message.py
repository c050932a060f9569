"""A message before it takes the form of its channel: a title that says what to do, and sections."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The four kinds of message that Apprise and its webhook body know."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a message: a heading, sentences, rows of a list; each may be missing. Plain text throughout."""

    heading: str = ""
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """Of a list: what it is about comes first, what sets it apart follows; an empty cell holds its place."""
    aside: bool = False
    """Proof and the like: good to have, not needed to act; may be folded away or set smaller."""

    @property
    def text(self) -> str:
        """The section as plain text, a bullet before each row."""
        listed = ("• " + " · ".join(filter(None, row)) for row in self.rows)
        return "\n".join(filter(None, (self.heading, *self.lines, *listed)))


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
