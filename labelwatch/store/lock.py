"""Lets one instance at a time use a database: two would poll and notify twice."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, text

from labelwatch.store.engine import database_file, make_engine, read_url
from labelwatch.store.errors import AlreadyRunning, Fault, StoreError, name_of

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between two checks that the server still holds our lock."""
_KEY = 0x6C6162656C0002


def _log_lost(error: AlreadyRunning) -> None:
    log.critical("%s", error)


@contextmanager
def single_instance(url: str, *, lost: Callable[[AlreadyRunning], None] = _log_lost) -> Iterator[None]:
    """Hold a database for this process; AlreadyRunning, naming the other's pid, if another process holds it.

    The lock is the operating system's (SQLite: on a file beside the database) or the server's (PostgreSQL): it is
    released when its holder ends, in any way. A server also drops it with the connection; then it is taken again, and
    `lost` is called, in another thread, if another process was faster.
    """
    parsed = read_url(url)
    with _file(parsed) if parsed.get_backend_name() == "sqlite" else _session(parsed, lost):
        yield


def holder(url: str) -> str | None:
    """The process id that holds a database (empty = unknown); None = no process does."""
    parsed = read_url(url)
    return _holder_of_file(parsed) if parsed.get_backend_name() == "sqlite" else _holder_of_server(parsed)


@contextmanager
def _file(url: URL) -> Iterator[None]:
    from filelock import FileLock, Timeout  # many modules, which a command that only reads does not need

    path = _lock_of(url)
    lock = FileLock(path, timeout=0, mode=0o600)  # any user who can read it can hold it
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():  # an earlier version made it readable for everybody
            path.chmod(0o600)
        lock.acquire()
    except Timeout as e:
        raise AlreadyRunning(Fault.BUSY, _already(url, _pid_in(path))) from e
    except OSError as e:
        raise StoreError(Fault.READ_ONLY, f"the lock {path} cannot be taken: {e.strerror}") from e
    try:
        with suppress(PermissionError):  # Windows forbids writing into a locked file: the pid is then unknown
            path.write_text(f"{os.getpid()}\n")
        yield
    finally:
        lock.release()


def _lock_of(url: URL) -> Path:
    return database_file(url).with_name(database_file(url).name + ".lock")


def _holder_of_file(url: URL) -> str | None:
    path = _lock_of(url)
    if not path.exists():
        return None
    from filelock import FileLock, Timeout

    try:
        FileLock(path, timeout=0).acquire().lock.release()
    except Timeout:
        return _pid_in(path)
    except OSError:  # we have no access to it, and so none to the database
        return None
    return None


def _holder_of_server(url: URL) -> str | None:
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            return _holder(conn)
    finally:
        engine.dispose()


def _pid_in(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


@contextmanager
def _session(url: URL, lost: Callable[[AlreadyRunning], None]) -> Iterator[None]:
    engine, ended = make_engine(url), threading.Event()
    try:
        held = _taken(engine)
        watch = threading.Thread(target=_keep, args=(engine, held, ended, lost), name="instance lock", daemon=True)
        watch.start()
        try:
            yield
        finally:
            ended.set()
            watch.join()
    finally:
        engine.dispose()


def _taken(engine: Engine) -> Connection:
    """The session that holds the lock, while it lasts."""
    conn = engine.connect()
    try:
        if not conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}):
            raise AlreadyRunning(Fault.BUSY, _already(engine.url, _holder(conn) or ""))
        conn.commit()
    except BaseException:
        conn.close()
        raise
    return conn


def _keep(engine: Engine, held: Connection, ended: threading.Event, lost: Callable[[AlreadyRunning], None]) -> None:
    """Check the session, and take the lock again in a new one when it is gone."""
    try:
        while not ended.wait(LOOK_EVERY):
            try:
                if not _is_alive(held):
                    held = _taken(engine)
                    log.warning("the server dropped the lock on %s: taken again", name_of(engine.url))
            except AlreadyRunning as error:
                lost(error)
                return
            except StoreError:  # the server is down, so no other process can use it either
                continue
    finally:
        held.close()


def _is_alive(held: Connection) -> bool:
    if held.closed:
        return False
    try:
        held.scalar(text("SELECT 1"))
        held.commit()
    except StoreError:
        held.close()
        return False
    return True


def _holder(conn: Connection) -> str | None:
    """The pid of the holder of the lock, from the application name of its connection; None = no holder."""
    query = """
        SELECT activity.application_name FROM pg_locks locks JOIN pg_stat_activity activity USING (pid)
        WHERE locks.locktype = 'advisory' AND locks.granted
          AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (locks.classid::bigint << 32) + locks.objid::bigint = :key
    """
    name = conn.scalar(text(query), {"key": _KEY})
    return None if name is None else str(name).removeprefix("labelwatch[").removesuffix("]")


def _already(url: URL, pid: str) -> str:
    if pid and not _process_exists(pid):
        return f"a program that is not labelwatch holds the lock of {name_of(url)} (see fuser or lsof)"
    who = f"another instance (pid {pid})" if pid else "another instance"
    return f"{who} is using {name_of(url)}"


def _process_exists(pid: str) -> bool:
    """Whether this process exists; True if that is unknown."""
    if os.name == "nt" or not pid.isdecimal():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
