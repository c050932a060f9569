"""A screen that is redrawn every few seconds until q is pressed."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console, Group
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from labelwatch.cli.drawing import Screen

EVERY = 3.0
"""Seconds."""
_LOOK = 0.2
"""Seconds between two checks for a key and for a new size of the window."""

Draw = Callable[[int, int], Screen]
"""Columns and rows of the terminal -> what is shown."""
Line = list[Segment]
"""One row of the terminal."""
Key = Callable[[float], str]
"""Waits for a key at most so many seconds; empty = none was pressed."""


def watch(draw: Draw, *, every: float = EVERY) -> None:
    """Draw until q, Esc or Ctrl-C, then restore the screen."""
    console = Console(highlight=False)
    with (
        suppress(KeyboardInterrupt),
        Live(console=console, screen=True, auto_refresh=False) as live,
        _keys() as pressed,
    ):
        while True:
            began, size = time.monotonic(), console.size
            live.update(_fitting(console, draw(size.width, size.height)), refresh=True)
            # Read less often what takes long to read.
            rest = max(every, 4 * (time.monotonic() - began))
            if not _pause(pressed, rest, console):
                return


def _pause(pressed: Key, seconds: float, console: Console) -> bool:
    """Wait for the next refresh or a new size of the window; False = quit."""
    end, size = time.monotonic() + seconds, console.size
    while time.monotonic() < end and console.size == size:
        key = pressed(_LOOK)
        if key.lower() in ("q", "\x1b"):
            return False
        if key:  # any other: now
            return True
    return True


def _fitting(console: Console, screen: Screen) -> Segments:
    head, body, foot = (console.render_lines(Group(*parts)) for parts in (screen.head, screen.body, screen.foot))
    room = max(console.height - len(head) - len(foot), 0)
    rows = [*head, *_cut(console, screen, body, room), *foot][: console.height]
    return Segments([segment for row in rows for segment in (*row, Segment.line())][:-1])


def _cut(console: Console, screen: Screen, body: list[Line], room: int) -> list[Line]:
    """What fits, and how many more there are."""
    if len(body) <= room or not screen.more:
        return body[:room]
    kept = body[: max(room - 1, 0)]
    seen = "\n".join("".join(segment.text for segment in row) for row in kept)
    hidden = sum(mark not in seen for mark in screen.marks)
    more = Text(screen.more.format(count=hidden), "dim", no_wrap=True, overflow="ellipsis")
    return [*kept, *console.render_lines(more)] if hidden and room else body[:room]


@contextmanager
def _keys() -> Iterator[Key]:
    """How keys are read on this system; without a keyboard it only waits."""
    if not sys.stdin.isatty():
        yield _nobody
    elif os.name == "nt":
        yield _windows
    else:
        with _cbreak():
            yield _posix


def _nobody(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _windows(seconds: float) -> str:
    import msvcrt

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if msvcrt.kbhit():  # type: ignore[attr-defined]
            return str(msvcrt.getwch())  # type: ignore[attr-defined]
        time.sleep(0.05)
    return ""


def _posix(seconds: float) -> str:
    from select import select

    ready, _, _ = select([sys.stdin], [], [], seconds)
    # Not the text layer, which would wait for more than is there.
    return os.read(sys.stdin.fileno(), 64).decode("utf-8", "replace")[:1] if ready else ""


@contextmanager
def _cbreak() -> Iterator[None]:
    """Keys are read at once and not echoed; Ctrl-C works as usual."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
