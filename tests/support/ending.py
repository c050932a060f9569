"""A pytest plugin: nothing that a run of the tests starts outlives it, and it says at its end what it cost.

What a run starts bears a mark in its environment. A watcher, started first, waits until the run has ended, by itself
or by a signal; then it ends all that still bears the mark.
"""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

MARK = "LABELWATCH_TESTS_RUN"
MARKED: dict[str, str] = {}
"""The mark, to be added where the environment is not passed on as it is."""
POLITE_FOR, GIVES_UP_AFTER = 3.0, 20.0
"""Seconds from the end of the run to SIGKILL, and to the end of the watcher."""

_WATCHER = pytest.StashKey["subprocess.Popen[bytes]"]()
_STARTED = pytest.StashKey[float]()
_SERVERS = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    """Mark what is started from now on, and start the watcher; a worker inherits its mark."""
    config.stash[_STARTED] = time.monotonic()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # `make test &` has it ignored, by all children too
    if not hasattr(config, "workerinput"):
        os.environ[MARK] = uuid4().hex
        config.stash[_WATCHER] = subprocess.Popen(
            [sys.executable, "-S", __file__, os.environ[MARK]],
            stdin=subprocess.PIPE,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,  # Ctrl-C is not meant for it
        )
    MARKED[MARK] = os.environ[MARK]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Wait for the server that commands are forked from, and for its children: so that what they cost is counted."""
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    if server := sys.modules.get("multiprocessing.forkserver"):
        server._forkserver._stop()  # there is no public way to end it


def note_server(config: pytest.Config, pid: int) -> None:
    """Count what a database server cost, which is nobody's child; just before it is stopped."""
    seconds = sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    config.stash[_SERVERS] = seconds / os.sysconf("SC_CLK_TCK")
    if hasattr(config, "workeroutput"):
        config.workeroutput["servers"] = config.stash[_SERVERS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over from a worker what it noted of the server of all workers: the last knows best."""
    noted = getattr(node, "workeroutput", {}).get("servers", 0.0)
    node.config.stash[_SERVERS] = max(noted, node.config.stash.get(_SERVERS, 0.0))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The CPU time of this process, of all its children and their children, and of the database server."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    user, system = sum(one.ru_utime for one in used), sum(one.ru_stime for one in used)
    servers, took = config.stash.get(_SERVERS, 0.0), time.monotonic() - config.stash[_STARTED]
    terminalreporter.write_line(
        f"cost: {user + system + servers:.1f} s of CPU time (user {user:.1f}, system {system:.1f}, "
        f"PostgreSQL {servers:.1f}), {took:.1f} s of time"
    )


def bearers(mark: str) -> list[int]:
    """The processes that were started with this mark."""
    found, wanted = [], f"\0{MARK}={mark}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended since, or somebody else's
            if wanted in b"\0" + (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def end(mark: str) -> None:
    """End what bears the mark, politely at first."""
    start = time.monotonic()
    while (left := bearers(mark)) and (waited := time.monotonic() - start) < GIVES_UP_AFTER:
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM if waited < POLITE_FOR else signal.SIGKILL)
        time.sleep(0.2)


if __name__ == "__main__":
    sys.stdin.buffer.read()  # up to the end of the run, whose end of the pipe is closed by then
    end(sys.argv[1])
