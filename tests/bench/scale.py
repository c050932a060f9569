"""labelwatch alone on shops of growing size: how time and memory grow, and what an unchanged poll writes."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import linear_regression, median

from tests.bench.contestants import database
from tests.bench.fake import Fake
from tests.bench.worker import Worker, working

_WAL_HEADER, _FRAME_HEADER = 32, 24


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured on a shop of so many open postings, in a process of its own."""

    postings: int
    first: float
    """Seconds of the first poll."""
    again: float
    """Seconds of an unchanged poll, the median."""
    peak: int
    """Bytes of memory."""
    frames: int
    """Pages of the database that an unchanged poll wrote to the log."""
    new_rows: int
    """Rows that an unchanged poll added to the database, over all tables."""
    row_bytes: float
    """Bytes of the database per row of history, unused room in its pages included."""
    file_bytes: float
    """Bytes of the database per posting, all in all."""


def measure(fake: Fake, sizes: Sequence[int], folder: Path, *, rounds: int) -> list[Size]:
    """Poll a new shop of each size from nothing, then so many times with nothing changed."""
    return [_measure(fake, size, folder / f"size-{size}", rounds=rounds) for size in sizes]


def exponent(sizes: Sequence[Size]) -> float:
    """The slope of the unchanged poll's time over the postings, both as logarithms: 1 is proportional."""
    return linear_regression([log(size.postings) for size in sizes], [log(size.again) for size in sizes]).slope


def growth(sizes: Sequence[Size]) -> float:
    """Bytes of memory for each further open posting, from the second largest shop to the largest."""
    smaller, larger = sizes[-2:]
    return (larger.peak - smaller.peak) / (larger.postings - smaller.postings)


def _measure(fake: Fake, postings: int, folder: Path, *, rounds: int) -> Size:
    fake.stock(postings)
    with working("labelwatch", fake.port) as worker:
        worker.open(folder)
        first = worker.poll().seconds
        worker.poll()  # the second one judges anew, see contest.py
        again = median(worker.poll().seconds for _ in range(rounds))
        peak = worker.peak()
        frames, new_rows = _written(worker, database(folder))
        row_bytes, file_bytes = _room(database(folder), postings)
        return Size(postings, first, again, peak, frames, new_rows, row_bytes, file_bytes)


def _written(worker: Worker, file: Path) -> tuple[int, int]:
    """What one more poll writes: the frames of the log, emptied beforehand, and rows."""
    with closing(sqlite3.connect(file)) as db:
        before = _rows(db)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
        worker.poll()
        log_bytes = Path(f"{file}-wal").stat().st_size
        return (log_bytes - _WAL_HEADER) // (_FRAME_HEADER + size), _rows(db) - before


def _rows(db: sqlite3.Connection) -> int:
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return sum(db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)


def _room(file: Path, postings: int) -> tuple[float, float]:
    """Bytes per row of history, and of the whole file per posting."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        rows = db.execute("SELECT count(*) FROM history").fetchone()[0]
        try:
            used = db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'history'").fetchone()[0]
        except sqlite3.OperationalError:  # this SQLite was built without it
            used = float("nan")
    return used / rows, file.stat().st_size / postings
