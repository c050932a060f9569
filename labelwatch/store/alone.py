"""Lets one labelwatch at a time work on a database: two would poll twice and tell twice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, text

from labelwatch.store.engine import database_file, make_engine, read_url
from labelwatch.store.errors import AlreadyRunning, Fault, StoreError, name_of

_KEY = 0x6C6162656C0002


@contextmanager
def single_instance(url: str) -> Iterator[None]:
    """Hold a database for this process; AlreadyRunning, naming the other's pid, when somebody else does.

    The lock is the operating system's (SQLite: on a file beside the database) or the server's (PostgreSQL): it
    goes when its holder goes, however that happens.
    """
    parsed = read_url(url)
    hold = _file if parsed.get_backend_name() == "sqlite" else _session
    with hold(parsed):
        yield


@contextmanager
def _file(url: URL) -> Iterator[None]:
    path = database_file(url).with_name(database_file(url).name + ".lock")
    lock = FileLock(path, timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as e:
        raise AlreadyRunning(Fault.BUSY, _already(url, _pid_in(path))) from e
    except OSError as e:
        raise StoreError(Fault.READ_ONLY, f"the lock {path} cannot be taken: {e.strerror}") from e
    try:
        path.write_text(f"{os.getpid()}\n")
        yield
    finally:
        lock.release()


def _pid_in(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


@contextmanager
def _session(url: URL) -> Iterator[None]:
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            if not conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}):
                raise AlreadyRunning(Fault.BUSY, _already(url, _holder(conn)))
            conn.commit()
            yield
    finally:
        engine.dispose()


def _holder(conn: Connection) -> str:
    """The application name that the other's connection gave, which has its pid."""
    query = """
        SELECT activity.application_name FROM pg_locks locks JOIN pg_stat_activity activity USING (pid)
        WHERE locks.locktype = 'advisory' AND locks.granted
          AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (locks.classid::bigint << 32) + locks.objid::bigint = :key
    """
    name = conn.scalar(text(query), {"key": _KEY}) or ""
    return str(name).removeprefix("labelwatch[").removesuffix("]")


def _already(url: URL, pid: str) -> str:
    who = f"another labelwatch (pid {pid})" if pid else "another labelwatch"
    return f"{who} works on {name_of(url)} already"
