"""A database is brought to the tables of the code whole or not at all, and one that is ahead is left alone."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from labelwatch.core.text import Text
from labelwatch.messages.alert_json import view
from labelwatch.store import Fault, Store, StoreError, open_store
from labelwatch.store.columns import metadata
from labelwatch.store.engine import make_engine, read_url
from labelwatch.store.migrate import scripts
from labelwatch.store.schema import REVISION
from tests.store.build import NOW, queue
from tests.store.older import make_older, upgraded
from tests.store.together import run_together
from tests.support import alert_builders

ROOT = Path(__file__).parents[2]


def engine_of(url: str) -> Engine:
    return make_engine(read_url(url), makes_file=True)


def test_the_newest_migration_is_the_one_the_code_wants() -> None:
    assert ScriptDirectory(str(scripts())).get_current_head() == REVISION


def test_the_migrated_tables_are_those_of_the_code(database: str) -> None:
    engine = engine_of(database)
    with closing_engine(engine), engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrated_tables_are_those_of_the_code_to_the_letter(empty_database: str, database: str) -> None:
    made, migrated = engine_of(empty_database), engine_of(database)
    with closing_engine(made), closing_engine(migrated):
        with made.begin() as conn:
            metadata.create_all(conn)
        with made.connect() as one, migrated.connect() as other:
            assert described(one) == described(other)


class closing_engine:  # noqa: N801 - reads as the function it stands for
    """Dispose of an engine at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


def described(conn: Connection) -> set[tuple[str, ...]]:
    """Tables and indexes in the database's own words, partial indexes and options included; a column that was added
    later stands at the end, so the order of the parts does not count."""
    if conn.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    else:
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    found = {re.sub(r"\s+", " ", sql) for (sql,) in conn.exec_driver_sql(query)}
    return {tuple(sorted(re.split(r"[\s,()]+", sql))) for sql in found if "alembic_version" not in sql}


def test_a_new_database_gets_its_tables_once(empty_database: str) -> None:
    with closing(open_store(empty_database)) as store:
        assert store.revision() == ""
        assert store.upgrade() == ("", REVISION)
        assert store.upgrade() == (REVISION, REVISION)
        store.require_current()
        assert store.shops.all() == []


def test_a_database_without_tables_says_what_to_do(empty_database: str) -> None:
    with closing(open_store(empty_database)) as store:
        for question in (store.require_current, store.shops.all):
            with pytest.raises(StoreError, match="labelwatch db upgrade") as refused:
                question()
            assert refused.value.fault is Fault.NOT_SET_UP


@pytest.mark.fault("P11")
def test_a_database_of_a_newer_version_is_refused_and_not_touched(database: str) -> None:
    set_revision(database, "0999")
    before = contents(database)
    with closing(open_store(database)) as store:
        for attempt in (store.require_current, store.upgrade):
            with pytest.raises(StoreError, match=f"0999.*{REVISION}") as refused:
                attempt()
            assert refused.value.fault is Fault.TOO_NEW
    assert contents(database) == before


def set_revision(url: str, revision: str) -> None:
    engine = create_engine(read_url(url))
    with closing_engine(engine), engine.begin() as conn:
        conn.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


def contents(url: str) -> object:
    """All bytes of a SQLite file; of PostgreSQL the tables, since its files change by themselves."""
    if url.startswith("sqlite"):
        return Path(url.removeprefix("sqlite:///")).read_bytes()
    engine = engine_of(url)
    with closing_engine(engine), engine.connect() as conn:
        return sorted(inspect(conn).get_table_names())


def test_an_older_database_is_copied_before_it_is_upgraded(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "before.db"
    set_revision(sqlite_url, "0000")
    with closing(open_store(sqlite_url)) as store, pytest.raises(Exception, match="0000"):
        store.upgrade(backup_to=copy)  # no such revision ever was: the copy is made all the same, and first
    with closing(open_store(f"sqlite:///{copy}")) as store:
        assert store.revision() == "0000"


KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from labelwatch.store import open_store

@event.listens_for(Engine, "after_cursor_execute")
def _kill(conn, cursor, statement, *_):
    if "CREATE TABLE history" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

open_store(sys.argv[1]).upgrade()
"""


@pytest.mark.fault("P10")
def test_a_migration_killed_half_way_leaves_nothing(empty_database: str) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED, empty_database], check=False)
    assert child.returncode == -signal.SIGKILL
    engine = engine_of(empty_database)
    with closing_engine(engine), engine.connect() as conn:
        assert inspect(conn).get_table_names() == []
    with closing(open_store(empty_database)) as store:
        assert store.upgrade() == ("", REVISION)


KILLED_LATER = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from labelwatch.store import open_store

@event.listens_for(Engine, "after_cursor_execute")
def _kill(conn, cursor, statement, *_):
    if "CREATE TABLE secret" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

open_store(sys.argv[1]).upgrade(Path(sys.argv[2]))
"""


@pytest.mark.fault("P10")
def test_an_upgrade_killed_between_two_migrations_leaves_the_older_database_and_its_copy(
    sqlite_url: str, sqlite_store: Store, tmp_path: Path
) -> None:
    queue(sqlite_store, 3)
    sqlite_store.close()
    make_older(tmp_path / "labelwatch.db")
    copy = tmp_path / "copy.db"
    child = subprocess.run([sys.executable, "-c", KILLED_LATER, sqlite_url, str(copy)], check=False)
    assert child.returncode == -signal.SIGKILL
    for url in (sqlite_url, f"sqlite:///{copy}"):
        engine = engine_of(url)
        with closing_engine(engine), engine.connect() as conn:
            tables = inspect(conn).get_table_names()
            assert [name for name in tables if name.startswith("_alembic_tmp")] == []
            assert "channel" not in tables
        with closing(open_store(url)) as store:
            assert (store.revision(), store.check()) == ("0001", [])
    with closing(open_store(sqlite_url)) as store:
        assert store.upgrade(tmp_path / "another.db") == ("0001", REVISION)
        assert len(store.outbox.find()) == 3


VERSION_0005 = Path(__file__).with_name("version_0005")
"""The alerts that version 0005 stored, of every subject, and what it printed of them as JSON."""


def test_alerts_of_the_version_before_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "labelwatch.db"
    upgraded(f"sqlite:///{file}", "0005")
    with closing(sqlite3.connect(file)) as conn:
        conn.executescript((VERSION_0005 / "rows.sql").read_text("utf-8"))
    with closing(open_store(f"sqlite:///{file}")) as store:
        assert store.upgrade() == ("0005", REVISION)
        alerts = list(store.export.alerts(NOW))
        told = [row.notification.alert for row in reversed(store.outbox.find())]
        channels = list(store.alerts.open_of_channels())
        incidents = [str(one) for one in store.alerts.open_incidents()]
    expected = json.loads((VERSION_0005 / "views.json").read_text("utf-8"))
    for found in (alerts, told):
        views = [view(one, language="en", now=alert_builders.NOW) for one in found]
        assert [{key: one[key] for key in old} for one, old in zip(views, expected, strict=True)] == expected
    assert (channels, incidents) == (["packers"], ["carrier:China Post", "outage:", "platform:"])


SENTENCES = [
    ("", None),
    ("HTTP 500 “busy\\”", Text("as_is", {"text": "HTTP 500 “busy\\”"})),
    ("overtaken: the channel works again", Text("works_again")),
    ("withdrawn: told otherwise", Text("withdrawn")),
]


def test_reasons_of_the_version_before_are_read(empty_database: str) -> None:
    upgraded(empty_database, "0011")
    with engine_of(empty_database).begin() as conn:
        insert = text("INSERT INTO channel (name, is_final, error, address) VALUES (:name, :no, :error, '')")
        for n, (sentence, _) in enumerate(SENTENCES):
            conn.execute(insert, {"name": str(n), "no": False, "error": sentence})
    with closing(open_store(empty_database)) as store:
        store.upgrade()
        found = store.channels.states()
    assert [found[str(n)].error for n in range(len(SENTENCES))] == [reason for _, reason in SENTENCES]


UPGRADER = """
import sys
from labelwatch.store import open_store

store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.upgrade()
"""


def test_two_programs_that_upgrade_at_once_do_it_once(empty_database: str) -> None:
    run_together([[sys.executable, "-c", UPGRADER, empty_database]] * 2)
    with closing(open_store(empty_database)) as store:
        store.require_current()


def test_migrations_are_found_in_an_installed_package(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "labelwatch", tmp_path / "labelwatch")
    shutil.copytree(ROOT / "migrations", tmp_path / "labelwatch" / "migrations")
    code = (
        "from labelwatch.store import open_store; from labelwatch.store.migrate import scripts;"
        "print(scripts()); open_store('sqlite:///x.db').upgrade()"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str(tmp_path / "labelwatch" / "migrations")
