"""The store as the other parts see it: every question and every change, each in a transaction of its own."""

import threading
import time
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import astuple
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from labelwatch.core.alert import Alert, Reason
from labelwatch.core.enrichment import Answer, Question
from labelwatch.core.posting import Known, Stage
from labelwatch.store import alerts, answers, backup, maintenance, migrate, outbox, postings, shops, verdicts
from labelwatch.store.board import Board
from labelwatch.store.charts import Charts
from labelwatch.store.clock_skew import ClockSkews
from labelwatch.store.condition import FailureCounts
from labelwatch.store.engine import BUSY_SECONDS, for_looking_through, for_writing, make_engine, read_url
from labelwatch.store.errors import Fault, StoreError, name_of
from labelwatch.store.export import Export
from labelwatch.store.metrics import MetricCounts
from labelwatch.store.outgoing import Outgoing
from labelwatch.store.tokens import OneTimeTokens
from labelwatch.store.transaction import Transaction
from labelwatch.store.values import (
    Evidence,
    HistoryRow,
    OutboxRow,
    OutboxState,
    PollRow,
    Pruned,
    QuarantineRow,
    ShopState,
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


def _breathe(worked: float) -> None:
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
        self.outgoing = Outgoing(self._read)
        self.board = Board(self._read)
        self.plots = Charts(self._read)
        self.export = Export(self._read)
        self.tokens = OneTimeTokens(self._read, self._write)
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

    # --- shops

    def shops(self) -> list[ShopState]:
        """All shops that were ever configured, by name."""
        with self._read() as conn:
            return shops.shops(conn)

    def shop(self, name: str) -> ShopState | None:
        """One shop by its name in the config."""
        with self._read() as conn:
            return shops.named(conn, name)

    def sync_shops(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Make the (name, client id) pairs of the config stand in the database; nothing is removed."""
        with self._write() as conn:
            shops.sync(conn, wanted)

    def last_polls(self) -> dict[str, PollRow]:
        """Shop name -> its last poll."""
        with self._read() as conn:
            return shops.last_polls(conn)

    def open_counts(self) -> dict[str, int]:
        """Shop name -> how many of its postings are open."""
        with self._read() as conn:
            return shops.open_counts(conn)

    def quarantined(self, since: datetime) -> list[QuarantineRow]:
        """The postings that could not be read, seen after `since`, latest first."""
        with self._read() as conn:
            return shops.quarantined(conn, since)

    # --- postings

    def unchanged(self, shop_id: int, digests: Sequence[int]) -> dict[int, int]:
        """Digest -> posting id, for open postings whose bytes are as they were stored. Writes nothing."""
        with self._read() as conn:
            return postings.unchanged(conn, shop_id, digests)

    def known(self, shop_id: int, numbers: Sequence[str]) -> dict[str, Known]:
        """The postings of a shop by number, closed ones too; those never stored are left out."""
        with self._read() as conn:
            return postings.known(conn, shop_id, numbers)

    def known_by_id(self, ids: Sequence[int]) -> list[Known]:
        """Postings by id, in no particular order."""
        with self._read() as conn:
            return postings.known_by_id(conn, ids)

    def find(self, number: str) -> dict[str, Known]:
        """Shop name -> the posting of that number, over all shops."""
        with self._read() as conn:
            return postings.found(conn, number)

    def open_ids(self, shop_id: int) -> "array[int]":
        """The ids of all open postings of a shop, 8 bytes each."""
        with self._read() as conn:
            return postings.open_ids(conn, shop_id)

    def all_open(self, shop_id: int) -> Iterator[list[Known]]:
        """All open postings of a shop, some hundreds at a time; no transaction stays open in between."""
        for ids in postings.chunks(self.open_ids(shop_id)):
            yield self.known_by_id(ids)

    def due(self, shop_id: int, now: datetime) -> Iterator[Known]:
        """The open postings that are late at `now`; costs what it finds, not what is open."""
        with self._read() as conn:
            late = postings.due_ids(conn, shop_id, now)
        for ids in postings.chunks(late):
            yield from self.known_by_id(ids)

    def history(self, posting_id: int) -> list[HistoryRow]:
        """Everything a posting was seen to be, oldest first."""
        with self._read() as conn:
            return postings.history_of(conn, posting_id)

    def evidence(self, posting_id: int) -> list[Evidence]:
        """What is known of a posting's label, oldest first."""
        with self._read() as conn:
            return postings.evidence_of(conn, posting_id)

    def labelled_methods(self, shop_id: int) -> frozenset[str]:
        """Ozon's ids of the delivery methods that have offered a label at least once."""
        return frozenset(self.method_names(shop_id))

    def method_names(self, shop_id: int) -> dict[str, str]:
        """Ozon's id -> the name of the delivery methods that have offered a label at least once."""
        with self._read() as conn:
            return postings.labelled_methods(conn, shop_id)

    def handed_over_unlabelled(self, shop_id: int) -> dict[str, int]:
        """Ozon's method id -> how many of its postings were watched until they went out, and never had a label."""
        with self._read() as conn:
            return postings.handed_over_unlabelled(conn, shop_id)

    def answers(self, shop_id: int, subjects: Sequence[str], *, since: datetime) -> dict[Question, Answer]:
        """What Ozon answered about these posting numbers and about the shop itself, asked after `since`."""
        with self._read() as conn:
            return answers.read(conn, shop_id, subjects, since=since)

    def waits(self, shop_id: int, stage: Stage, *, since: datetime, error: timedelta) -> dict[str, list[timedelta]]:
        """Ozon's method id -> how long (at most) postings that left `stage` after `since` had stood in it.

        Only those known to within `error`: what ended while nobody looked says nothing of what is normal.
        """
        with self._read() as conn:
            return postings.waits(conn, shop_id, stage, since=since, error=error)

    def label_waits(self, shop_id: int, *, since: datetime, error: timedelta) -> dict[str, list[timedelta]]:
        """Ozon's method id -> how long its labels took, as `waits`."""
        return self.waits(shop_id, Stage.LABEL, since=since, error=error)

    # --- alerts

    def alerts(
        self,
        *,
        shops: Collection[str] | None = None,
        posting_number: str | None = None,
        open_only: bool = True,
        resolved_since: datetime | None = None,
    ) -> list[Alert]:
        """Alerts of shops, not incidents, oldest first. `posting_number` "" = those of shops themselves.

        With open_only=False also the resolved ones, with `resolved_since` only those resolved after it.
        """
        with self._read() as conn:
            return alerts.read(
                conn,
                shops=shops,
                posting_number=posting_number,
                open_only=open_only,
                resolved_since=resolved_since,
            )

    def has_missed(self, shop_id: int, *, since: datetime | None, until: datetime) -> bool:
        """Whether a deadline of the shop passed after `since`, and by `until`, of which nobody has been told."""
        if since is not None and since >= until:
            return False
        with self._read() as conn:
            return alerts.has_missed(conn, shop_id, since=since, until=until)

    def incidents(self, *, open_only: bool = True, resolved_since: datetime | None = None) -> list[Alert]:
        """The alerts of incidents, oldest first; `resolved_since` as in `alerts`."""
        with self._read() as conn:
            return alerts.incidents(conn, open_only=open_only, resolved_since=resolved_since)

    def change_alert(
        self, posting_number: str | None, how: Callable[[Alert], Alert | None], *, shop: str | None = None
    ) -> list[Alert]:
        """Put `how` to the open alerts of a posting or of an incident's key (None = of shops themselves); what it
        returns is saved.

        Tells what was saved; empty = no such alert, or `how` returned None.
        """
        with self.write() as tx:
            return tx.change_alert(posting_number, how, shop=shop)

    def record_verdict(
        self, shop_id: int, posting_number: str, *, said: str, really: str, by: str, at: datetime, note: str = ""
    ) -> None:
        """Note what a cause that was named (`said`) really was; judging the same again corrects it."""
        with self._write() as conn:
            verdicts.record(conn, shop_id, posting_number, said=said, really=really, by=by, note=note, at=at)

    def verdicts(self) -> list[tuple[str, str, int]]:
        """(the cause that was named, what it really was, how many postings), by name."""
        with self._read() as conn:
            return verdicts.counts(conn)

    # --- outbox

    def claim(
        self,
        channel: str,
        *,
        now: datetime,
        lease_until: datetime,
        key: str,
        limit: int = 2000,
        only: Reason | None = None,
    ) -> list[OutboxRow]:
        """Take what one message to a channel is to be made of; nobody else gets these rows before `lease_until`.

        A message begun before, whose lease ran out or that may have arrived, goes first: whole, with its old
        `message_key` and `possible_duplicate`. Otherwise all that is due (`only` for that reason), under `key`. What
        expired, expires.
        """
        with self._write() as conn:
            return outbox.claim(conn, channel, now=now, lease_until=lease_until, key=key, limit=limit, only=only)

    def join(self, channel: str, *, now: datetime, lease_until: datetime, key: str) -> list[OutboxRow]:
        """Take what would be told later as well, as part of the message that was just claimed under this key."""
        with self._write() as conn:
            return outbox.join(conn, channel, now=now, lease_until=lease_until, key=key, limit=2000)

    def supersede(self, ids: Sequence[int], *, why: str) -> int:
        """Drop waiting rows that newer ones made pointless; how many still waited."""
        with self._write() as conn:
            return outbox.supersede(conn, ids, why=why)

    def release(self, ids: Sequence[int]) -> int:
        """Give leased rows back unsent, at a clean stop; how many were."""
        with self._write() as conn:
            return outbox.release(conn, ids)

    def retry(self, ids: Sequence[int], *, at: datetime, expires_at: datetime) -> int:
        """Queue rows again that ended as dead, expired or superseded, and hurry those that wait for their next try;
        how many there were."""
        with self._write() as conn:
            return outbox.retry(conn, ids, at=at, expires_at=expires_at)

    def abandon_other_channels(self, channels: Collection[str]) -> int:
        """End what waits for channels that are no longer in the config (as dead); how many rows."""
        with self._write() as conn:
            return outbox.abandon(conn, channels)

    def told_before(self, channel: str, alert_ids: Sequence[int]) -> set[int]:
        """Those of the alerts that this channel was told of at least once."""
        with self._read() as conn:
            return outbox.told_before(conn, channel, alert_ids)

    def next_due(self) -> datetime | None:
        """When the next row can be claimed, over all channels; None = nothing waits."""
        with self._read() as conn:
            return outbox.next_due(conn)

    def notifications(
        self,
        *,
        channel: str | None = None,
        states: Collection[OutboxState] | None = None,
        posting_number: str | None = None,
        since: datetime | None = None,
        ids: Collection[int] | None = None,
        limit: int = 1000,
    ) -> list[OutboxRow]:
        """Notifications, latest first; each argument narrows them down, `since` by when they were queued."""
        with self._read() as conn:
            return outbox.read(
                conn,
                channel=channel,
                states=states,
                posting_number=posting_number,
                since=since,
                ids=ids,
                limit=limit,
            )

    # --- upkeep

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

    def prune(self, before: datetime, *, batch: int = 100, rest: Callable[[float], object] = _breathe) -> Pruned:
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
