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
from tests.cli.place import Place, place_for, until
from tests.faults.ways import BEFORE, BRISK, MEANWHILE, free_port, late, one_late
from tests.storm.births import serving

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
@pytest.mark.parametrize(("seconds", "is_refused"), [(BUSY_SECONDS - 3, False), (BUSY_SECONDS + 3, True)])
def test_a_lock_is_waited_for_and_one_that_lasts_costs_the_polls_of_that_time_only(
    tmp_path: Path, seconds: float, is_refused: bool
) -> None:
    with place_for(one_late(), tmp_path) as place:
        port = free_port()
        place.configure(f'[web]\nlisten = "127.0.0.1:{port}"', alerts=BRISK)
        with serving(place) as service:
            service.until(lambda: BEFORE in place.told("first"))
            with held(tmp_path / "labelwatch.db"):
                place.sandbox.world.plan(late(MEANWHILE))
                time.sleep(seconds)
                assert place.run("late").code == 0  # who only looks is not held up
            until(lambda: MEANWHILE in place.told("first"))
            assert (refusals(port) > 0) is is_refused
        assert "Traceback" not in service.log
        assert service.log.count("ERROR") <= 5, service.log
        assert_sound(place)


def assert_sound(place: Place) -> None:
    with sqlite3.connect(place.folder / "labelwatch.db") as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
