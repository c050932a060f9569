"""The console script in real processes that are born quickly: forked from one that has imported everything.

That saves a second a command, and nearly every test calls a few.
"""

import gc
import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from labelwatch import app, cli, scheduler
from labelwatch.notify.channels import check_url

SCRIPT = Path(sys.executable).with_name("labelwatch")
IMPORTED = (app, cli, scheduler)

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload([__name__])
check_url("json://127.0.0.1/")  # makes Apprise read all of its services, before anybody is forked
gc.freeze()  # so that a child need not copy all of that to look through it


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run where. It has a terminal or none; what goes to a file instead is added to it."""

    args: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    terminal: str = ""
    stdout: Path | None = None
    stderr: Path | None = None


def begun(order: Order) -> ForkServerProcess:
    """The command under way; it is killed when the tests end."""
    process = _SERVER.Process(target=_become, args=(order,), daemon=True)
    process.start()
    return process


def _become(order: Order) -> None:
    """Take on folder, environment and files; then be the script."""
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environ)
    os.setsid()  # the terminal that is opened next is then its own, and Ctrl-C reaches it
    for number, file in enumerate((None, order.stdout, order.stderr)):
        place = file or order.terminal or os.devnull
        os.dup2(os.open(place, os.O_RDWR | os.O_CREAT | (os.O_APPEND if file else 0)), number)
    # Those that there are know nothing of a terminal.
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [str(SCRIPT), *order.args]
    runpy.run_path(str(SCRIPT), run_name="__main__")
