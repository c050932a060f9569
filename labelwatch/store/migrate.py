"""Upgrades a database to the schema of this program, all or nothing, and refuses one from a newer version.

All migrations run in one transaction that takes the write lock first: if killed half-way, it changes nothing, and
a second program that starts at the same time waits and then finds the work done.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from labelwatch.store.errors import Fault, StoreError, name_of
from labelwatch.store.maintenance import backup
from labelwatch.store.schema import REVISION

_HERE = Path(__file__).resolve().parent.parent
_POSTGRES_LOCK = 0x6C6162656C0001  # any number that never changes


def scripts() -> Path:
    """Where the migrations are: inside the installed package, or beside it in a checkout."""
    installed = _HERE / "migrations"
    return installed if installed.is_dir() else _HERE.parent / "migrations"


def revision(conn: Connection) -> str:
    """The revision of a database; empty when it has no tables."""
    if not inspect(conn).has_table("alembic_version"):
        return ""
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""


def require(conn: Connection) -> None:
    """StoreError unless the database has exactly the revision of this program."""
    there = revision(conn)
    _refuse_newer(conn, there)
    if there != REVISION:
        known = f"is at revision {there}" if there else "has no tables"
        raise StoreError(
            Fault.NOT_SET_UP,
            f"the database {name_of(conn.engine.url)} {known}, this program needs {REVISION}: "
            "run `labelwatch db upgrade`",
        )


def upgrade(engine: Engine, writer: Engine, backup_to: Path | None) -> tuple[str, str]:
    """Run the missing migrations; returns the revisions before (empty = new) and after."""
    with engine.connect() as conn:
        before = revision(conn)
        _refuse_newer(conn, before)
    if before == REVISION:
        return before, before
    if before and backup_to is not None and engine.dialect.name == "sqlite":
        backup(engine, backup_to)
    with writer.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})
        if revision(conn) != REVISION:  # unless another process has just done it
            _run(conn)
    return before, REVISION


def _refuse_newer(conn: Connection, there: str) -> None:
    if there > REVISION:
        raise StoreError(
            Fault.TOO_NEW,
            f"the database {name_of(conn.engine.url)} is at revision {there}, this program knows only {REVISION}: "
            "install the newer labelwatch again, or restore the backup made before it",
        )


def _run(conn: Connection) -> None:
    # Imported here: it takes a fifth of a second that only an upgrade needs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, REVISION)
