"""The store as the other parts see it: every query and every change, each in a transaction of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from labelwatch.store import backup, maintenance, migrate
from labelwatch.store.clock_skew import ClockSkews
from labelwatch.store.condition import FailureCounts
from labelwatch.store.engine import BUSY_SECONDS, for_scanning, for_writing, make_engine, read_url
from labelwatch.store.errors import Fault, StoreError, name_of
from labelwatch.store.export import Export
from labelwatch.store.metrics import MetricCounts
from labelwatch.store.repositories import (
    Alerts,
    Answers,
    Board,
    Carriers,
    Channels,
    Charges,
    Charts,
    Needs,
    Outbox,
    PeriodReports,
    Postings,
    Recorded,
    Schedules,
    Settings,
    Shops,
    Verdicts,
)
from labelwatch.store.tokens import OneTimeTokens
from labelwatch.store.transaction import Transaction
from labelwatch.store.values import (
    Pruned,
    Statistics,
)


def open_store(url: str, *, makes_file: bool = True) -> "Store":
    """A store by URL (sqlite:///file, postgresql://...); creates a missing file, unless told not to.

    Raises StoreError at once if the database cannot be opened. Tables are created by `upgrade()`.
    """
    engine = make_engine(read_url(url), makes_file=makes_file)
    try:
        with engine.connect():
            return Store(engine)
    except BaseException:
        engine.dispose()
        raise


AT_ONCE = 16
"""Threads that use a connection at the same time."""


def _pause(worked: float) -> None:
    time.sleep(max(0.05, 2 * worked))


class Store:
    """One database; thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = for_writing(engine)
        # SQLite's waiting writers sleep and try again, and an unlucky one fails after some seconds; within one
        # process they queue instead. Reentrant: a transaction inside another raises an error instead of a deadlock.
        self._turn = threading.RLock()
        self._turns = 0
        # A connection costs descriptors: many polls may wait for Ozon, but only some of them read at the same time.
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._placed = threading.local()
        self.condition = FailureCounts()
        self.postings = Postings(self._read, self._write)
        self.shops = Shops(self._read, self._write)
        self.alerts = Alerts(self._read, self._write)
        self.answers = Answers(self._read, self._write)
        self.outbox = Outbox(self._read, self._write)
        self.channels = Channels(self._read, self._write)
        self.needs = Needs(self._read, self._write)
        self.settings = Settings(self._read, self._write)
        self.charges = Charges(self._read, self._write)
        self.verdicts = Verdicts(self._read, self._write)
        self.tokens = OneTimeTokens(self._read, self._write)
        self.board = Board(self._read, self._write)
        self.charts = Charts(self._read, self._write)
        self.carriers = Carriers(self._read, self._write)
        self.schedules = Schedules(self._read, self._write)
        self.reports = PeriodReports(self._read, self._write)
        self.recorded = Recorded(self._read, self._write)
        self.export = Export(self._read, self._write)
        self.gauges = MetricCounts(self._read, engine)
        self.clocks = ClockSkews(self._read, self._write)

    @property
    def name(self) -> str:
        """The database in messages, without a password."""
        return name_of(self._engine.url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self.condition.counting(writes=False), self._place(), self._engine.connect() as conn:
            yield conn

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        turn = self._in_turn() if self._engine.dialect.name == "sqlite" else nullcontext()
        with self.condition.counting(writes=True), turn, self._place(), self._writer.begin() as conn:
            yield conn

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Wait while those before get on; if none does for as long as SQLite would wait, another process writes."""
        turns = self._turns
        while not self._turn.acquire(timeout=BUSY_SECONDS):
            if turns == self._turns:
                raise StoreError(Fault.BUSY, f"the database {self.name} is locked by another writer; try again soon")
            turns = self._turns
        try:
            yield
            self._turns += 1
        finally:
            self._turn.release()

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for those who use a connection; a thread needs only one, whatever it nests."""
        if getattr(self._placed, "is_taken", False):
            yield
            return
        with self._places:
            self._placed.is_taken = True
            try:
                yield
            finally:
                self._placed.is_taken = False

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One transaction that only reads."""
        with self._read() as conn:
            yield Transaction(conn)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: commits on success, rolls back on an exception."""
        with self._write() as conn:
            yield Transaction(conn)

    # --- the tables

    def revision(self) -> str:
        """The revision of the database; empty = it has no tables."""
        with self._read() as conn:
            return migrate.revision(conn)

    def require_current(self) -> None:
        """StoreError when the database is older or newer than this program; writes nothing."""
        with self._read() as conn:
            migrate.require(conn)

    def upgrade(self, backup_to: Path | None = None) -> tuple[str, str]:
        """Create or upgrade the schema; returns the revisions before (empty = new) and after.

        An existing SQLite database is first copied to `backup_to`, if there is anything to do.
        """
        return migrate.upgrade(self._engine, self._writer, backup_to)

    # --- maintenance

    def backup(self, to: Path) -> None:
        """Copy a SQLite database while it is in use; overwrites nothing. PostgreSQL: StoreError naming pg_dump."""
        maintenance.backup(self._engine, to)

    def keep_copy(self, now: datetime) -> Path | None:
        """Copy a SQLite database to the folder `backups` beside it, which keeps the last three copies; None = there
        is no space for it, or PostgreSQL."""
        return backup.keep_copy(self._engine, now)

    def check(self) -> list[str]:
        """What is wrong inside a SQLite database, one line each; empty when it is sound. Reads all of it.

        PostgreSQL checks its files itself: there the list is always empty.
        """
        with for_scanning(self._engine).connect() as conn:
            return maintenance.check(conn)

    def prune(
        self,
        before: datetime,
        *,
        polls_before: datetime | None = None,
        batch: int = 100,
        rest: Callable[[float], object] = _pause,
    ) -> Pruned:
        """Remove what ended before a time (polls before another, if given), in short transactions; returns how much.

        `rest` is called between them with the seconds that the last one took: without it, other writers would hardly
        get a turn.
        """
        total = Pruned()
        while True:
            began = time.monotonic()
            with self._write() as conn:
                done = maintenance.prune_batch(conn, before, batch, polls_before=polls_before or before)
            maintenance.checkpoint(self._engine)
            total = Pruned(*(a + b for a, b in zip(astuple(total), astuple(done), strict=True)))
            if max(done.postings, done.alerts, done.polls, done.attempts) < batch:
                break
            rest(time.monotonic() - began)
        while maintenance.release_pages(self._engine):
            rest(0)
        return total

    def statistics(self) -> Statistics:
        """The size of the database; counts every row."""
        with self._read() as conn:
            return maintenance.statistics(conn, migrate.revision(conn))
