"""Opens a database so that it loses nothing: its settings, and corrections to the defaults of the drivers.

SQLite: the driver begins no transaction of its own (it would begin too late and commit before DDL); readers use
BEGIN, writers BEGIN IMMEDIATE, so two of them cannot read the same old value and overwrite each other.
"""

import os
import sqlite3
import time
from errno import EACCES, EPERM, EROFS
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError

from labelwatch.store.errors import Fault, StoreError, in_words

BUSY_SECONDS = 5
ASIDE = ".corrupt-"
"""The suffix of a damaged database that was renamed."""
READ_SECONDS = 30
_FILE = "labelwatch_file"
_WRITER = "labelwatch_writer"
_PATIENT = "labelwatch_patient"

_STEPS = 100_000
"""SQLite instructions between two checks of the time: about a millisecond."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)


def read_url(url: str) -> URL:
    """Parse a database URL; `postgresql://` means psycopg 3. StoreError when it is invalid."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as e:
        raise StoreError(Fault.REFUSED, "the store's url is not like sqlite:///file or postgresql://...") from e
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise StoreError(Fault.REFUSED, "the store's url names no file: sqlite:///labelwatch.db would do")
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise StoreError(Fault.REFUSED, f"the store's url begins with {backend}: only sqlite and postgresql work")


def make_engine(url: URL, *, makes_file: bool = False) -> Engine:
    """An engine with these corrections; it connects when first used, and raises StoreError only.

    A missing SQLite file is created on demand only: a wrong path must not look like an empty database, and a file
    created by root while reading must not lock the service out.
    """
    engine = _sqlite(url, makes_file=makes_file) if url.get_backend_name() == "sqlite" else _postgres(url)

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        if context.is_pre_ping:  # this is how the pool finds and replaces a dead connection
            return
        if context.original_exception is not None and context.sqlalchemy_exception is not None:
            raise in_words(url, context.original_exception) from context.original_exception

    return engine


def for_writing(engine: Engine) -> Engine:
    """The same engine and pool, whose transactions take the write lock when they begin."""
    return engine.execution_options(**{_WRITER: True})


def for_scanning(engine: Engine) -> Engine:
    """The same engine and pool, whose reads have no time limit: they scan the whole file."""
    return engine.execution_options(**{_PATIENT: True})


def database_file(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(str(url.database))


def _sqlite(url: URL, *, makes_file: bool) -> Engine:
    file = database_file(url).absolute()
    _look_at(database_file(url), makes_it=makes_file)
    engine = create_engine(
        url.set(query={"timeout": str(BUSY_SECONDS), **url.query}),
        connect_args={"isolation_level": None, "check_same_thread": False},
        pool_size=8,
        max_overflow=56,
    )

    @event.listens_for(engine, "do_connect")
    def _open_what_is_there(_: Any, record: Any, arguments: list[str], options: dict[str, Any]) -> None:
        # Before it is opened: a file replaced meanwhile is then detected at the first check.
        record.info[_FILE] = _identity(file)
        arguments[0] = f"{file.as_uri()}?mode=rw"  # not rwc: none is created
        options["uri"] = True

    @event.listens_for(engine, "checkout")
    def _stay_with_the_file(_connection: sqlite3.Connection, record: Any, _proxy: Any) -> None:
        if record.info[_FILE] != _identity(file):
            raise DisconnectionError("the file was replaced: reconnect")

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # Only has an effect before anything is written; later it would itself write, at every connection.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        writes = options.get(_WRITER, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        _limit(connection, None if writes or options.get(_PATIENT, False) else READ_SECONDS)

    return engine


def _identity(file: Path) -> tuple[int, int]:
    """The identity of the file at this path; an open connection keeps the file it opened."""
    try:
        found = file.stat()
    except OSError as e:
        raise StoreError(Fault.UNREACHABLE, f"the database {file} cannot be opened or reached ({e.strerror})") from e
    return found.st_dev, found.st_ino


def _limit(connection: Connection, seconds: float | None) -> None:
    """Abort reads that take longer: until a reader ends, the write-ahead log cannot start over."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    if seconds is None:
        driver.set_progress_handler(None, 0)
        return
    give_up_at = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > give_up_at, _STEPS)


def _postgres(url: URL) -> Engine:
    options = {
        "connect_timeout": BUSY_SECONDS,
        "application_name": f"labelwatch[{os.getpid()}]",
        "options": f"-c lock_timeout={BUSY_SECONDS}s",
        **url.query,
    }
    try:
        return create_engine(url, connect_args=options, pool_pre_ping=True, pool_size=8, max_overflow=24)
    except ImportError as e:
        raise StoreError(Fault.REFUSED, "PostgreSQL needs one more package: labelwatch[postgres]") from e


def _look_at(file: Path, *, makes_it: bool) -> None:
    """Sales data is private: a new database is readable by its owner only."""
    try:
        if makes_it:
            file.parent.mkdir(parents=True, exist_ok=True)
        _refuse_if_damaged_before(file)
        os.close(os.open(file, os.O_RDWR | (os.O_CREAT if makes_it else 0), 0o600))
    except FileNotFoundError as e:
        raise StoreError(Fault.NOT_SET_UP, f"there is no database {file}") from e
    except OSError as e:
        fault = Fault.READ_ONLY if e.errno in (EACCES, EPERM, EROFS) else Fault.UNREACHABLE
        raise StoreError(fault, f"the database {file} cannot be opened for writing: {e.strerror}") from e


def put_aside(file: Path) -> str:
    """The name under which a damaged database of this name is kept; empty = none."""
    kept = (one.name for one in file.parent.glob("*") if one.name.startswith(f"{file.name}{ASIDE}"))
    return min(kept, default="")


def _refuse_if_damaged_before(file: Path) -> None:
    """After a damaged database was renamed, a person decides what to do; an empty one would repeat every alert."""
    aside = "" if file.exists() else put_aside(file)
    if aside:
        raise StoreError(
            Fault.CORRUPT,
            f"the database {file} was damaged and is kept as {aside}: `labelwatch run --restore-latest` starts "
            "from the newest good copy, `labelwatch db restore FILE` from another one; to start empty, move it away",
        )
