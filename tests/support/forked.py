"""The console script in real processes that are born quickly: forked from one that has imported everything.

That saves a second a command, and nearly every test calls a few.
"""

import json
import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SCRIPT = Path(sys.executable).with_name("labelwatch")

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.cli.warm", __name__])


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run where. It has a terminal or none; what goes to a file instead is added to it."""

    args: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    terminal: str = ""
    stdin: Path | None = None
    stdout: Path | None = None
    stderr: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def begun(order: Order) -> ForkServerProcess:
    """The command under way; it is killed when the tests end."""
    process = _SERVER.Process(target=_become, args=(order,), daemon=True)
    process.start()
    return process


def called(do: Callable[..., None], *args: object) -> int:
    """The exit code of a process that does this and nothing else."""
    process = _SERVER.Process(target=do, args=args, daemon=True)
    process.start()
    process.join()
    return process.exitcode or 0


def ended(*args: str, folder: Path, environ: Mapping[str, str], typed: str = "") -> Ended:
    """A command run to its end without a terminal; `typed` is on its standard input."""
    with TemporaryDirectory() as files:
        given, out, err = (Path(files, name) for name in ("in", "out", "err"))
        given.write_text(typed, "utf-8")
        process = begun(Order(args=args, folder=folder, environ=environ, stdin=given, stdout=out, stderr=err))
        process.join()
        code = process.exitcode or 0
        process.close()
        return Ended(code, out.read_text("utf-8"), err.read_text("utf-8"))


def _become(order: Order) -> None:
    """Take on folder, environment and files; then be the script."""
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environ)
    os.setsid()  # the terminal that is opened next is then its own, and Ctrl-C reaches it
    for number, file in enumerate((order.stdin, order.stdout, order.stderr)):
        place = file or order.terminal or os.devnull
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT | (os.O_APPEND if file else 0)), number)
    # Those that there are know nothing of a terminal.
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [str(SCRIPT), *order.args]
    runpy.run_path(str(SCRIPT), run_name="__main__")
