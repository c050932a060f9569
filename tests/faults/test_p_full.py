"""A disk that is full for a while: people are told although nothing can be written, and it goes on by itself."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.births import Life, serving
from tests.faults.ways import BEFORE, BRISK, MEANWHILE, late, one_late
from tests.support.place import Place, place_for, until

pytestmark = pytest.mark.lengthy

Fill = Callable[[Life], Callable[[], object]]
"""Fills the disk of a service; what it returns makes room again."""


@contextmanager
def a_small_disk(folder: Path) -> Iterator[Fill]:
    """A file system of its own with little room."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")

    def fill(_life: Life) -> Callable[[], object]:
        with (disk / "logs").open("wb", buffering=0) as file:
            while os.statvfs(disk).f_bfree:
                file.write(b"x" * os.statvfs(disk).f_bfree * os.statvfs(disk).f_bsize)
        return (disk / "logs").unlink

    try:
        yield fill
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@contextmanager
def a_limit(folder: Path) -> Iterator[Fill]:
    """No file of the process may grow, as with a quota; its log goes on, which is shorter than that."""
    (folder / "disk").mkdir()

    def fill(life: Life) -> Callable[[], object]:
        assert life.process.pid is not None
        limited = partial(resource.prlimit, life.process.pid, resource.RLIMIT_FSIZE)
        limited((32 * 1024, resource.RLIM_INFINITY))
        return partial(limited, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    yield fill


def told(place: Place, reason: str) -> int:
    return sum((one["cause"], one["reason"]) == ("disk_full", reason) for one in place.alerts())


@pytest.mark.fault("P7")
@pytest.mark.parametrize("way", [a_small_disk, a_limit])
def test_a_full_disk_is_told_without_a_write_and_ends_by_itself(
    tmp_path: Path, way: Callable[[Path], AbstractContextManager[Fill]]
) -> None:
    with place_for(one_late(), tmp_path) as place, way(tmp_path) as fill:
        place.configure(alerts=BRISK)
        place.config.write_text(place.config.read_text().replace("labelwatch.db", "disk/labelwatch.db"))
        with serving(place) as service:
            service.until(lambda: BEFORE in place.told("first"))
            make_room = fill(service)
            service.until(lambda: told(place, "first") == 1)
            place.sandbox.world.plan(late(MEANWHILE))
            asked = len(place.sandbox.requests)
            service.until(lambda: len(place.sandbox.requests) > asked + 8)  # it looks on
            assert MEANWHILE not in place.told("first")
            make_room()
            service.until(lambda: MEANWHILE in place.told("first"))
            service.until(lambda: told(place, "resolved") == 1)
        assert told(place, "first") == 1
        assert "Traceback" not in service.log
        assert len(service.log.splitlines()) < 30, service.log
        until(lambda: place.run("db", "check").code == 0)
