"""A SQLite database as an older version would have left it: its tables, and the rows that they can hold."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config

from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.store.engine import for_writing, make_engine, read_url
from labelwatch.store.migrate import scripts


def make_older(file: Path, revision: str = "0001") -> None:
    """Put in the place of a database what it was at a revision."""
    old = file.with_name("older.db")
    upgraded(f"sqlite:///{old}", revision)
    _copy_rows(file, old)
    for end in ("", "-wal", "-shm"):
        Path(f"{file}{end}").unlink(missing_ok=True)
    old.replace(file)


def upgraded(url: str, revision: str) -> None:
    """Make a new database with the tables of a revision."""
    engine = make_engine(read_url(url), makes_file=True)
    with for_writing(engine).begin() as conn:
        config = Config()
        config.set_main_option("script_location", str(scripts()))
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    engine.dispose()


def _copy_rows(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as conn:
        conn.execute(f"ATTACH '{source}' AS new")
        for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table != "alembic_version" and not table.startswith("sqlite_"):
                columns = ", ".join(row[1] for row in conn.execute(f"PRAGMA table_info({table})"))
                conn.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}")
        for table, column in (("alert", "diagnosis"), ("notification", "snapshot")):
            for id_, text in conn.execute(f"SELECT id, {column} FROM {table}").fetchall():
                conn.execute(
                    f"UPDATE {table} SET {column} = ? WHERE id = ?", (json.dumps(_older(json.loads(text))), id_)
                )
        for table, column in (("notification", "error"), ("channel", "error"), ("attempt", "said")):
            for id_, text in conn.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} <> ''").fetchall():
                sentence = translate(msgspec.json.decode(text, type=Text), "en")
                conn.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (sentence, id_))
        conn.execute("DETACH new")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _older(stored: dict[str, Any]) -> dict[str, Any]:
    """An alert or diagnosis of a posting with its number in it, as it was before subjects."""
    if "diagnosis" in stored:
        return stored | {"diagnosis": _older(stored["diagnosis"])}
    posting = stored.pop("subject")["posting"]
    said = [one | {"because": "restrictions are kept"} for one in stored["ruled_out"]]
    own = {"shop": posting["shop"], "posting_number": posting["number"], "incident": None}
    return stored | own | {"ruled_out": said}
