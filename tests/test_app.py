"""What the app tells its scheduler."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.config import Config, Ozon, Shop
from labelwatch.service.clock import Clock, real_clock
from labelwatch.sources import Trouble
from labelwatch.store import Store
from tests.sources.scripted import in_turn, page, says, scripted

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
READ = {"first": 30, "second": None, "third": 10, "fourth": 20}
"""Shop -> minutes since the start when it was read last; None = never."""


def test_after_a_start_the_shop_comes_first_that_was_not_read_for_longest(sqlite_store: Store) -> None:
    sqlite_store.shops.sync([(name, name) for name in READ])
    with sqlite_store.write() as tx:
        for state in sqlite_store.shops.all():
            at = READ[state.name]
            if at is not None:
                when = START + timedelta(minutes=at)
                tx.shops.mark_read(state.id, started_at=when, finished_at=when)
    shops = tuple(Shop(name=name, client_id="1", api_key=SecretStr("x")) for name in (*READ, "new"))
    stop = threading.Event()
    with closing(App(Config(shops=shops), sqlite_store, clock=real_clock(stop), stop=stop)) as app:
        assert [name for name, _ in app.shops()] == ["second", "new", "third", "fourth", "first"]


WRONG_KEY = says({"code": 5, "message": "Invalid Api-Key, please check the key and try again"}, 404)


@pytest.mark.fault("O13")
@pytest.mark.parametrize(("trouble", "waits"), [(Trouble.KEY_REJECTED, False), (Trouble.RATE_LIMITED, True)])
def test_a_restart_waits_for_nothing_that_a_person_may_have_put_right(
    sqlite_store: Store, trouble: Trouble, waits: bool
) -> None:
    sqlite_store.shops.sync([("only", "1")])
    (state,) = sqlite_store.shops.all()
    with sqlite_store.write() as tx:
        tx.shops.mark_failed(state.id, at=START, cause=trouble, detail="", retry_at=START + timedelta(minutes=15))
    with scripted(in_turn(WRONG_KEY, page())) as scene:
        only = Shop(name="only", client_id="1", api_key=SecretStr("x"))
        config = Config(shops=(only,), ozon=Ozon(base_url=scene.url))
        clock = Clock(now=lambda: START + timedelta(minutes=1), monotonic=lambda: 0.0, sleep=lambda _: None)
        with closing(App(config, sqlite_store, clock=clock, stop=threading.Event())) as app:
            first = app.poll("only")
            assert (first is None) is waits
            assert app.poll("only") is None, "once it was tried, it pauses"
            again = app.poll("only", even_if_paused=True)
            assert again is not None
            assert again.complete is not waits
