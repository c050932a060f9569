"""`late --watch` on a real terminal: drawn anew by itself, at every width, and gone without a trace."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess

import pytest
from rich.cells import cell_len

from tests.cli.conftest import LATE
from tests.support.forked import Order, begun
from tests.support.place import Place

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HOME = "\x1b[H"
"""What begins a new drawing."""
ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"


@dataclass
class Screen:
    """A terminal that a command draws on."""

    ours: int
    child: ForkServerProcess
    shown: str = field(default="", init=False)

    def resize(self, columns: int, rows: int = 30) -> None:
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def until(self, text: str, *, seconds: float = 20) -> None:
        """Read on until the last drawing shows a text."""
        end = time.monotonic() + seconds
        while text not in self.lines_as_text():
            assert time.monotonic() < end, f"{text!r} did not come: {self.shown[-500:]!r}"
            self._read()

    def ended(self) -> int:
        """The exit code, once the command ended by itself."""
        end = time.monotonic() + 10
        while self.child.is_alive():
            assert time.monotonic() < end, "it did not end"
            self._read()
        self._read()
        return self.child.exitcode or 0

    def lines(self) -> list[str]:
        """The last drawing."""
        last = self.shown.rpartition(_HOME)[2]
        return [_STEERING.sub("", line) for line in last.replace("\r", "").split("\n")]

    def lines_as_text(self) -> str:
        return "\n".join(self.lines())

    def _read(self) -> None:
        if select.select([self.ours], [], [], 0.1)[0]:
            try:
                self.shown += os.read(self.ours, 65536).decode("utf-8", "replace")
            except OSError:  # nobody holds the other end any more
                return


@contextmanager
def screen(place: Place, *args: str, columns: int = 100, rows: int = 30) -> Iterator[Screen]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    before = termios.tcgetattr(theirs)
    child = begun(
        Order(
            args=("late", "--watch", *args),
            folder=place.folder,
            environ=place.variables({"TERM": "xterm-256color"}),
            terminal=os.ttyname(theirs),
        )
    )
    try:
        yield Screen(ours, child)
        assert termios.tcgetattr(theirs) == before  # keys are shown again
    finally:
        child.kill()
        child.join()
        child.close()
        os.close(theirs)
        os.close(ours)


@pytest.fixture
def polled(place: Place) -> Place:
    place.run("poll")
    return place


def test_q_ends_it_and_leaves_the_terminal_as_it_was(polled: Place) -> None:
    with screen(polled) as shown:
        shown.until(LATE)
        assert ENTERED in shown.shown
        assert "late: 1 · q ends" in shown.lines_as_text()
        shown.press("q")
        assert shown.ended() == 0
        assert LEFT in shown.shown


def test_ctrl_c_ends_it_too(polled: Place) -> None:
    with screen(polled) as shown:
        shown.until(LATE)
        shown.press("\x03")
        assert shown.ended() == 0


def test_it_is_read_anew_by_itself(polled: Place) -> None:
    with screen(polled) as shown:
        shown.until("open")
        assert polled.run("ack", LATE, "--by", "anna").code == 0
        shown.until("anna is on it")
        shown.press("q")
        assert shown.ended() == 0


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_it_fits_the_screen_at_every_width(polled: Place, columns: int, language: str) -> None:
    with screen(polled, "--language", language, columns=columns, rows=12) as shown:
        shown.until(LATE)
        shown.until("home")
        assert max(map(cell_len, shown.lines())) <= columns
        assert len(shown.lines()) <= 12
        shown.press("q")
        assert shown.ended() == 0


def test_another_size_of_the_window_is_followed(polled: Place) -> None:
    with screen(polled, columns=120) as shown:
        shown.until(LATE)
        shown.resize(40)
        end = time.monotonic() + 10
        while max(map(cell_len, shown.lines())) > 40 or LATE not in shown.lines_as_text():
            assert time.monotonic() < end, shown.lines()
            shown.until(LATE)
            shown._read()
        shown.press("q")
        assert shown.ended() == 0


@pytest.mark.parametrize(
    ("args", "said"), [((), "it needs a terminal"), (("--json",), "a program takes --json alone")]
)
def test_without_a_terminal_it_says_what_to_do_instead(place: Place, args: tuple[str, ...], said: str) -> None:
    done = place.run("late", "--watch", *args)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
