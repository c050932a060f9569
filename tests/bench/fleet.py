"""One service over many shops of some dozen postings: speed, lag, CPU a poll, descriptors and memory.

Each number of shops is measured in a process of its own, over a database in which every shop was read before.
"""

import os
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median, quantiles

from labelwatch.app import App, build
from labelwatch.channels import check_url
from labelwatch.config import load
from labelwatch.core.report import Report
from labelwatch.service.scheduler import Service
from tests.bench.fake import Fake

POSTINGS = 30
CHANGED = 0.1
"""The share of answers in which something changed."""
SAMPLE, ROUNDS = 100, 4
"""Shops that are polled again and again to find what one poll costs, and how often."""
AT_ONCE = 8
_KEY = "{number:08x}-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was measured with so many shops; CPU in milliseconds, lags in seconds."""

    shops: int
    every: float
    start: float
    """Seconds from nothing until the service runs."""
    cpu: float
    """Of one poll, beside which nothing else runs."""
    polls: float
    """In one second, by the service."""
    busy: float
    """CPU of the whole service, per poll."""
    lag: float
    lag_99: float
    unread: int
    """Shops that were not read within the time of the measurement although they were due."""
    descriptors: int
    memory: int


def measure(fake: Fake, folder: Path, *, shops: int, every: float, seconds: float) -> Fleet:
    """Poll a sample of so many shops, then let the service run over all of them for some seconds."""
    fake.stock_many(POSTINGS, CHANGED)
    folder.mkdir(parents=True)
    _write_configuration(folder, fake.url, shops=shops, every=every)
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_measured, args=(theirs, folder, shops, every, seconds))
    process.start()
    theirs.close()  # else nobody notices that the process has died
    try:
        return Fleet(**ours.recv())
    finally:
        process.join()


def _write_configuration(folder: Path, url: str, *, shops: int, every: float) -> None:
    lines = [
        f'store.url = "sqlite:///{folder}/labelwatch.db"\naudit.at = ""',
        f'[ozon]\nbase_url = "{url}"\nevery = "{every:g}s"\nrequests_per_second = 50',
        '[[channel]]\nname = "all"\nurl = "json://127.0.0.1:9/x"\nallow_private = true',
    ]
    for number in range(1, shops + 1):
        key = _KEY.format(number=number)
        lines.append(f'[[shop]]\nname = "shop {number:05}"\nclient_id = "{number}"\napi_key = "{key}"')
    (folder / "labelwatch.toml").write_text("\n".join(lines) + "\n", "utf-8")


def _measured(pipe: object, folder: Path, shops: int, every: float, seconds: float) -> None:
    from multiprocessing.connection import Connection

    assert isinstance(pipe, Connection)
    config = load(folder / "labelwatch.toml", environ={}, check_url=check_url)
    with build(replace(config, shops=config.shops[:1]), alone=True) as app:
        app.poll(config.shops[0].name)
        app.poll(config.shops[0].name)
    with build(config, alone=True):
        pass
    _multiply(folder / "labelwatch.db", shops)
    began, stop = time.monotonic(), threading.Event()
    config = load(folder / "labelwatch.toml", environ={}, check_url=check_url)
    with build(config, alone=True, stop=stop) as app:
        app.poller.unchanged.keeps = True
        start = time.monotonic() - began
        cpu = _cpu_of_a_poll(app)
        began_at = _noted(app)
        service = Service(app, stop=stop, notify=lambda _: None, wall=time.time, monotonic=time.monotonic)
        pipe.send(asdict(_run(service, began_at, cpu=cpu, start=start, seconds=seconds, every=every)))


def _cpu_of_a_poll(app: App) -> float:
    names = [name for name, _ in app.shops()][:SAMPLE]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(app.poll, names))
        costs = []
        for _ in range(ROUNDS):
            before = _cpu()
            list(pool.map(app.poll, names))
            costs.append((_cpu() - before) / len(names))
    return 1000 * median(costs)


def _noted(app: App) -> dict[str, list[float]]:
    """When each poll of a shop begins, from now on."""
    began: dict[str, list[float]] = {}
    poll = app.poller.poll

    def noted(shop: str, *, even_if_paused: bool = False) -> Report | None:
        began.setdefault(shop, []).append(time.monotonic())
        return poll(shop, even_if_paused=even_if_paused)

    app.poller.poll = noted  # type: ignore[method-assign]
    return began


def _run(
    service: Service, began_at: dict[str, list[float]], *, cpu: float, start: float, seconds: float, every: float
) -> Fleet:
    thread = threading.Thread(target=service.run)
    before, began = _cpu(), time.monotonic()
    thread.start()
    time.sleep(seconds)
    spent, lasted = _cpu() - before, time.monotonic() - began
    rows = {name: list(times) for name, times in began_at.items()}
    polls = sum(map(len, rows.values()))
    apart = min(1.0, every / len(service.every))
    due = [name for place, name in enumerate(service.every) if place * apart < seconds - 1]
    lags = [times[0] - began - place * apart for place, name in enumerate(due) if (times := rows.get(name))]
    lags += [max(0.0, b - a - every) for times in rows.values() for a, b in pairwise(times)]
    found = Fleet(
        shops=len(service.every),
        every=every,
        start=start,
        cpu=cpu,
        polls=polls / lasted,
        busy=1000 * spent / max(polls, 1),
        lag=median(lags or [0.0]),
        lag_99=quantiles(lags, n=100)[98] if len(lags) > 1 else 0.0,
        unread=sum(name not in rows for name in due),
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        memory=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
    )
    service.stop.set()
    thread.join()
    return found


def _cpu() -> float:
    used = getrusage(RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _multiply(file: Path, shops: int) -> None:
    """Give every shop what the first one has."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TEMP TABLE other AS SELECT id FROM shop WHERE id > 1")
        _copy(db, "delivery_method", {"shop_id": "other.id", "id": _moved("delivery_method.id")})
        posting = {"shop_id": "other.id", "id": _moved("posting.id"), "method_id": _moved("posting.method_id")}
        _copy(db, "posting", posting)
        history = {"posting_id": _moved("history.posting_id"), "method_id": _moved("history.method_id")}
        _copy(db, "history", history)
        _copy(db, "label_evidence", {"posting_id": _moved("label_evidence.posting_id")})
        first = "SELECT read_from, read_at, policy FROM shop WHERE id = 1"
        db.execute(f"UPDATE shop SET (read_from, read_at, policy) = ({first})")
        db.commit()


def _moved(column: str) -> str:
    return f"{column} + 1000 * other.id"


def _copy(db: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(name, f"{table}.{name}") for name in names)
    db.execute(f"INSERT INTO {table} SELECT {values} FROM {table}, other")
