"""The store as the other parts see it: every question and every change, each in a transaction of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from labelwatch.store import backup, maintenance, migrate
from labelwatch.store.board import Board
from labelwatch.store.charts import Charts
from labelwatch.store.clock_skew import ClockSkews
from labelwatch.store.condition import FailureCounts
from labelwatch.store.engine import BUSY_SECONDS, for_looking_through, for_writing, make_engine, read_url
from labelwatch.store.errors import Fault, StoreError, name_of
from labelwatch.store.export import Export
from labelwatch.store.metrics import MetricCounts
from labelwatch.store.repositories import Alerts, Answers, Channels, Outbox, Postings, Shops, Verdicts
from labelwatch.store.tokens import OneTimeTokens
from labelwatch.store.transaction import Transaction
from labelwatch.store.values import (
    Pruned,
    Statistics,
)


def open_store(url: str, *, makes_file: bool = True) -> "Store":
    """A store by URL (sqlite:///file, postgresql://...); makes an empty file where there is none, unless told not to.

    Says StoreError at once when there is no way in. Tables are made by `upgrade()`.
    """
    engine = make_engine(read_url(url), makes_file=makes_file)
    try:
        with engine.connect():
            return Store(engine)
    except BaseException:
        engine.dispose()
        raise


def _pause(worked: float) -> None:
    time.sleep(max(0.05, 2 * worked))


class Store:
    """One database; any number of threads may use it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = for_writing(engine)
        # SQLite's waiting writers sleep and try again, and the unlucky one gives up after some seconds; those of
        # one process may as well queue. Reentrant: a transaction inside another then fails aloud and does not hang.
        self._turn = threading.RLock()
        self.condition = FailureCounts()
        self.postings = Postings(self._read, self._write)
        self.shops = Shops(self._read, self._write)
        self.alerts = Alerts(self._read, self._write)
        self.answers = Answers(self._read, self._write)
        self.outbox = Outbox(self._read, self._write)
        self.channels = Channels(self._read, self._write)
        self.verdicts = Verdicts(self._read, self._write)
        self.tokens = OneTimeTokens(self._read, self._write)
        self.board = Board(self._read, self._write)
        self.charts = Charts(self._read, self._write)
        self.export = Export(self._read, self._write)
        self.gauges = MetricCounts(self._read, engine)
        self.clocks = ClockSkews(self._read, self._write)

    @property
    def name(self) -> str:
        """The database as people know it, without a password."""
        return name_of(self._engine.url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self.condition.counting(writes=False), self._engine.connect() as conn:
            yield conn

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        turn = self._in_turn() if self._engine.dialect.name == "sqlite" else nullcontext()
        with self.condition.counting(writes=True), turn, self._writer.begin() as conn:
            yield conn

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Wait in the queue for as long as SQLite would, and no longer, however many stand before."""
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise StoreError(Fault.BUSY, f"the database {self.name} is being written to; try again in a moment")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: it stands when the block ends, and never was when the block raises."""
        with self._write() as conn:
            yield Transaction(conn)

    # --- the tables

    def revision(self) -> str:
        """The migration the database has reached; empty = it has no tables."""
        with self._read() as conn:
            return migrate.revision(conn)

    def require_current(self) -> None:
        """StoreError when the database is older or newer than this program; writes nothing."""
        with self._read() as conn:
            migrate.require(conn)

    def upgrade(self, backup_to: Path | None = None) -> tuple[str, str]:
        """Make or bring forward the tables; the revisions before (empty = new) and after.

        A SQLite database that is not new is first copied to `backup_to`, if there is anything to do.
        """
        return migrate.upgrade(self._engine, self._writer, backup_to)

    # --- maintenance

    def backup(self, to: Path) -> None:
        """Copy a SQLite database while it is in use; overwrites nothing. PostgreSQL: StoreError naming pg_dump."""
        maintenance.backup(self._engine, to)

    def keep_copy(self, now: datetime) -> Path | None:
        """Copy a SQLite database to the folder `backups` beside it, where the last three such copies stay; None =
        there is no room for it, or PostgreSQL."""
        return backup.keep_copy(self._engine, now)

    def check(self) -> list[str]:
        """What is wrong inside a SQLite database, a line each; empty when it is sound. Reads all of it.

        PostgreSQL looks after its files itself: there the list is always empty.
        """
        with for_looking_through(self._engine).connect() as conn:
            return maintenance.check(conn)

    def prune(self, before: datetime, *, batch: int = 100, rest: Callable[[float], object] = _pause) -> Pruned:
        """Remove what ended before a time, in transactions short enough not to be noticed; how much it was.

        `rest` is called between them with the seconds that the last one took: without it, others who want to write
        would hardly find a gap.
        """
        total = Pruned()
        while True:
            began = time.monotonic()
            with self._write() as conn:
                done = maintenance.prune_batch(conn, before, batch)
            maintenance.fold_log(self._engine)
            total = Pruned(*(a + b for a, b in zip(astuple(total), astuple(done), strict=True)))
            if max(done.postings, done.alerts, done.polls, done.attempts) < batch:
                break
            rest(time.monotonic() - began)
        while maintenance.give_back(self._engine):
            rest(0)
        return total

    def statistics(self) -> Statistics:
        """How big the database is; counts every row."""
        with self._read() as conn:
            return maintenance.statistics(conn, migrate.revision(conn))
