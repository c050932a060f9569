"""The state of a database, seen from outside: creates and changes nothing, and holds locks only briefly."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from labelwatch.store import migrate
from labelwatch.store.engine import database_file, for_scanning, for_writing, make_engine, put_aside, read_url
from labelwatch.store.errors import Fault, StoreError, name_of
from labelwatch.store.lock import holder
from labelwatch.store.schema import REVISION


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a SQLite database. Sizes in bytes; `owner` and `mode` as the operating system says."""

    size: int
    log_size: int
    """Of the write-ahead log."""
    free: int
    """On the disk."""
    owner: int
    mode: int


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a database."""

    name: str
    is_there: bool = True
    """False: there is no file yet. A server that cannot be reached is a StoreError."""
    files: Files | None = None
    """None for PostgreSQL."""
    revision: str = ""
    """Empty = no tables."""
    wanted: str = REVISION
    problems: tuple[str, ...] = ()
    """What a quick check of a SQLite file found damaged."""
    is_locked: bool = False
    """A process holds the write lock on a SQLite file for as long as a writer waits for its turn."""
    holder: str | None = None
    """Which process uses it, by process id (empty = unknown); None = no process does."""


def health(url: str) -> Health:
    """Examine a database; reads the whole of a SQLite file once. StoreError when it cannot be opened."""
    parsed = read_url(url)
    is_file = parsed.get_backend_name() == "sqlite"
    if is_file and not _is_there(database_file(parsed)):
        aside = put_aside(database_file(parsed))
        return Health(name_of(parsed), is_there=bool(aside), problems=(f"it is kept as {aside}",) if aside else ())
    engine = make_engine(parsed)
    try:
        problems, revision = _inside(engine)
        files = _files(database_file(parsed)) if is_file else None
        return Health(
            name_of(parsed),
            files=files,
            revision=revision,
            problems=problems,
            is_locked=bool(is_file and not problems and _is_locked(engine)),
            holder=holder(url) if revision else None,
        )
    finally:
        engine.dispose()


def _inside(engine: Engine) -> tuple[tuple[str, ...], str]:
    try:
        with for_scanning(engine).connect() as conn:
            return quick_check(conn), migrate.revision(conn)
    except StoreError as error:
        if error.fault is not Fault.CORRUPT:
            raise
        return (str(error),), ""


def _is_locked(engine: Engine) -> bool:
    try:
        with for_writing(engine).begin():
            return False
    except StoreError as error:
        return error.fault is Fault.BUSY


def quick_check(conn: Connection) -> tuple[str, ...]:
    """What a quick check of a SQLite file finds damaged, one line each, the first few; reads all of it."""
    if conn.dialect.name != "sqlite":
        return ()
    found = conn.exec_driver_sql("PRAGMA quick_check(5)").scalars()
    return tuple(str(line) for line in found if line != "ok")


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except PermissionError:
        return True  # maybe; opening it says what is missing


def _files(file: Path) -> Files:
    found, log_size = os.stat(file), 0  # noqa: PTH116 - with the files beside it
    with suppress(FileNotFoundError):
        log_size = file.with_name(file.name + "-wal").stat().st_size
    return Files(found.st_size, log_size, shutil.disk_usage(file.parent).free, found.st_uid, found.st_mode & 0o777)
