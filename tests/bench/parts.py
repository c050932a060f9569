"""What a poll is made of, each part alone over the same pages, with labelwatch's own functions."""

import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from labelwatch.core.lateness import Watch, track
from labelwatch.core.policy import DelayPolicy
from labelwatch.core.posting import MethodHistory, Posting
from labelwatch.polling.buffer import Buffer
from labelwatch.sources import Item
from labelwatch.sources.ozon.errors import Answer
from labelwatch.sources.ozon.parse import page, read
from labelwatch.sources.ozon.transport import HttpClient
from labelwatch.store import Change, Store, open_store
from tests.bench.contestants import database
from tests.bench.contestants.limit import Limit
from tests.bench.contestants.ours import Ours
from tests.bench.fake import Fake
from tests.bench.world import PAGE

T = TypeVar("T")

_PATH = "/v4/posting/fbs/unfulfilled/list"
_OTHERS = "posting_id IN (SELECT id FROM posting WHERE shop_id = 2)"
_TABLES = {"posting": "shop_id = 2", "history": _OTHERS, "label_evidence": _OTHERS}
_WATCH = Watch("main", DelayPolicy(), MethodHistory())


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a poll: which polls pay for it (`first` includes `unchanged`), and microseconds per posting."""

    name: str
    paid_by: str
    microseconds: float


class Stopwatch:
    """Collects parts; each is timed several times and the quickest counts, so that neighbours do not."""

    def __init__(self, postings: int) -> None:
        self.parts: list[Part] = []
        self._postings = postings

    def time(self, name: str, paid_by: str, job: Callable[[], T], rounds: int = 5) -> T:
        """Add a part; what the job returned last."""
        quickest = float("inf")
        for _ in range(rounds):
            began = perf_counter()
            result = job()
            quickest = min(quickest, perf_counter() - began)
        self.parts.append(Part(name, paid_by, quickest / self._postings * 1e6))
        return result


def measure(fake: Fake, folder: Path, *, postings: int) -> list[Part]:
    """All parts, in the order in which a poll pays for them."""
    fake.stock(postings)
    for name in ("limit", "ours", "bare"):
        (folder / name).mkdir(parents=True)
    watch = Stopwatch(postings)
    items = _reading(watch, fake, folder / "limit", postings=postings)
    with closing(Ours(fake.port, folder / "ours")) as ours:
        _known(watch, ours, items)
        _changed(watch, ours.store, items)
    _bare(watch, database(folder / "ours"), folder / "bare")
    return watch.parts


def _reading(watch: Stopwatch, fake: Fake, folder: Path, *, postings: int) -> list[list[Item]]:
    """From the socket to hashed slices."""
    limit = Limit(fake.port, folder)
    packed = watch.time("transfer, bare socket", "", lambda: list(limit.bodies(-(-postings // PAGE))))
    limit.close()
    wire = HttpClient(
        fake.url, {"Accept-Encoding": "gzip"}, timeout=timedelta(seconds=30), proxy=lambda _: "", secret="key"
    )
    questions = [b'{"cursor":"%d"}' % which for which in range(len(packed))]
    answers = watch.time(
        "transfer and inflate", "unchanged", lambda: [wire.post(_PATH, asked) for asked in questions]
    )
    wire.close()
    watch.time("of which inflate", "", lambda: [zlib.decompress(body, wbits=31) for body in packed])
    return watch.time("slice and hash", "unchanged", lambda: _sliced(answers))


def _sliced(answers: Sequence[Answer]) -> list[list[Item]]:
    return [list(page(answer).items) for answer in answers]


def _known(watch: Stopwatch, ours: Ours, items: Sequence[Sequence[Item]]) -> None:
    """What an unchanged poll asks the database."""
    ours.poll()
    store, now = ours.store, datetime.now(UTC)
    digests = [[item.digest for item in some] for some in items]
    watch.time("compare hashes", "unchanged", lambda: [store.postings.unchanged(1, some) for some in digests])
    watch.time("who left the list", "unchanged", lambda: store.postings.open_ids(1))
    watch.time("detect", "unchanged", lambda: list(store.postings.due(1, now)))


def _changed(watch: Stopwatch, store: Store, items: Sequence[Sequence[Item]]) -> None:
    """What a posting costs that is new; one that changed costs about the same."""
    store.shops.sync([("main", "1"), ("other", "2")])
    now = datetime.now(UTC)
    postings = watch.time("decode", "first", lambda: [read(item) for some in items for item in some])
    numbers = [[posting.number for posting in some] for some in _hundreds(postings)]
    watch.time("ask what is known", "first", lambda: [store.postings.known(2, some) for some in numbers])
    changes = watch.time("track", "first", lambda: [_change(posting, now) for posting in postings])
    batches = watch.time("spool", "first", lambda: _spooled(changes))
    watch.time("write", "first", lambda: _write(store, batches), rounds=1)


def _bare(watch: Stopwatch, written: Path, folder: Path) -> None:
    """What sqlite3 alone takes for the same rows in the same tables, with their indexes."""
    with closing(open_store(f"sqlite:///{database(folder)}")) as store:
        store.upgrade()
    with closing(sqlite3.connect(written)) as source, closing(sqlite3.connect(database(folder))) as target:
        target.execute("PRAGMA synchronous = FULL")
        rows = {
            name: source.execute(f"SELECT * FROM {name} WHERE {which}").fetchall() for name, which in _TABLES.items()
        }
        watch.time("of which sqlite3 alone", "", lambda: _copy(target, rows), rounds=1)


def _copy(target: sqlite3.Connection, rows: Mapping[str, Sequence[tuple[object, ...]]]) -> None:
    for table, some in rows.items():
        target.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(some[0]))})", some)
    target.commit()


def _hundreds(postings: Sequence[Posting]) -> list[Sequence[Posting]]:
    return [postings[start : start + 100] for start in range(0, len(postings), 100)]


def _change(posting: Posting, now: datetime) -> Change:
    seen = _WATCH.with_late_at(posting, track(None, posting, seen_at=now, not_before=None))
    # Any number is a hash here, as long as each posting has its own.
    return Change(posting, seen, digest=hash(posting.number), is_open=True, seen_at=now, not_before=None)


def _spooled(changes: Sequence[Change]) -> list[list[Change]]:
    with Buffer(Change) as buffer:
        for change in changes:
            buffer.add(change)
        return list(buffer.batches(500))


def _write(store: Store, batches: Sequence[Sequence[Change]]) -> None:
    with store.write() as tx:
        for some in batches:
            tx.postings.put(2, some)
