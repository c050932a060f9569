"""A SQLite database as an older version would have left it: its tables, and the rows that they can hold."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from labelwatch.store.engine import for_writing, make_engine, read_url
from labelwatch.store.migrate import scripts


def make_older(file: Path, revision: str = "0001") -> None:
    """Put in the place of a database what it was at a revision."""
    old = file.with_name("older.db")
    engine = make_engine(read_url(f"sqlite:///{old}"), makes_file=True)
    with for_writing(engine).begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(scripts()))
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    engine.dispose()
    _copy_rows(file, old)
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)
    old.replace(file)


def _copy_rows(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as conn:
        conn.execute(f"ATTACH '{source}' AS new")
        for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table != "alembic_version" and not table.startswith("sqlite_"):
                columns = ", ".join(row[1] for row in conn.execute(f"PRAGMA table_info({table})"))
                conn.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
        conn.execute("DETACH new")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
