"""`db`: schema, backups, damage, and old data."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.options import ConfigFile, Json
from labelwatch.cli.terminal import as_json, say, table, working
from labelwatch.cli.words import phrases
from labelwatch.config import Config

if TYPE_CHECKING:
    from labelwatch.store import Store

Target = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not be there yet.")]
Kept = Annotated[
    int | None,
    typer.Option(
        "--keep",
        metavar="N",
        min=1,
        help="Of the copies beside it whose names differ only in digits behind the last hyphen, keep the N newest "
        "and remove the others; it is no error when there is no database yet.",
    ),
]
Source = Annotated[Path, typer.Argument(metavar="FILE", help="A backup, of this or of another machine.")]


def upgrade(config: ConfigFile = None) -> None:
    """Upgrade the schema, after a backup.

    `run` and `poll` do so by themselves.
    """
    from labelwatch.store import single_instance

    settings = _configuration(config)
    with single_instance(settings.store.url.get_secret_value()), _store(settings, makes_file=True) as store:
        before, after = store.upgrade(_beside(store.name, "backup"))
        what = "current" if before == after else "upgraded" if before else "new"
        say(phrases(settings.language, "db")[what].format(name=store.name, before=before, after=after))


def backup(file: Target, keep: Kept = None, config: ConfigFile = None) -> None:
    """Copy the database while it is in use.

    For PostgreSQL there is pg_dump instead.
    """
    from labelwatch.store.backup import keep_newest
    from labelwatch.store.errors import Fault, StoreError

    settings = _configuration(config)
    said = phrases(settings.language, "db")
    try:
        with _store(settings) as store, working(said["copying"]):
            if keep:
                file.parent.mkdir(mode=0o700, exist_ok=True)
            store.backup(file)
    except StoreError as error:
        if not keep or error.fault is not Fault.NOT_SET_UP:
            raise
        say(str(error))
        return
    if keep:
        keep_newest(file, keep)
    say(said["size"].format(file=file, size=file.stat().st_size))


def restore(file: Source, config: ConfigFile = None) -> None:
    """Replace the database with a backup. Stop the service first.

    The database that was there is kept beside it. What has happened since the backup is not in it: what is late then
    is sent again. For PostgreSQL there is pg_restore instead.
    """
    from labelwatch.store import single_instance
    from labelwatch.store.backup import restore as put_back
    from labelwatch.store.engine import read_url
    from labelwatch.store.errors import name_of

    settings = _configuration(config)
    url, said = settings.store.url.get_secret_value(), phrases(settings.language, "db")
    name = name_of(read_url(url))
    with single_instance(url):
        aside = _beside(name, "replaced")
        with working(said["copying"]):
            put_back(url, file, aside=aside)
    say(said["restored"].format(name=name, file=file, aside=aside))


def check(config: ConfigFile = None, as_document: Json = False) -> None:
    """Look for damage, and say how big it is.

    Reads all of it; a service that runs goes on meanwhile.
    """
    settings = _configuration(config)
    said, names = phrases(settings.language, "db"), phrases(settings.language, "number")
    with _store(settings) as store, working(said["reading"]):
        problems, name = store.check(), store.name
        store.require_current()
        numbers = asdict(store.statistics())
    if as_document:
        as_json({"ok": not problems, "problems": problems, "database": name, "statistics": numbers})
    else:
        table((said["what"], said["how_much"]), [(names[key], str(value)) for key, value in numbers.items()])
        say("\n".join(problems) or said["sound"].format(name=name), style="red" if problems else "green")
    if problems:
        raise typer.Exit(FOUND_TROUBLE)


def prune(config: ConfigFile = None, as_document: Json = False) -> None:
    """Remove what is older than [store] history says.

    `run` does so by itself every night.
    """
    from labelwatch.service.clock import corrected, real_clock

    settings = _configuration(config)
    said, names = phrases(settings.language, "db"), phrases(settings.language, "number")
    with _store(settings) as store, working(said["pruning"]):
        store.require_current()
        now = corrected(real_clock(threading.Event()), store).now()
        removed = asdict(store.prune(now - settings.store.history))
    if as_document:
        as_json(removed)
    else:
        say(said["removed"].format(numbers=", ".join(f"{names[key]} {count}" for key, count in removed.items())))


def _beside(name: str, what: str) -> Path:
    """A new name beside the database."""
    return Path(f"{name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{what}")


def _configuration(path: Path | None) -> Config:
    from labelwatch.cli.open import configuration

    return configuration(path)


@contextmanager
def _store(settings: Config, *, makes_file: bool = False) -> "Iterator[Store]":
    from labelwatch.store import open_store

    store = open_store(settings.store.url.get_secret_value(), makes_file=makes_file)
    try:
        yield store
    finally:
        store.close()
