"""The database is opened so that nothing is lost, and what goes wrong is said in words."""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, text

from labelwatch.core.alert import Alert, LastNotified, Severity
from labelwatch.store import Fault, Store, StoreError, open_store
from labelwatch.store.backup import restore
from labelwatch.store.engine import make_engine, read_url
from tests.store.build import NOW, alert, put, several, shop_id

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "auto_vacuum": 2,  # INCREMENTAL
    "journal_size_limit": 64 * 2**20,
}


@pytest.mark.fault("P13")
@pytest.mark.parametrize("name", PRAGMAS)
def test_sqlite_is_set_up_to_lose_nothing(sqlite_url: str, name: str) -> None:
    engine = make_engine(read_url(sqlite_url))
    with engine.connect() as conn:
        assert conn.execute(text(f"PRAGMA {name}")).scalar() == PRAGMAS[name]
    engine.dispose()


def test_the_driver_begins_no_transaction_by_itself(sqlite_url: str) -> None:
    engine = make_engine(read_url(sqlite_url))
    with closing(engine.raw_connection()) as pooled:
        assert getattr(pooled.driver_connection, "isolation_level", "none at all") is None
    engine.dispose()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "new" / "labelwatch.db"
    open_store(f"sqlite:///{file}").close()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_written_after_a_restore_stands_in_the_file_that_was_put_back(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Several connections are open to the other file; to close the last of them must harm none in its place."""
    engine, kept = make_engine(read_url(sqlite_url)), tmp_path / "kept.backup"
    store = Store(engine)
    store.shops.sync([("before", "1")])
    store.backup(kept)
    store.shops.sync([("lost", "2")])
    with engine.connect(), engine.connect(), engine.connect():
        pass
    restore(sqlite_url, kept, aside=tmp_path / "aside.db")
    with closing(open_store(sqlite_url)) as another:
        another.shops.sync([("after", "3")])
        store.shops.sync([("later", "4")])
        store.close()
        with closing(open_store(sqlite_url)) as third:
            assert [one.name for one in third.shops.all()] == ["after", "before", "later"]


def test_where_the_file_is_gone_none_is_made_until_one_is_put_back(sqlite_store: Store, tmp_path: Path) -> None:
    file, elsewhere = tmp_path / "labelwatch.db", tmp_path / "elsewhere.db"
    sqlite_store.shops.sync([("main", "1")])
    file.rename(elsewhere)
    for _ in range(2):
        with trouble(Fault.UNREACHABLE, "labelwatch.db"):
            sqlite_store.shops.all()
        with trouble(Fault.UNREACHABLE, "labelwatch.db"):
            sqlite_store.shops.sync([("north", "2")])
        with trouble(Fault.UNREACHABLE):
            sqlite_store.backup(tmp_path / "kept.backup")
    assert not file.exists()
    elsewhere.rename(file)
    assert [one.name for one in sqlite_store.shops.all()] == ["main"]


def test_writers_that_read_first_lose_no_update(database: str) -> None:
    """Each has a store of its own, so nothing but the database keeps them apart."""
    with closing(open_store(database)) as store:
        shop = shop_id(store)
        with store.write() as tx:
            tx.alerts.save(shop, [alert(told=LastNotified(NOW, 0, Severity.NOTICE, "not_packed"))])
        failed: list[BaseException] = []
        threads = [threading.Thread(target=count_up, args=(database, 40, failed)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        (counted,) = store.alerts.find()
        assert counted.told is not None
        assert counted.told.count == 80


def count_up(url: str, times: int, failed: list[BaseException]) -> None:
    def one_more(alert: Alert) -> Alert:
        assert alert.told is not None
        return replace(alert, told=replace(alert.told, count=alert.told.count + 1))

    try:
        with closing(open_store(url)) as store:
            for _ in range(times):
                store.alerts.change("41-0001-1", one_more)
    except BaseException as e:
        failed.append(e)


def test_reading_what_has_not_changed_writes_nothing(sqlite_url: str, sqlite_store: Store) -> None:
    shop = put(sqlite_store, *several(300))
    before = on_disk(sqlite_url)
    assert len(sqlite_store.postings.unchanged(shop, list(range(300)))) == 300
    assert len(sqlite_store.postings.open_ids(shop)) == 300
    assert list(sqlite_store.postings.due(shop, NOW)) == []
    with closing(open_store(sqlite_url)) as another:
        assert another.revision() == sqlite_store.revision()
    assert on_disk(sqlite_url) == before


def on_disk(url: str) -> list[bytes]:
    file = Path(url.removeprefix("sqlite:///"))
    return [path.read_bytes() for path in (file, file.with_name(file.name + "-wal"))]


def the_plans(url: str, ask: Callable[[Store], object]) -> str:
    """How SQLite finds what these questions look for."""
    engine = make_engine(read_url(url))
    asked: list[tuple[str, object]] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    ask(Store(engine))
    with engine.connect() as conn:
        questions = [(sql, values) for sql, values in asked if re.match("SELECT|UPDATE|DELETE", sql)]
        rows = [row for sql, values in questions for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]  # type: ignore[arg-type]
    engine.dispose()
    return "\n".join(row.detail for row in rows)


def _ask_for_the_unchanged(store: Store) -> object:
    return store.postings.unchanged(1, [1, 2])


def _ask_what_is_open(store: Store) -> object:
    return store.postings.open_ids(1)


def _ask_what_is_due(store: Store) -> object:
    return list(store.postings.due(1, NOW))


def _ask_when_to_send(store: Store) -> object:
    return store.outbox.next_due()


def _claim(store: Store) -> object:
    return store.outbox.claim("packers", now=NOW, lease_until=NOW, key="k")


def _prune(store: Store) -> object:
    return store.prune(NOW)


PLANS = [
    (_ask_for_the_unchanged, "USING COVERING INDEX ix_posting_open"),
    (_ask_what_is_open, "USING COVERING INDEX ix_posting_open"),
    (_ask_what_is_due, "INDEX ix_posting_late (shop_id=? AND late_at<?)"),
    (_ask_when_to_send, "ix_notification_waiting"),
    (_claim, "ix_notification_waiting (channel=?"),
    (_prune, "ix_posting_closed (closed_at<?)"),
    (_prune, "ix_alert_resolved (resolved_at<?)"),
]


@pytest.mark.parametrize(("ask", "index"), PLANS)
def test_what_a_poll_asks_is_found_by_its_index(sqlite_url: str, ask: Callable[[Store], object], index: str) -> None:
    assert index in the_plans(sqlite_url, ask)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("labelwatch.db", "sqlite:///file"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://localhost/x", "only sqlite and postgresql"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says):
        open_store(url)


@contextmanager
def trouble(fault: Fault, says: str | None = None) -> Iterator[None]:
    with pytest.raises(StoreError, match=says) as raised:
        yield
    assert raised.value.fault is fault


@pytest.mark.fault("P6")
def test_a_database_somebody_else_writes_to_is_busy(sqlite_url: str) -> None:
    file = sqlite_url.removeprefix("sqlite:///")
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        closing(open_store(f"{sqlite_url}?timeout=0.1")) as store,
    ):
        other.execute("BEGIN IMMEDIATE")
        with trouble(Fault.BUSY, "try again"):
            store.shops.sync([("a", "1")])
        assert store.shops.all() == []  # reading goes on
        other.execute("COMMIT")
        store.shops.sync([("a", "1")])


def test_a_writer_waits_for_others_of_its_own_process_no_longer_than_for_strangers(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labelwatch.store.store.BUSY_SECONDS", 0.1)
    said: list[Fault] = []

    def write() -> None:
        try:
            sqlite_store.shops.sync([("a", "1")])
        except StoreError as error:
            said.append(error.fault)

    waits = threading.Thread(target=write)
    with sqlite_store.write():
        waits.start()
        waits.join(10)
        assert said == [Fault.BUSY]
    write()
    assert [one.name for one in sqlite_store.shops.all()] == ["a"]


def test_a_transaction_inside_another_fails_aloud(sqlite_url: str) -> None:
    with closing(open_store(f"{sqlite_url}?timeout=0.1")) as store, trouble(Fault.BUSY), store.write():
        store.shops.sync([("a", "1")])


@pytest.mark.fault("P7")
def test_a_full_disk_is_named_and_what_stood_there_stays(sqlite_url: str) -> None:
    engine = make_engine(read_url(sqlite_url))
    event.listen(engine, "connect", lambda conn, _: conn.execute("PRAGMA max_page_count = 60"))
    store = Store(engine)
    shop = put(store, *several(20))
    with trouble(Fault.FULL, "disk is full"):
        put(store, *several(2000))
    assert len(store.postings.open_ids(shop)) == 20
    store.close()


def test_what_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    file = tmp_path / "labelwatch.db"
    file.write_bytes(b"no database at all " * 100)
    with trouble(Fault.CORRUPT, "restore the last backup"):
        open_store(f"sqlite:///{file}")


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with trouble(Fault.UNREACHABLE, str(tmp_path)):
        open_store(f"sqlite:///{tmp_path}/file/labelwatch.db")


SOMEBODY_ELSE = """
import os, sys
from labelwatch.store import StoreError, open_store

open_store(sys.argv[2]).close()  # everything is imported before the right to read it is given up
os.setuid(65534)
try:
    open_store(sys.argv[1]).shops.sync([("a", "1")])
except StoreError as e:
    print(e.fault, e)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_somebody_elses_database_is_not_written_to(sqlite_url: str, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "labelwatch.db"
        file.write_bytes(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
        file.chmod(0o644)
        command = [sys.executable, "-c", SOMEBODY_ELSE, f"sqlite:///{file}", f"sqlite:///{tmp_path}/mine.db"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"read_only the database {file} cannot be opened for writing")


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(StoreError) as raised:
        open_store("postgresql://me:sesame@127.0.0.1:1/labelwatch")
    assert raised.value.fault is Fault.UNREACHABLE
    assert "127.0.0.1:1/labelwatch" in str(raised.value)
    assert "sesame" not in str(raised.value)


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("option", "fault"),
    [("default_transaction_read_only%3Don", Fault.READ_ONLY), ("lock_timeout%3D50ms", Fault.BUSY)],
)
def test_what_postgresql_refuses_is_named(database: str, option: str, fault: Fault) -> None:
    with closing(open_store(database)) as holder, closing(open_store(f"{database}&options=-c%20{option}")) as store:
        shop = shop_id(holder)
        with holder.write() as tx:
            tx.shops.set_policy(shop, "held")
            with trouble(fault), store.write() as late:
                late.shops.set_policy(shop, "wanted")
