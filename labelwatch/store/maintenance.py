"""Maintenance of a database: copies it, checks it for damage, removes old data, reports its size."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Engine, Table, delete, func, select
from sqlalchemy.sql import ColumnElement

from labelwatch.store import answers, decision_inputs, outbox, schedules
from labelwatch.store.engine import database_file
from labelwatch.store.errors import Fault, StoreError, in_words
from labelwatch.store.schema import (
    alert,
    attempt,
    history,
    notification,
    poll,
    posting,
    quarantine,
    shop,
)
from labelwatch.store.schema_settings import charge, settings_snapshot
from labelwatch.store.values import Pruned, Statistics


def backup(engine: Engine, to: Path) -> None:
    """Copy a SQLite database while it is in use; the file gets its name only when it is complete.

    Uses the online backup API, not a copy of the file: that would miss what is in the write-ahead log.
    """
    if engine.dialect.name != "sqlite":
        raise StoreError(Fault.REFUSED, "a PostgreSQL database is backed up with pg_dump --format=custom")
    if to.exists():
        raise StoreError(Fault.REFUSED, f"{to} exists; a backup overwrites nothing")
    unfinished = to.with_name(to.name + ".unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        copy(database_file(engine.url), unfinished)
        to_disk(unfinished)
        unfinished.replace(to)
    except OSError as e:
        raise StoreError(Fault.REFUSED, f"the backup {to} cannot be written: {e.strerror}") from e
    except sqlite3.Error as e:
        raise in_words(engine.url.set(database=str(to)), e) from e
    finally:
        unfinished.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use, and check the copy; StoreError when it is damaged."""
    there = f"{source.absolute().as_uri()}?mode=rw"  # not rwc: never creates a file
    with closing(sqlite3.connect(there, uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        problems = new.execute("PRAGMA quick_check").fetchall()
    if problems != [("ok",)]:
        raise StoreError(Fault.CORRUPT, f"the copy of {source} is damaged: {problems[0][0]}")


def to_disk(file: Path) -> None:
    """Flush the file to the disk."""
    handle = os.open(file, os.O_RDWR)  # Windows flushes only files opened for writing
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check(conn: Connection) -> list[str]:
    """What is wrong inside the database, one line each; empty when it is sound. Reads all of it."""
    if conn.dialect.name != "sqlite":
        return []
    try:
        found = conn.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        orphans = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
    except StoreError as e:
        if e.fault is not Fault.CORRUPT:
            raise
        return [str(e)]  # too damaged even to be checked
    problems = [str(line) for line in found if line != "ok"]
    return problems + [f"row {row[1]} of {row[0]} points to a missing row of {row[2]}" for row in orphans]


def prune_batch(conn: Connection, before: datetime, limit: int, *, polls_before: datetime) -> Pruned:
    """Remove some of what ended before a time, at most `limit` rows of each kind, and outdated answers."""
    schedules.prune(conn, before)
    decision_inputs.prune(conn, before)
    return Pruned(
        postings=_remove(conn, posting, posting.c.closed_at < before, limit),
        alerts=_remove(conn, alert, alert.c.resolved_at < before, limit),
        polls=_remove(conn, poll, poll.c.finished_at < polls_before, limit),
        attempts=_remove(conn, attempt, attempt.c.at < before, limit),
        quarantined=conn.execute(delete(quarantine).where(quarantine.c.last_seen < before)).rowcount,
        answers=answers.prune(conn),
        settings=conn.execute(delete(settings_snapshot).where(settings_snapshot.c.seen_at < before)).rowcount,
        charges=conn.execute(delete(charge).where(charge.c.at < before)).rowcount,
    )


def checkpoint(engine: Engine) -> None:
    """Write SQLite's write-ahead log into the database file, as far as no other connection prevents it.

    A commit does so by itself when the log is long: a clean-up must not leave that to a poll.
    """
    if engine.dialect.name != "sqlite":
        return
    with closing(engine.raw_connection()) as pooled:
        try:
            cast(sqlite3.Connection, pooled.driver_connection).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as e:
            raise in_words(engine.url, e) from e


def _remove(conn: Connection, table: Table, where: ColumnElement[bool], limit: int) -> int:
    some = select(table.c.id).where(where).limit(limit)
    return conn.execute(delete(table).where(table.c.id.in_(some.scalar_subquery()))).rowcount


def release_pages(engine: Engine) -> bool:
    """Return some hundred freed pages to the file system; True when there are more. PostgreSQL does it by itself."""
    if engine.dialect.name != "sqlite":
        return False
    with closing(engine.raw_connection()) as pooled:
        driver = cast(sqlite3.Connection, pooled.driver_connection)
        (before,) = driver.execute("PRAGMA freelist_count").fetchone()
        try:
            # The pragma frees one page at each step, and only a script is stepped to its end.
            driver.executescript("PRAGMA incremental_vacuum(500)")
        except sqlite3.Error as e:
            raise in_words(engine.url, e) from e
        (after,) = driver.execute("PRAGMA freelist_count").fetchone()
    return bool(0 < after < before)


def statistics(conn: Connection, revision: str) -> Statistics:
    """How big the database is."""
    used, free = _bytes(conn)
    return Statistics(
        revision=revision,
        bytes_used=used,
        bytes_free=free,
        shops=_count(conn, shop),
        postings=_count(conn, posting),
        open_postings=_count(conn, posting, posting.c.closed_at.is_(None)),
        history=_count(conn, history),
        open_alerts=_count(conn, alert, alert.c.resolved_at.is_(None)),
        waiting_notifications=_count(conn, notification, outbox.waits),
    )


def _count(conn: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def _bytes(conn: Connection) -> tuple[int, int]:
    if conn.dialect.name != "sqlite":
        return int(conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()), 0
    size, pages, free = (
        int(conn.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_size", "page_count", "freelist_count")
    )
    return size * pages, size * free
