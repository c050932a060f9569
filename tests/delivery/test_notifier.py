"""The half of the app that speaks: the dead man's switch hears of whole rounds, and of nobody to tell."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from labelwatch.channels import check_url, check_way
from labelwatch.config import load
from labelwatch.delivery.notifier import Notifier
from labelwatch.store import OutboxRow, OutboxState, Store
from labelwatch.store.values import Settled
from tests.support.alert_builders import told
from tests.support.http_server import Act, Hook, answer
from tests.support.post import Clock, queue

SHOPS = ["main", "north"]
REFUSED, TAKEN = answer(403, "not you"), answer(200)
SILENCE = answer(429, **{"Retry-After": "3600"})


@dataclass
class Stage:
    """A teller with one channel and a dead man's switch, both real servers."""

    notifier: Notifier
    clock: Clock
    switch: Hook

    @property
    def signals(self) -> list[str]:
        self.notifier.close()
        return [request.line.split()[1].removeprefix("/ping") or "ok" for request in self.switch.requests]


@contextmanager
def stage(store: Store, directory: Path, act: Act, of: str = "") -> Iterator[Stage]:
    clock = Clock()
    with Hook([act]) as channel, Hook([TAKEN]) as switch:
        shops = "".join(f'[[shop]]\nname = "{n}"\nclient_id = "{i}"\napi_key = "k"\n' for i, n in enumerate(SHOPS, 1))
        text = (
            f'{shops}[[channel]]\nname = "packers"\nurl = "{channel.url()}"\n{of}\n'
            f'[heartbeat]\nurl = "http://127.0.0.1:{switch.port}/ping"\n'
        )
        file = directory / "labelwatch.toml"
        file.write_text(text)
        config = load(file, environ={}, check_url=check_url, check_way=check_way)
        notifier = Notifier(config, store, now=clock, stop=threading.Event(), label=lambda shop, number: None)
        with closing(notifier):
            yield Stage(notifier, clock, switch)


def read(notifier: Notifier, shop: str, *, complete: bool = True) -> None:
    notifier.round_begins()
    notifier.shop_read(shop, complete=complete)


# (shops in the order they are read, those that could be read whole, what the switch hears)
ROUNDS = [
    ("half a round", ["main"], SHOPS, ["/start"]),
    ("a round", SHOPS, SHOPS, ["/start", "ok"]),
    ("one is read more often", ["main", "main", "north", "north", "main"], SHOPS, ["/start", "ok", "/start", "ok"]),
    ("one cannot be read", SHOPS * 3, ["main"], ["/start"]),
]


@pytest.mark.parametrize(
    ("order", "readable", "signals"), [case[1:] for case in ROUNDS], ids=[case[0] for case in ROUNDS]
)
def test_the_switch_hears_of_whole_rounds_only(
    sqlite_store: Store, tmp_path: Path, order: list[str], readable: list[str], signals: list[str]
) -> None:
    with stage(sqlite_store, tmp_path, TAKEN) as here:
        for shop in order:
            read(here.notifier, shop, complete=shop in readable)
        assert here.signals == signals


def test_while_nobody_can_be_told_the_switch_hears_of_that_and_of_nothing_else(
    sqlite_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue(sqlite_store, told(n=1))
    with stage(sqlite_store, tmp_path, REFUSED) as here:
        here.notifier.tell()
        assert here.notifier.has_no_working_channel()
        for shop in SHOPS:
            read(here.notifier, shop)
        assert here.signals == ["/fail", "/start"]
        assert here.switch.requests[0].body.startswith(b"labelwatch: no channel works")
    cries = [record.message for record in caplog.records if record.levelname == "CRITICAL"]
    assert cries[-1].startswith("no channel works")


def test_a_test_waits_for_what_another_sender_has_in_hand(sqlite_store: Store, tmp_path: Path) -> None:
    queue(sqlite_store, told(n=1))
    with stage(sqlite_store, tmp_path, SILENCE) as here:
        here.notifier.tell()  # from now on it sends nothing itself for an hour
        in_hand: list[OutboxRow] = []

        def wait(_seconds: float) -> None:
            if in_hand:
                settle(sqlite_store, in_hand, here.clock())
            else:
                lease = here.clock() + timedelta(minutes=2)
                in_hand.extend(sqlite_store.outbox.claim("packers", now=here.clock(), lease_until=lease, key="k"))

        (row,) = here.notifier.test(["packers"], shops=["main"], wait=wait)
    assert (row.state, row.receipt) == (OutboxState.SENT, "by another")


def test_a_test_names_each_channel_a_shop_of_its_own(sqlite_store: Store, tmp_path: Path) -> None:
    sqlite_store.shops.sync([(name, str(number)) for number, name in enumerate(SHOPS, 1)])
    with stage(sqlite_store, tmp_path, TAKEN, of='shops = ["north"]') as here:
        (row,) = here.notifier.test(["packers"], shops=SHOPS, wait=lambda seconds: None)
    assert row.notification.alert.diagnosis.shop == "north"


def settle(store: Store, rows: Sequence[OutboxRow], at: datetime) -> None:
    with store.write() as tx:
        tx.outbox.settle([row.id for row in rows], Settled(OutboxState.SENT, receipt="by another"), at=at)
