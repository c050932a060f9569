"""The write-ahead log: cut off at any byte it loses no commit, and who reads without an end cannot make it grow for
long."""

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event, text

from labelwatch.store import Fault, Store, StoreError, engine, open_store
from labelwatch.store.engine import make_engine, read_url
from tests.store.build import NOW, put, several

READER = """
import sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("BEGIN")
conn.execute("SELECT count(*) FROM posting").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


def shops_of(folder: Path) -> list[str]:
    with closing(open_store(f"sqlite:///{folder}/labelwatch.db")) as store:
        assert store.check() == []
        return [shop.name for shop in store.shops.all()]


@pytest.mark.fault("P13")
def test_whatever_a_power_cut_leaves_of_the_log_what_was_committed_before_is_there(
    sqlite_url: str, sqlite_store: Store, tmp_path: Path
) -> None:
    log, wanted = tmp_path / "labelwatch.db-wal", [f"shop {n}" for n in range(6)]
    ends = [0]
    for n in range(len(wanted)):
        sqlite_store.shops.sync([(name, name) for name in wanted[: n + 1]])
        ends.append(log.stat().st_size)  # what a commit has written and flushed
    content = log.read_bytes()
    for n, (before, after) in enumerate(pairwise(ends)):
        for cut in (before, (before + after) // 2, after - 1):
            folder = tmp_path / f"{n}-{cut}"
            folder.mkdir()
            shutil.copy(tmp_path / "labelwatch.db", folder)
            (folder / "labelwatch.db-wal").write_bytes(content[:cut] + b"\0" * (cut % 4096))
            assert shops_of(folder) == wanted[:n]


@pytest.mark.fault("P13")
def test_a_commit_is_flushed_to_the_disk_before_it_is_told(sqlite_url: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is needed to see it: apt install strace")
    begin = "import sys; from labelwatch.store import open_store; s = open_store(sys.argv[1]); "
    once = flushes(f"{begin} s.sync_shops([('a', '1')])", sqlite_url)
    twice = flushes(f"{begin} s.sync_shops([('b', '2')]); s.sync_shops([('c', '3')])", sqlite_url)
    assert twice > once > 0


def flushes(code: str, url: str) -> int:
    command = ["strace", "-f", "-e", "trace=fdatasync,fsync", sys.executable, "-c", code, url]
    traced = subprocess.run(command, capture_output=True, text=True, check=False)
    if traced.returncode:
        pytest.skip(f"nothing may be traced here: {traced.stderr[-200:]}")
    return traced.stderr.count("sync(")


@pytest.mark.fault("P15")
def test_a_read_without_an_end_is_broken_off(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "READ_SECONDS", 0.2)
    long = text(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 40000000) SELECT max(i) FROM n"
    )
    began = time.monotonic()
    with pytest.raises(StoreError, match="half a minute") as broken, sqlite_store._read() as conn:
        conn.execute(long)
    assert broken.value.fault is Fault.REFUSED
    assert time.monotonic() - began < 20
    assert sqlite_store.shops.all() == []
    put(sqlite_store, *several(10))


def write_much(store: Store, shop: int, what: str) -> None:
    with store.write() as tx:
        tx.shops.mark_failed(shop, at=NOW, cause="ozon_down", detail=what * 10**6)


@pytest.mark.fault("P15")
def test_what_another_reader_makes_the_log_grow_is_measured_and_cut_off_after_it(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2**20
    bound = make_engine(read_url(sqlite_url))
    event.listen(bound, "connect", lambda conn, _: conn.execute(f"PRAGMA journal_size_limit = {limit}"))
    with closing(Store(bound)) as store:
        shop = put(store, *several(10))
        command = [sys.executable, "-c", READER, str(tmp_path / "labelwatch.db")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            for n in range(8):
                write_much(store, shop, str(n))
            assert store.gauges.files()["wal"] > 2 * limit
            reader.kill()
        for n in range(3):
            put(store, *several(5, status=f"after {n}"))
        assert store.gauges.files()["wal"] <= limit
        with closing(sqlite3.connect(tmp_path / "labelwatch.db")) as conn:
            assert conn.execute("PRAGMA quick_check").fetchall() == [("ok",)]
