"""One labelwatch at a time works on a database; the lock goes with its holder."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from labelwatch.store import AlreadyRunning, single_instance
from labelwatch.store.lock import holder

HOLDER = """
import sys
from labelwatch.store import single_instance

with single_instance(sys.argv[1]):
    print("holding", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held_by_another(url: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "holding\n"
        yield child


def test_the_second_is_told_who_is_there(empty_database: str) -> None:
    with held_by_another(empty_database) as child:
        with pytest.raises(AlreadyRunning, match=rf"pid {child.pid}\b"), single_instance(empty_database):
            pytest.fail("two at once")
        child.communicate("\n")
    with single_instance(empty_database):
        pass


@pytest.mark.fault("P12")
def test_a_killed_holder_holds_nothing(empty_database: str) -> None:
    with held_by_another(empty_database) as child:
        child.kill()
        child.wait()
    wait_until_free(empty_database)


def wait_until_free(url: str) -> None:
    """A server takes a moment to see that a connection is gone."""
    give_up_at = time.monotonic() + 10
    while True:
        try:
            with single_instance(url):
                return
        except AlreadyRunning:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)


def test_it_is_free_again_when_the_block_ends(empty_database: str) -> None:
    for _ in range(2):
        with single_instance(empty_database):
            pass


def test_two_in_one_process_are_two_all_the_same(empty_database: str) -> None:
    with single_instance(empty_database), pytest.raises(AlreadyRunning, match=str(os.getpid())):
        single_instance(empty_database).__enter__()


def test_other_databases_are_other_matters(empty_database: str, database: str) -> None:
    with single_instance(empty_database), single_instance(database):
        pass


def test_who_holds_it_can_be_asked_without_holding_it(empty_database: str) -> None:
    assert holder(empty_database) is None
    with held_by_another(empty_database) as child:
        assert holder(empty_database) == str(child.pid)
        assert holder(empty_database) == str(child.pid)
        child.communicate("\n")
    wait_until_free(empty_database)
    assert holder(empty_database) is None


def test_only_its_owner_can_read_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "labelwatch.db.lock"
    lock.touch(mode=0o644)
    with single_instance(f"sqlite:///{tmp_path}/labelwatch.db"):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_a_lock_that_another_program_holds_is_not_called_labelwatch(tmp_path: Path) -> None:
    lock = tmp_path / "labelwatch.db.lock"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with FileLock(lock):
        lock.write_text(f"{gone.pid}\n")
        with (
            pytest.raises(AlreadyRunning, match="not labelwatch"),
            single_instance(f"sqlite:///{tmp_path}/labelwatch.db"),
        ):
            pass
