"""Many shops at once, from the sandbox over the loopback to what people read."""

from dataclasses import replace
from datetime import timedelta

from labelwatch.messages.render import render
from labelwatch.sandbox import Fault, World
from labelwatch.sandbox.faults import Kind
from labelwatch.sandbox.scenarios.stage import HOME, OZON
from labelwatch.store import Store
from tests.support.watcher import PACKERS, START, Watcher, watching

SHOPS = 40


def world() -> World:
    made = World(START)
    for n in range(SHOPS):
        shop = replace(
            HOME, client_id=str(400_000 + n), api_key=f"many-{n}", name=f"shop-{n:02}", key_expires_at=None
        )
        made.open(shop, methods=[OZON])
    return made


def titles(watcher: Watcher, store: Store) -> list[str]:
    rows = sorted(store.outbox.find(), key=lambda row: row.id)
    return [render([row.notification], PACKERS, now=watcher.clock.now()).title for row in rows]


def test_ozon_down_for_many_shops_is_one_message_and_so_is_its_end(sqlite_store: Store) -> None:
    with watching(world(), sqlite_store) as watcher:
        watcher.poll()
        watcher.sandbox.fault(Fault(kind=Kind.CIRCLE, seconds=9 * 60))
        for _ in range(4):
            watcher.clock.advance(timedelta(minutes=2))
            watcher.poll()
        assert titles(watcher, sqlite_store) == ["⚠️ Wait: Ozon does not answer · 40 of 40 shops"]
        assert sqlite_store.alerts.find() == []
        watcher.clock.advance(timedelta(minutes=2))
        watcher.poll()
        assert titles(watcher, sqlite_store)[1:] == ["✅ Ozon answers again · in 40 shops"]
        assert sqlite_store.alerts.incidents() == []
