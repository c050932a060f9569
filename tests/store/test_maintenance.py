"""Copies are whole, damage is found, what is old goes in small steps."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from labelwatch.store import Attempt, PollRow, Pruned, Store, StoreError, open_store
from labelwatch.store.schema import REVISION
from tests.store.build import NOW, POSTING, alert, change, minutes, notification, put, queue, several, shop_id
from tests.support.reasons import because


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.mark.fault("K5")
def test_a_backup_is_whole_while_others_write(sqlite_store: Store, tmp_path: Path) -> None:
    shop = put(sqlite_store, *several(2000))
    stop = threading.Event()
    writer = threading.Thread(target=keep_writing, args=(sqlite_store, stop))
    writer.start()
    copy = tmp_path / "copy.db"
    sqlite_store.backup(copy)
    stop.set()
    writer.join()
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(open_store(f"sqlite:///{copy}")) as restored:
        assert restored.check() == []
        assert restored.revision() == REVISION
        assert len(restored.postings.open_ids(shop)) == 2000
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []


def keep_writing(store: Store, stop: threading.Event) -> None:
    while not stop.is_set():
        put(store, *several(50, status="awaiting_deliver"))


def test_a_backup_overwrites_nothing(sqlite_url: str, sqlite_store: Store) -> None:
    with pytest.raises(StoreError, match="overwrites nothing"):
        sqlite_store.backup(file_of(sqlite_url))
    assert sqlite_store.check() == []


def test_a_backup_that_cannot_be_written_says_so(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"):
        sqlite_store.backup(tmp_path / "nowhere" / "copy.db")


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_postgresql_has_its_own_way_to_back_up(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy")


def test_a_sound_database_has_no_problems(store: Store) -> None:
    put(store, *several(10))
    assert store.check() == []


def test_a_row_that_points_nowhere_is_found(sqlite_url: str, sqlite_store: Store) -> None:
    put(sqlite_store, change())
    with closing(sqlite3.connect(file_of(sqlite_url))) as careless:
        careless.execute("DELETE FROM state")
        careless.commit()
    problems = sqlite_store.check()
    assert any("posting" in line and "state" in line for line in problems)


@pytest.mark.fault("P9")
def test_damage_is_found(sqlite_url: str) -> None:
    with closing(open_store(sqlite_url)) as store:
        put(store, *several(2000))
    size = file_of(sqlite_url).stat().st_size
    with file_of(sqlite_url).open("r+b") as file:
        for page in range(size // 4096 - 20, size // 4096):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)
    with closing(open_store(sqlite_url)) as store:
        assert store.check() != []


OLD = NOW - timedelta(days=200)
LIMIT = NOW - timedelta(days=180)


def grow_old(store: Store) -> int:
    """Of everything one that is old and over, one that is old but open, and one that is new."""
    shop = put(
        store,
        change(replace(POSTING, number="over"), seen_at=OLD, is_open=False),
        change(replace(POSTING, number="open"), seen_at=OLD),
        change(replace(POSTING, number="new"), seen_at=NOW, is_open=False),
    )
    with store.write() as tx:
        alerts = [alert("over", resolved_at=OLD), alert("open"), alert("new", resolved_at=NOW)]
        for told, id_ in zip(alerts, tx.alerts.save(shop, alerts), strict=True):
            tx.outbox.add([notification(replace(told, id=id_))], created_at=OLD)
        for at in (OLD, NOW):
            tx.shops.record_poll(shop, PollRow(at, at, True, 0, 0, 0, 0, 0))
            tx.shops.quarantine(shop, path="$", number=at.isoformat(), problem="empty", at=at)
            tx.channels.note(Attempt("packers", at, "key", "delivered", because("ok")), [])
    return shop


def test_only_what_is_both_over_and_old_is_removed(store: Store) -> None:
    shop = grow_old(store)
    assert store.prune(LIMIT) == Pruned(postings=1, alerts=1, polls=1, attempts=1, quarantined=1)
    assert sorted(store.postings.known(shop, ["over", "open", "new"])) == ["new", "open"]
    assert {a.diagnosis.posting_number for a in store.alerts.find(open_only=False)} == {"new", "open"}
    assert len(store.outbox.find()) == 2
    assert store.statistics().history == 2
    assert store.prune(LIMIT) == Pruned()


def test_much_is_removed_in_small_steps(store: Store) -> None:
    put(store, *(replace(old, seen_at=OLD, is_open=False) for old in several(25)))
    assert store.prune(LIMIT, batch=10) == Pruned(postings=25)


@pytest.mark.fault("P14")
def test_the_file_gives_back_what_was_removed(sqlite_url: str, sqlite_store: Store) -> None:
    put(sqlite_store, *(replace(old, seen_at=OLD, is_open=False) for old in several(3000)))
    before = sqlite_store.statistics()
    sqlite_store.prune(LIMIT)
    after = sqlite_store.statistics()
    assert after.bytes_used < before.bytes_used / 3
    assert after.bytes_free == 0


def test_the_database_tells_its_size(store: Store) -> None:
    put(store, *several(5), change(replace(POSTING, number="closed"), is_open=False))
    queue(store, 2)
    size = store.statistics()
    assert size.revision == REVISION
    assert (size.shops, size.postings, size.open_postings, size.history) == (1, 6, 5, 6)
    assert (size.open_alerts, size.waiting_notifications) == (2, 2)
    assert size.bytes_used > 0


def test_a_row_of_history_is_small(sqlite_url: str, sqlite_store: Store) -> None:
    shop = put(sqlite_store, *several(4000))
    for n, status in enumerate(["awaiting_registration", "awaiting_deliver", "delivering"], start=1):
        at = NOW + minutes(n)
        with sqlite_store.write() as tx:
            tx.postings.put(shop, [replace(c, seen_at=at, not_before=NOW) for c in several(4000, status=status)])
    rows = sqlite_store.statistics().history
    with closing(sqlite3.connect(file_of(sqlite_url))) as conn:
        try:
            (size,) = conn.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'history'").fetchone()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite was built without dbstat, which measures tables")
    assert rows == 16000
    assert size / rows <= 39


def test_a_shop_is_needed_for_a_posting(store: Store) -> None:
    nobody = shop_id(store) + 1
    with pytest.raises(StoreError), store.write() as tx:
        tx.postings.put(nobody, [change()])
