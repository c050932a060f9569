"""`python -m tests.bench.prune [rows]`: five million rows of history thrown away while another process writes.

grow | measure writes alone | prune, and measure the writes beside it | how long it held the lock
"""

import argparse
import multiprocessing
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import event

from labelwatch.store import PollRow, Store, open_store
from labelwatch.store.engine import for_writing, make_engine, read_url
from tests.bench.goals import Goal
from tests.bench.report import Report
from tests.store.build import POSTING, alert, change, notification, put, several, shop_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=400)
PER_POSTING = 8
WRITES_EVERY = 0.02
ALONE = 3.0


@dataclass
class Watch:
    """How long each transaction of the pruning store held the write lock, in seconds, and how big the log was."""

    log: Path
    held: list[float] = field(default_factory=list)
    log_sizes: list[int] = field(default_factory=list)
    began: float = 0.0

    def begins(self) -> None:
        self.began = time.perf_counter()

    def ends(self) -> None:
        self.held.append(time.perf_counter() - self.began)
        self.log_sizes.append(self.log.stat().st_size if self.log.exists() else 0)


def grow(url: str, rows: int) -> None:
    """A shop whose postings ended long ago, each with its history, and one alert in twenty with what was told."""
    with closing(open_store(url)) as store:
        store.upgrade()
        over = change(replace(POSTING, number="over"), seen_at=OLD, is_open=False)
        shop = put(store, over, *several(1000))
        with store.write() as tx:
            told = [alert(f"old-{n}", resolved_at=OLD) for n in range(rows // PER_POSTING // 20)]
            for one, id_ in zip(told, tx.alerts.save(shop, told), strict=True):
                kept = replace(one, id=id_)
                queued = [notification(kept, number=n, channel=name) for n in (1, 2) for name in ("a", "b")]
                tx.outbox.add(queued, created_at=OLD)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        _multiply(conn, rows // PER_POSTING)
        conn.commit()


def _numbers(upto: int) -> str:
    return f"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {upto})"


def _multiply(conn: sqlite3.Connection, postings: int) -> None:
    """As many copies of the one closed posting and of its history; far faster than to store them one by one."""
    columns = [row[1] for row in conn.execute("PRAGMA table_info(posting)")]
    copied = ", ".join(c for c in columns if c not in ("id", "number", "digest", "closed_at"))
    conn.execute(
        f"{_numbers(postings)} INSERT INTO posting (number, digest, closed_at, {copied}) "
        f"SELECT 'copy-' || i, i + 1000000, closed_at - i % 1000, {copied} "
        "FROM posting, n WHERE closed_at IS NOT NULL"
    )
    conn.execute(
        f"{_numbers(PER_POSTING)} INSERT OR IGNORE INTO history "
        "SELECT p.id, h.seen_at + 60000 * i, h.unseen, h.state_id, h.method_id, h.cutoff, h.tracking_number "
        "FROM posting p, n, (SELECT * FROM history JOIN posting ON posting.id = posting_id "
        "WHERE closed_at IS NOT NULL LIMIT 1) h WHERE p.closed_at IS NOT NULL"
    )


def write_as_polls_do(url: str, stop: Event, answers: "SimpleQueue[list[float]]") -> None:
    """A transaction now and then, until told to stop; how long each took, waiting for its turn included."""
    took: list[float] = []
    with closing(open_store(url)) as store:
        shop = shop_id(store)
        answers.put([])
        while not stop.is_set():
            began = time.perf_counter()
            with store.write() as tx:
                tx.postings.put(shop, several(20, status=str(len(took))))
                tx.shops.record_poll(shop, PollRow(NOW, NOW, True, 0, 0, 0, 0, 0))
            took.append(time.perf_counter() - began)
            time.sleep(WRITES_EVERY)
    answers.put(took)


@contextmanager
def writer(url: str) -> Iterator[list[float]]:
    """Another process that writes meanwhile; its times are there when the block has ended."""
    context, took = multiprocessing.get_context("spawn"), list[float]()
    stop, answers = context.Event(), context.SimpleQueue()
    process = context.Process(target=write_as_polls_do, args=(url, stop, answers))
    process.start()
    answers.get()  # it is ready
    yield took
    stop.set()
    took += answers.get()
    process.join()


def measure(url: str, report: Report) -> list[Goal]:
    """Prune a database that was grown, beside a writer."""
    file = Path(url.removeprefix("sqlite:///"))
    watch = Watch(file.with_name(file.name + "-wal"))
    with writer(url) as alone:
        time.sleep(ALONE)
    engine = make_engine(read_url(url))
    event.listen(engine, "begin", lambda conn: watch.begins())
    event.listen(engine, "commit", lambda conn: watch.ends())
    assert for_writing(engine).pool is engine.pool
    before, began = file.stat().st_size, time.perf_counter()
    with closing(Store(engine)) as store:
        rows = store.statistics().history
        with writer(url) as beside:
            removed = store.prune(NOW - timedelta(days=180))
        lasted = time.perf_counter() - began
    after = file.stat().st_size
    figures = [
        ("rows of history before", rows),
        ("postings removed", removed.postings),
        ("seconds it took", lasted),
        ("transactions", len(watch.held)),
        ("a transaction, median ms", 1e3 * _part(watch.held, 0.5)),
        ("a transaction, 99 % ms", 1e3 * _part(watch.held, 0.99)),
        ("a transaction, longest ms", 1e3 * max(watch.held)),
        ("a write alone, median ms", 1e3 * _part(alone, 0.5)),
        ("a write alone, longest ms", 1e3 * max(alone)),
        ("a write beside it, median ms", 1e3 * _part(beside, 0.5)),
        ("a write beside it, 99 % ms", 1e3 * _part(beside, 0.99)),
        ("a write beside it, longest ms", 1e3 * max(beside)),
        ("the log at its longest, MB", max(watch.log_sizes) / 1e6),
        ("the file before, MB", before / 1e6),
        ("the file after, MB", after / 1e6),
    ]
    report.show("old history thrown away", ["what", "measured"], [[name, value] for name, value in figures])
    return [
        Goal("a transaction of pruning, 99 %, ms", 1e3 * _part(watch.held, 0.99), at_most=50),
        Goal("the write-ahead log, MB", max(watch.log_sizes) / 1e6, at_most=67.2),
        Goal("the file after, of the file before", after / before, at_most=0.1),
    ]


def _part(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def main() -> int:
    """Measure and print; 0, goals met or not."""
    parser = argparse.ArgumentParser(prog="tests.bench.prune", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=5_000_000)
    wanted, report = parser.parse_args(), Report(as_json=False)
    with TemporaryDirectory(prefix="labelwatch-bench-") as folder:
        url = f"sqlite:///{folder}/labelwatch.db"
        report.say(f"{wanted.rows:,} rows of history")
        grow(url, wanted.rows)
        report.say("pruning")
        met = measure(url, report)
    rows = [[goal.name, float(goal.measured), goal.wanted, "ok" if goal.is_met else "missed"] for goal in met]
    report.show("goals", ["goal", "measured", "wanted", "verdict"], rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
