"""labelwatch against a slow Ozon and within its rate; and detection where nothing is due, over a full table."""

import sqlite3
from bisect import bisect_left
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from labelwatch.store import Store, open_store
from tests.bench.contestants import database
from tests.bench.fake import Fake
from tests.bench.worker import working
from tests.bench.world import PAGE


@dataclass(frozen=True, slots=True)
class Cycle:
    """An unchanged poll against answers that are `latency` seconds late."""

    pages: int
    latency: float
    seconds: float

    @property
    def stretch(self) -> float:
        """How much longer than waiting alone would take."""
        return self.seconds / (self.pages * self.latency)


def slow_cycle(fake: Fake, folder: Path, *, postings: int, latency: float) -> Cycle:
    """One poll of a known shop, every answer of which comes late."""
    fake.stock(postings)
    with working("labelwatch", fake.port) as worker:
        worker.open(folder)
        worker.poll()
        fake.slow_down(latency)
        seconds = worker.poll().seconds
        fake.slow_down(0)
    return Cycle(-(-postings // PAGE), latency, seconds)


def busiest_second(fake: Fake, folder: Path, *, postings: int, rate: float) -> int:
    """The most requests that came within any one second, when `rate` of them are allowed."""
    fake.stock(postings)
    with working("labelwatch", fake.port, rate) as worker:
        worker.open(folder)
        fake.arrivals()
        worker.poll()
        worker.poll()
    arrivals = fake.arrivals()
    return max(bisect_left(arrivals, at + 1.0) - which for which, at in enumerate(arrivals))


def detection(folder: Path, *, postings: int) -> float:
    """Seconds, the median, to find that none of so many open postings is late by now."""
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    with closing(open_store(f"sqlite:///{database(folder)}")) as store:
        store.upgrade()
        store.shops.sync([("main", "1")])
        _fill(database(folder), postings, now)
        return median(_look(store, now) for _ in range(101))


def _look(store: Store, now: datetime) -> float:
    began = perf_counter()
    due = list(store.postings.due(1, now))
    seconds = perf_counter() - began
    assert not due, "nothing was put there that is late"
    return seconds


_FILL = """
WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < :postings)
INSERT INTO posting (shop_id, number, digest, stage, since_earliest, since_latest, first_seen, late_at,
                     state_id, method_id, tracking_number, details)
SELECT 1, 'N' || n, n * 7919, 'packing', :now, :now, :now, :now + 60000 + n, 1, 1, '', '{}' FROM counter
"""


def _fill(file: Path, postings: int, now: datetime) -> None:
    """Open postings that will all be late in a minute or more, put there by SQL: polls would take too long."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA cache_size = -200000")
        db.execute("INSERT INTO state VALUES (1, 'awaiting_packaging', '', 'ozon', '[]', '[]')")
        db.execute("INSERT INTO delivery_method VALUES (1, 1, '1', 'm', '1', 'w', '1', 'c', NULL)")
        db.execute(_FILL, {"postings": postings, "now": (now + timedelta(0)).timestamp() // 0.001})
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
