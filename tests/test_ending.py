"""What a run of the tests starts ends with it, however it ends; and the run says what it cost."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.births import born
from tests.cli.conftest import one_late
from tests.conftest import Postgres
from tests.support.ending import MARK, bearers
from tests.support.place import place_for, until

ROOT = Path(__file__).parents[1]
STARTS = """
import multiprocessing, os, subprocess, time
from pathlib import Path

def test_that_starts_much():
    children = [
        subprocess.Popen(["sleep", "600"], start_new_session=True),
        subprocess.Popen(["sh", "-c", "trap : TERM; while :; do sleep 1; done"]),
        multiprocessing.get_context("forkserver").Process(target=time.sleep, args=(600,), daemon=True),
    ]
    children[-1].start()
    daemon = subprocess.run(["sh", "-c", "sleep 600 >/dev/null & echo $!"], stdout=subprocess.PIPE).stdout
    Path("pids.new").write_text(" ".join(map(str, [os.getpid(), *(child.pid for child in children), int(daemon)])))
    Path("pids.new").rename("pids")
    time.sleep(600)
"""
COSTS = """
import subprocess, sys

def test_that_costs_half_a_second_in_a_child_of_a_child():
    burns = "import time\\nwhile time.process_time() < 0.5: pass"
    subprocess.run(["sh", "-c", f"{sys.executable} -c '{burns}'; true"], check=True)
"""


def run(folder: Path, test: str, workers: int) -> "subprocess.Popen[str]":
    """A run of one test, which has this plugin."""
    (folder / "test_inner.py").write_text(test)
    (folder / "pytest.ini").touch()
    order = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "xdist",
        "-p",
        "tests.support.ending",
        "-n",
        str(workers),
        "test_inner.py",
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.Popen(order, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)


def lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(("by", "workers"), [(signal.SIGINT, 1), (signal.SIGKILL, 1), (signal.SIGTERM, 0)])
def test_an_interrupted_run_leaves_nothing_running(tmp_path: Path, by: signal.Signals, workers: int) -> None:
    with run(tmp_path, STARTS, workers) as running:
        until((tmp_path / "pids").exists, seconds=60)
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        assert len(pids) == 5
        assert all(map(lives, pids))
        running.send_signal(by)
        until(lambda: not any(map(lives, [running.pid, *pids])), seconds=60)


def test_a_run_says_what_it_cost_with_all_its_children(tmp_path: Path) -> None:
    with run(tmp_path, COSTS, 1) as running:
        said, _ = running.communicate()
    found = re.search(r"cost: (\S+) s of CPU time .*, (\S+) s of time\n", said)
    assert found, said
    assert float(found[1]) >= 0.5


def test_services_commands_and_servers_bear_the_mark(tmp_path: Path, postgres: Postgres) -> None:
    with place_for(one_late(), tmp_path) as place, place.start("sandbox", "--port", "0") as service:
        forked = born(place)
        try:
            assert {service.pid, forked.process.pid, postgres.pid} <= set(bearers(os.environ[MARK]))
        finally:
            forked.die()
            service.kill()
