"""A person at a terminal: reads what a command shows there, types answers, presses Ctrl-C."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.forked import Order, begun

_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


@dataclass
class Conversation:
    """One command on a terminal of its own; `shown` is all of it so far, without colours."""

    process: ForkServerProcess
    terminal: int
    shown: str = ""
    _raw: bytes = field(default=b"", repr=False)
    _read_up_to: int = 0

    def expect(self, text: str, *, within: float = 90) -> str:
        """Wait until this is shown after what was expected before; returns what stood in between."""
        give_up_at = time.monotonic() + within
        while text not in self.shown[self._read_up_to :]:
            assert time.monotonic() < give_up_at, f"no {text!r} in:\n{self.shown[self._read_up_to :]}"
            if not self._read(0.1):
                assert text in self.shown[self._read_up_to :], f"ended without {text!r}:\n{self.shown}"
        start = self._read_up_to
        self._read_up_to = self.shown.index(text, start) + len(text)
        return self.shown[start : self._read_up_to]

    def answer(self, question: str, text: str = "") -> str:
        """Wait for a question and its prompt, then type an answer and Enter."""
        before = self.expect(question) + self.expect("\n> ")
        time.sleep(0.05)  # getpass throws away what was typed before it switches the echo off
        os.write(self.terminal, text.encode() + b"\r")
        return before

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        time.sleep(0.05)
        os.write(self.terminal, b"\x03")

    def end(self, *, within: float = 90) -> int:
        """Read on to the end; returns the exit code."""
        give_up_at = time.monotonic() + within
        while self._read(0.2):
            assert time.monotonic() < give_up_at, f"it does not end:\n{self.shown}"
        self.process.join()
        return self.process.exitcode or 0

    def _read(self, patience: float) -> bool:
        """Whether it may still say something."""
        is_alive = self.process.is_alive()
        if not select.select([self.terminal], [], [], patience if is_alive else 0)[0]:
            return is_alive
        self._raw += os.read(self.terminal, 65536)
        self.shown = _CONTROLS.sub("", self._raw.decode("utf-8", "replace"))
        return True


@contextmanager
def conversation(
    *args: str, environ: Mapping[str, str], folder: Path, columns: int = 80, stderr: Path | None = None
) -> Iterator[Conversation]:
    """A command that runs on a terminal until it ends or the block does; `stderr` is a file, if not the terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = begun(
        Order(
            args=args,
            folder=folder,
            environ={"TERM": "xterm-256color", **environ},
            terminal=os.ttyname(theirs),
            stderr=stderr,
        )
    )
    try:
        yield Conversation(process, ours)
    finally:
        process.kill()
        process.join()
        process.close()
        os.close(theirs)
        os.close(ours)
