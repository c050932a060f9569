"""An upgrade amid deliveries, and the way back; a copy made amid heavy writes."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from labelwatch.store import Store, open_store
from labelwatch.store.schema import REVISION
from tests.chaos.births import serving
from tests.faults.ways import BEFORE, one_late
from tests.store.build import put, several
from tests.store.older import make_older
from tests.support.http_server import answer
from tests.support.place import Place, place_for

pytestmark = pytest.mark.lengthy


def revision(place: Place) -> str:
    with closing(sqlite3.connect(place.folder / "labelwatch.db")) as conn:
        (found,) = conn.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


@pytest.mark.fault("K4")
def test_what_waits_during_an_upgrade_is_told_once_after_it_and_the_version_before_can_have_its_database_back(
    tmp_path: Path,
) -> None:
    with place_for(one_late(), tmp_path) as place:
        place.hook.acts = [answer(503)]
        place.run("poll")
        assert BEFORE in place.told("first")  # it was tried, and waits
        make_older(tmp_path / "labelwatch.db")
        place.hook.requests.clear()
        place.hook.acts = [answer(200)]
        with serving(place) as service:
            service.until(lambda: BEFORE in place.told("first"))
        asked = len(place.sandbox.requests)
        with serving(place) as service:
            service.until(lambda: len(place.sandbox.requests) > asked + 8)
        assert place.told("first") == [BEFORE]
        assert revision(place) == REVISION
        (copy,) = tmp_path.glob("labelwatch.db.*.backup")
        assert place.run("db", "restore", copy.name).code == 0
        assert revision(place) == "0001"
        with closing(sqlite3.connect(tmp_path / "labelwatch.db")) as conn:
            assert conn.execute("SELECT state FROM notification").fetchall() == [("retry",)]
        with serving(place) as service:  # forward again, as if for the first time
            service.until(lambda: place.told("first") == [BEFORE, BEFORE])


@pytest.mark.fault("K5")
def test_a_copy_made_amid_writes_holds_whole_transactions_where_a_plain_copy_loses_them(
    sqlite_store: Store, tmp_path: Path
) -> None:
    """Each transaction puts fifty postings, so a whole number of fifties is what a copy may hold."""
    stop, written = threading.Event(), 0

    def write() -> None:
        nonlocal written
        while not stop.is_set() and written < 400:
            put(sqlite_store, *several(50 * (written + 1))[-50:])
            written += 1

    put(sqlite_store, *several(50))
    shutil.copy(tmp_path / "labelwatch.db", tmp_path / "plain.db")  # without what stands in the log
    writer = threading.Thread(target=write)
    writer.start()
    while written < 3:
        stop.wait(0.01)
    before = written
    sqlite_store.backup(tmp_path / "copy.db")
    after = written
    stop.set()
    writer.join()
    with (
        closing(open_store(f"sqlite:///{tmp_path}/copy.db")) as copy,
        closing(open_store(f"sqlite:///{tmp_path}/plain.db")) as plain,
    ):
        assert copy.check() == []
        assert 50 * before <= copy.statistics().postings <= 50 * (after + 1)
        assert copy.statistics().postings % 50 == 0
        assert plain.statistics().postings == 0
