"""Copies of a SQLite database: made every night, restored, and used when the database is damaged.

A damaged database is never deleted: all of its files are renamed to `<name>.corrupt-<time>`, and while they exist
no empty database is created in their place by accident (engine.py).
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from shutil import disk_usage

from sqlalchemy import URL, Engine

from labelwatch.store.engine import ASIDE, database_file, for_scanning, make_engine, read_url
from labelwatch.store.errors import Fault, StoreError
from labelwatch.store.health import quick_check
from labelwatch.store.maintenance import backup, copy, to_disk

FOLDER = "backups"
"""Beside the database; an installation also puts its copies from before an upgrade there."""
KEPT = 3
_ENDS = ("", "-wal", "-shm")
"""Together they are one database, under another name too."""


def keep_copy(engine: Engine, now: datetime) -> Path | None:
    """Copy a SQLite database into the folder beside it, which keeps the last three copies; None = there is no space
    for it, or PostgreSQL, which is copied with pg_dump."""
    if engine.dialect.name != "sqlite":
        return None
    file = database_file(engine.url)
    folder = file.parent / FOLDER
    if disk_usage(file.parent).free < 2 * file.stat().st_size:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder / f"nightly-{now:%Y%m%dT%H%M%SZ}.db"
    backup(engine, made)
    keep_newest(made, KEPT)
    return made


def keep_newest(made: Path, kept: int) -> None:
    """Remove the older of the copies beside this one, which stays: named like it up to the last hyphen, behind which
    is a time, so nothing else that begins alike."""
    start, hyphen, time = made.name.rpartition("-")
    if not hyphen:
        return
    alike = re.compile(re.escape(start + hyphen) + re.sub(r"\d", r"\\d", re.escape(time)))
    copies = (one for one in made.parent.iterdir() if one.name != made.name and alike.fullmatch(one.name))
    for old in sorted((one for one in copies if one.is_file() and not one.is_symlink()), reverse=True)[kept - 1 :]:
        old.unlink(missing_ok=True)


def damage(url: str) -> str:
    """What a check of a whole SQLite file finds wrong with it; empty = nothing, no file yet, or PostgreSQL.
    StoreError when it cannot be opened for another reason."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite":
        return ""
    try:
        with _engine_of(parsed) as engine, for_scanning(engine).connect() as conn:
            return "; ".join(quick_check(conn))
    except StoreError as error:
        if error.fault is Fault.NOT_SET_UP:
            return ""
        if error.fault is not Fault.CORRUPT:
            raise
        return str(error)


@contextmanager
def _engine_of(url: URL) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def set_aside(url: str, now: datetime) -> Path | None:
    """Rename a damaged SQLite file; None = there is no file, so that was done before."""
    file = database_file(read_url(url))
    if not file.exists():
        return None
    aside = Path(f"{file}{ASIDE}{now:%Y%m%dT%H%M%SZ}")
    try:
        _rename(file, aside)
    except OSError as e:
        raise StoreError(Fault.READ_ONLY, f"the damaged {file} cannot be renamed: {e.strerror}") from e
    return aside


def put_back_latest(url: str) -> Path | None:
    """Restore the newest good copy of a SQLite file that is missing; None = there is none."""
    file = database_file(read_url(url))
    for found in _copies(file):
        try:
            _put_back(found, file, aside=None)
        except StoreError:
            continue
        return found
    return None


def restore(url: str, found: Path, *, aside: Path) -> None:
    """Replace a SQLite database by a copy and rename the old one to `aside`; changes nothing until the copy is whole.

    Nobody else may use the database meanwhile; open connections reconnect to the restored file (engine.py). The old
    database may be damaged: it is not read.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(Fault.REFUSED, "a PostgreSQL database is restored with pg_restore")
    _put_back(found, database_file(parsed), aside=aside)


def _put_back(found: Path, file: Path, *, aside: Path | None) -> None:
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        _copy_own(found, unfinished)
        to_disk(unfinished)
        if aside is not None:
            _rename(file, aside)
        unfinished.replace(file)
    except OSError as e:
        raise StoreError(Fault.REFUSED, f"{file} cannot be restored from {found}: {e.strerror}") from e
    finally:
        unfinished.unlink(missing_ok=True)


def _rename(file: Path, to: Path) -> None:
    for end in _ENDS:
        if Path(f"{file}{end}").exists():
            Path(f"{file}{end}").replace(f"{to}{end}")


def _copy_own(source: Path, target: Path) -> None:
    """Copy a database written by this program, and nothing else."""
    if not source.is_file():
        raise StoreError(Fault.REFUSED, f"there is no backup {source}")
    try:
        with closing(sqlite3.connect(source)) as found:
            is_ours = found.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        if is_ours:
            copy(source, target)
            return
    except sqlite3.Error as e:
        raise StoreError(Fault.REFUSED, f"{source} cannot be read as a database: {e}") from e
    raise StoreError(Fault.REFUSED, f"{source} is not a backup of labelwatch")


def _copies(file: Path) -> Iterator[Path]:
    """Possible copies of this database, newest first."""
    beside = (
        one for one in file.parent.iterdir() if one.name.startswith(f"{file.name}.") and one.suffix == ".backup"
    )
    folder = file.parent / FOLDER
    found = [*beside, *(folder.glob("*.db") if folder.is_dir() else ())]
    yield from sorted(found, key=lambda one: one.stat().st_mtime, reverse=True)
