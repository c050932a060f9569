"""What the app tells its scheduler."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.config import Config, Shop
from labelwatch.store import Store
from labelwatch.timekeeper import real_clock

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
READ = {"first": 30, "second": None, "third": 10, "fourth": 20}
"""Shop -> minutes since the start when it was read last; None = never."""


def test_after_a_start_the_shop_comes_first_that_was_not_read_for_longest(sqlite_store: Store) -> None:
    sqlite_store.sync_shops([(name, name) for name in READ])
    with sqlite_store.write() as tx:
        for state in sqlite_store.shops():
            at = READ[state.name]
            if at is not None:
                when = START + timedelta(minutes=at)
                tx.shop_read(state.id, started_at=when, finished_at=when)
    shops = tuple(Shop(name=name, client_id="1", api_key=SecretStr("x")) for name in (*READ, "new"))
    stop = threading.Event()
    with closing(App(Config(shops=shops), sqlite_store, clock=real_clock(stop), stop=stop)) as app:
        assert [name for name, _ in app.shops()] == ["second", "new", "third", "fourth", "first"]
