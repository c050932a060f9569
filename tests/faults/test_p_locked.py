"""A database that somebody else keeps locked: nothing is lost, nothing hangs, and the journal is not flooded."""

import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labelwatch.store.engine import BUSY_SECONDS
from tests.chaos.births import serving
from tests.faults.ways import BEFORE, BRISK, MEANWHILE, free_port, late, one_late
from tests.support.place import Place, place_for, until

pytestmark = pytest.mark.lengthy

HOLD = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another process writes to the database and does not come to an end."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.kill()


def refusals(port: int) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = re.search(r'^labelwatch_database_refusals_total{fault="busy"} (\S+)$', answer.read().decode(), re.M)
    assert found is not None
    return float(found[1])


@pytest.mark.fault("P6")
@pytest.mark.parametrize("seconds", [BUSY_SECONDS - 4, BUSY_SECONDS + 3])
def test_a_lock_is_waited_for_and_one_that_lasts_costs_the_polls_of_that_time_only(
    tmp_path: Path, seconds: float
) -> None:
    with place_for(one_late(), tmp_path) as place:
        port = free_port()
        place.configure(f'[web]\nlisten = "127.0.0.1:{port}"', alerts=BRISK)
        with serving(place) as service:
            service.until(lambda: BEFORE in place.told("first"))
            began = time.monotonic()
            with held(tmp_path / "labelwatch.db"):
                place.sandbox.world.plan(late(MEANWHILE))
                time.sleep(seconds)
                if seconds > BUSY_SECONDS:
                    assert place.run("late").code == 0  # who only looks is not held up
            lasted = time.monotonic() - began
            until(lambda: MEANWHILE in place.told("first"))
            if not BUSY_SECONDS - 1 < lasted < BUSY_SECONDS + 3:  # or nobody can say, on a machine that is busy
                assert (refusals(port) > 0) is (lasted > BUSY_SECONDS)
        assert "Traceback" not in service.log
        assert service.log.count("ERROR") <= 5, service.log
        assert_sound(place)


def assert_sound(place: Place) -> None:
    with sqlite3.connect(place.folder / "labelwatch.db") as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
