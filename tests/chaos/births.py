"""Services as real processes that can be killed at once, born quickly: forked from one that has imported everything.

life = born(place)          # `labelwatch run` in this place
life.die()                  # kill -9
life.stop()                 # SIGTERM; its exit code
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.forked import Order, begun
from tests.support.place import Place

STOPS_WITHIN = 60


@dataclass(frozen=True, slots=True)
class Life:
    """A service from its start to its end."""

    process: ForkServerProcess
    log_file: Path

    @property
    def log(self) -> str:
        """What all services of this place have logged so far."""
        return self.log_file.read_text("utf-8")

    def until(self, condition: Callable[[], bool], *, seconds: float = 150) -> None:
        """Wait for something that it does."""
        give_up_at = time.monotonic() + seconds
        while not condition():
            assert self.process.is_alive(), "it ended by itself"
            assert time.monotonic() < give_up_at, "it did not happen in time"
            time.sleep(0.1)

    def die(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.join()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End it politely; its exit code."""
        os.kill(self.pid, by)
        self.process.join(STOPS_WITHIN)
        code = self.process.exitcode
        assert code is not None, self.log
        return code


def born(place: Place, *more: str, command: str = "run", **environ: str) -> Life:
    """`labelwatch run` in this place, in a process of its own; its log is added to one file. `more` are options."""
    log = place.folder / ("service.log" if command == "run" else f"{command}.log")
    process = begun(Order(args=(command, *more), folder=place.folder, environ=place.variables(environ), stderr=log))
    return Life(process, log)


@contextmanager
def serving(place: Place, *more: str) -> Iterator[Life]:
    """A service for as long as the block lasts, which then ends with 0."""
    life = born(place, *more)
    try:
        yield life
    except BaseException:
        life.die()
        print(life.log, file=sys.stderr)
        raise
    assert life.stop() == 0, life.log
