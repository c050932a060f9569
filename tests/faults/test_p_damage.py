"""A damaged database: found at the start, kept, told, and replaced only by who asks for it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labelwatch.store import Store, open_store
from labelwatch.store.backup import KEPT
from tests.chaos.births import serving
from tests.cli.conftest import LATE, one_late
from tests.store.build import minutes
from tests.support.forked import Ended
from tests.support.place import Place, assert_says_what_to_do, place_for


def spoil_pages(file: Path) -> None:
    """Some pages in the middle and the end are nonsense."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for page in range(6, size // 4096):
            opened.seek(page * 4096)
            opened.write(b"\xff" * 512)


def spoil_header(file: Path) -> None:
    """It does not look like a database any more."""
    with file.open("r+b") as opened:
        opened.write(b"no database at all")


def cut(file: Path) -> None:
    """The second half is missing."""
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 8192 * 4096)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """One that was polled and told, with a copy and a worse, newer one beside the database."""
    with place_for(one_late(), tmp_path) as polled:
        assert polled.run("poll").code == 1
        assert polled.run("db", "backup", "labelwatch.db.20260101T000000Z.backup").code == 0
        (tmp_path / "backups").mkdir()
        spoilt = tmp_path / "backups" / "today.db"
        shutil.copy(tmp_path / "labelwatch.db.20260101T000000Z.backup", spoilt)
        spoil_pages(spoilt)
        yield polled


def damaged_told(place: Place) -> list[str]:
    return [one["reason"] for one in place.alerts() if one["cause"] == "database_failing"]


def refused(done: Ended) -> None:
    assert done.code == 69
    assert "--restore-latest" in done.err
    assert "Traceback" not in done.err


@pytest.mark.fault("P9")
@pytest.mark.parametrize("spoil", [spoil_pages, spoil_header, cut])
def test_a_damaged_file_is_kept_and_told_once_and_a_good_copy_takes_its_place_on_demand(
    place: Place, spoil: Callable[[Path], None]
) -> None:
    file = place.folder / "labelwatch.db"
    spoil(file)
    spoilt = file.read_bytes()
    refused(place.run("run"))
    (aside,) = place.folder.glob("labelwatch.db.corrupt-*Z")
    assert aside.read_bytes() == spoilt
    for command in ("run", "poll", "late"):  # and none of them begins an empty one
        refused(place.run(command))
    assert not file.exists()
    assert damaged_told(place) == ["first"]
    with serving(place, "--restore-latest") as service:
        service.until(lambda: damaged_told(place) == ["first", "resolved"])
        service.until(lambda: "watching" in service.log)
    assert place.told("first").count(LATE) == 1  # it was told before the copy was made
    assert aside.read_bytes() == spoilt
    assert place.run("db", "check").code == 0


@pytest.mark.fault("P9")
def test_without_a_good_copy_it_does_not_start_and_a_copy_can_be_put_back_by_hand(place: Place) -> None:
    copy = place.folder / "labelwatch.db.20260101T000000Z.backup"
    copy.rename(place.folder / "elsewhere")
    spoil_header(place.folder / "labelwatch.db")
    done = place.run("run", "--restore-latest")
    assert done.code == 69
    assert "no good copy" in done.err
    assert_says_what_to_do("\n".join(done.err.splitlines()[-3:]))
    assert place.run("db", "restore", "elsewhere").code == 0
    assert place.run("late").code == 0


def test_a_damaged_database_can_be_replaced_before_anybody_noticed(place: Place) -> None:
    spoil_header(place.folder / "labelwatch.db")
    assert place.run("db", "restore", "labelwatch.db.20260101T000000Z.backup").code == 0
    assert place.run("late").code == 0


@pytest.mark.fault("P9", "K5")
def test_every_night_a_copy_is_kept_and_the_last_three_stay(sqlite_store: Store, tmp_path: Path) -> None:
    tonight = datetime(2026, 3, 1, 4, 17, tzinfo=UTC)
    made = [sqlite_store.keep_copy(tonight + minutes(n)) for n in range(KEPT + 2)]
    assert sorted((tmp_path / "backups").iterdir()) == made[-KEPT:]
    assert (tmp_path / "backups").stat().st_mode & 0o077 == 0
    with closing(open_store(f"sqlite:///{made[-1]}")) as copy:
        assert copy.check() == []
