"""A contestant in a process of its own, so that none pays for another's memory; ours or theirs, all the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.bench.contestants import Contestant
from tests.bench.world import fingerprint

WHERE = {
    "limit": ("tests.bench.contestants.limit", "Limit"),
    "labelwatch": ("tests.bench.contestants.ours", "Ours"),
    "naive": ("tests.bench.contestants.naive", "Naive"),
    "ozonapi-async": ("tests.bench.contestants.models", "Models"),
}
"""Module and class by name; imported in the contestant's own process only."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll took, and how many postings it found new or different."""

    seconds: float
    changed: int


@dataclass(frozen=True, slots=True)
class Worker:
    """The benchmark's end of a contestant's process."""

    name: str
    pipe: Connection

    def open(self, folder: Path) -> None:
        """Begin anew with an empty database in this folder, which is made."""
        folder.mkdir(parents=True)
        self._tell("open", folder)

    def poll(self) -> Poll:
        return Poll(*self._tell("poll"))

    def state(self) -> str:
        """The fingerprint of what is in its database."""
        return str(self._tell("state"))

    def peak(self) -> int:
        """The most memory the process ever held, in bytes."""
        return int(self._tell("peak"))

    def _tell(self, what: str, *values: object) -> Any:
        self.pipe.send((what, values))
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextmanager
def working(name: str, port: int, *settings: object) -> Iterator[Worker]:
    """A contestant's process until the block ends; it talks to the fake on this port."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, name, port, *settings), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Worker(name, ours)
    finally:
        ours.close()
        process.join(10)
        process.terminate()


def missing(names: Sequence[str]) -> dict[str, str]:
    """Those that cannot be had here, each with the reason."""
    reasons = {}
    for name in names:
        try:
            import_module(WHERE[name][0])
        except ImportError as error:
            reasons[name] = str(error)
    return reasons


class _Stage:
    """The other end: holds one contestant at a time and does as it is told."""

    def __init__(self, name: str, port: int, settings: tuple[object, ...]) -> None:
        module, kind = WHERE[name]
        self._make = getattr(import_module(module), kind)
        self._port = port
        self._settings = settings
        self._contestant: Contestant | None = None

    def open(self, folder: Path) -> None:
        self.close()
        self._contestant = self._make(self._port, folder, *self._settings)

    def poll(self) -> tuple[float, int]:
        assert self._contestant is not None
        began = perf_counter()
        changed = self._contestant.poll()
        return perf_counter() - began, changed

    def state(self) -> str:
        assert self._contestant is not None
        return fingerprint(self._contestant.facts())

    def peak(self) -> int:
        # Not getrusage: its maximum is inherited from the process that forked this one.
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def close(self) -> None:
        if self._contestant is not None:
            self._contestant.close()


def _work(pipe: Connection, name: str, port: int, *settings: object) -> None:
    stage = _Stage(name, port, settings)
    while True:
        try:
            what, values = pipe.recv()
        except EOFError:
            return stage.close()
        try:
            pipe.send(getattr(stage, what)(*values))
        except Exception as error:
            pipe.send(RuntimeError(f"{name}: {type(error).__name__}: {error}"))
