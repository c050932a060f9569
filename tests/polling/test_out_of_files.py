"""A process that may open no more files says so of itself; nobody reads that Ozon is down."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from labelwatch.core.policy import Destination
from labelwatch.core.snapshot import Plan
from labelwatch.polling.poll import poll_shop
from labelwatch.sandbox import Sandbox, Shop, TellableClock, World
from labelwatch.sandbox.scenarios.stage import HOME, OZON
from labelwatch.sources.ozon.client import Access, OzonSource
from labelwatch.store import Store, StoreError, open_store
from tests.support.forked import called
from tests.support.poll_world import EVERY, START

resource = pytest.importorskip("resource")
POLLS = 4
PACKERS = Destination(name="packers", language="en", timezone="UTC")
WELL = replace(HOME, key_expires_at=None)


@contextmanager
def no_file_left() -> Iterator[None]:
    """Everything that this process may open is open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
    opened: list[int] = []
    with suppress(OSError):
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        for one in opened:
            os.close(one)


def second_connection(store: Store) -> str:
    """What opening one more connection to the database fails with."""
    found: list[str] = []

    def read() -> None:
        try:
            store.shops.all()
        except StoreError as error:
            found.append(f"{error.fault}: {error}")

    with store.write():
        reader = Thread(target=read)
        reader.start()
        reader.join()
    return "".join(found)


def starved(folder: Path, base_url: str, shop: Shop) -> None:
    """Poll without a file left until people are told, then once more with enough of them."""
    store = open_store(f"sqlite:///{folder}/labelwatch.db")
    store.upgrade()
    store.shops.sync([(shop.name, shop.client_id)])
    access = Access(
        *(shop.client_id, shop.api_key),
        base_url=base_url,
        requests_per_second=1_000,
        timeout=timedelta(seconds=10),
        user_agent="labelwatch-test",
        proxy="",
    )
    source = OzonSource(access, clock=lambda: START, sleep=lambda _: None)
    plan, moments = Plan(shop.name, EVERY, destinations=(PACKERS,)), iter(range(100))

    def poll() -> str:
        at = START + next(moments) * EVERY
        return poll_shop(plan, store=store, source=source, now=lambda: at, stop=lambda: False).cause or "read"

    with no_file_left():
        database = second_connection(store)
        causes = [poll() for _ in range(POLLS)]
    causes.append(poll())
    rows = sorted(store.outbox.find(), key=lambda row: row.id)
    told = [
        (one.reason, one.alert.diagnosis.cause, one.alert.diagnosis.verdict)
        for one in (row.notification for row in rows)
    ]
    found = {"database": database, "causes": causes, "told": told}
    (folder / "found.json").write_text(json.dumps(found), "utf-8")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["connecting", "the name"])
def test_running_out_of_files_is_a_fault_of_our_own(tmp_path: Path, host: str) -> None:
    world = World(START)
    world.open(WELL, methods=[OZON])
    with Sandbox(world, TellableClock(START), requests_a_second=None) as sandbox:
        url = sandbox.base_url.replace("127.0.0.1", host)
        assert called(starved, tmp_path, url, WELL) == 0
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert found["causes"] == ["out_of_files"] * POLLS + ["read"]
    assert found["told"] == [["first", "out_of_files", "act"], ["resolved", "out_of_files", "act"]]
    assert found["database"].startswith("out_of_files: the database ")
    assert "ulimit -n" in found["database"]
