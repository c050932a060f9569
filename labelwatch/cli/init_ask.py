"""Asks one question at a time until the answer is valid; a value given as an option is not asked for."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from getpass import getpass
from shutil import get_terminal_size
from typing import TypeVar

import typer
from rich.cells import cell_len

from labelwatch.cli.terminal import complain, is_terminal, say
from labelwatch.cli.wrapping import wrapped

T = TypeVar("T")

_BEGINS = re.compile(r"\s+(?:\d+\.? +|[✓✗] )?")
"""The start of a list item."""
_NARROW = 12
_YES = frozenset({"y", "yes", "д", "да", "是", "好", "1"})
_NO = frozenset({"n", "no", "н", "нет", "否", "不", "0"})


@dataclass(frozen=True, slots=True)
class Talk:
    """A dialog; `is_open` False = not interactive, every question gets its default."""

    words: Mapping[str, str]
    is_open: bool

    def ask(
        self,
        question: str,
        read: Callable[[str], T],
        *,
        given: str | None = None,
        default: str = "",
        skips: bool = False,
        hidden: bool = False,
    ) -> T:
        """The answer as parsed by `read`, which raises ValueError with the reason if it is wrong.

        `given` is tried first; `skips`: an empty answer is valid, too.
        """
        if given is not None or not self.is_open:
            try:
                return read(default if given is None else given)
            except ValueError as error:
                self._refuse(error)
        hint = self.words["enter"].format(value=default) if default else self.words["enter_skips"] if skips else ""
        while True:
            show(f"\n{question}{hint}" if question else hint.strip(), style="bold")
            if hidden:
                show(self.words["hidden"], style="dim")
            try:
                return read(self._line(hidden=hidden) or default)
            except ValueError as error:
                show(f"  {error}", style="yellow")

    def choose(self, question: str, options: Sequence[str], *, default: int = 0) -> int:
        """The index of the chosen option, counted from 0."""
        if not self.is_open:
            return default
        show(f"\n{question}", style="bold")
        for number, option in enumerate(options, 1):
            show(f"  {number}  {option}")

        def read(text: str) -> int:
            if text.isdecimal() and 1 <= int(text) <= len(options):
                return int(text) - 1
            raise ValueError(self.words["type_a_number"].format(most=len(options)))

        return self.ask("", read, default=str(default + 1))

    def yes(self, question: str, *, default: bool) -> bool:
        """Yes or no; the default if not interactive."""

        def read(text: str) -> bool:
            if text.lower() in _YES | _NO:
                return text.lower() in _YES
            if text in (self.words["yes"], self.words["no"]):
                return text == self.words["yes"]
            raise ValueError(self.words["yes_or_no"])

        return self.ask(f"{question} (y/n)", read, default=self.words["yes"] if default else self.words["no"])

    def complain(self, text: str) -> None:
        """Print an error: in the dialog, or on stderr if not interactive."""
        if self.is_open:
            show(text)
        else:
            complain(text)

    def needed(self, text: str) -> str:
        """The text; ValueError if it is empty."""
        if not text:
            raise ValueError(self.words["needed"])
        return text

    def _refuse(self, error: ValueError) -> None:
        if not self.is_open:
            raise typer.BadParameter(str(error)) from None
        complain(str(error))

    def _line(self, *, hidden: bool) -> str:
        with suppress(ImportError):
            import readline  # noqa: F401  # arrow keys, and a backspace that handles wide characters
        text = (getpass("> ") if hidden else input("> ")).strip()
        if hidden and text:
            say(self.words["received"].format(count=len(text)), style="dim")
        return text


def show(text: str, style: str = "") -> None:
    """Print lines for people; a wrapped list item is indented below its own text."""
    for line in text.split("\n"):
        found = _BEGINS.match(line)
        begins = found[0] if found else ""
        room = get_terminal_size().columns - cell_len(begins)
        if begins and is_terminal() and room >= _NARROW:
            line = ("\n" + " " * cell_len(begins)).join(wrapped(line.removeprefix(begins), room))
            say(begins + line, style)
        else:
            say(line, style)


def in_words(read: Callable[[str], T], wrong: str) -> Callable[[str], T]:
    """The same parser with its error in the reader's language."""

    def told(text: str) -> T:
        try:
            return read(text)
        except ValueError:
            raise ValueError(wrong) from None

    return told
