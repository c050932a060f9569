"""The sandbox as witness: what it plays is what a poll must find, cause by cause."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labelwatch.core.causes import CAUSES, LADDER
from labelwatch.poll import Plan, poll_shop
from labelwatch.sandbox import CANARIES, Sandbox, Shop, TellableClock, scenarios
from labelwatch.sources.ozon import OzonSource
from labelwatch.store import Store

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
EVERY = timedelta(minutes=2)


class Play:
    """Every shop of a scenario, polled every two minutes of told time."""

    def __init__(self, sandbox: Sandbox, clock: TellableClock, store: Store) -> None:
        self.sandbox, self.clock, self.store = sandbox, clock, store
        shops = list(sandbox.world.shops.values())
        store.sync_shops([(shop.name, shop.client_id) for shop in shops])
        self.sources = {shop.name: self._source(shop) for shop in shops}

    def _source(self, shop: Shop) -> OzonSource:
        return OzonSource(
            shop.client_id,
            shop.api_key,
            base_url=self.sandbox.base_url,
            requests_per_second=50,
            timeout=timedelta(seconds=10),
            clock=self.clock.now,
            user_agent="test",
            sleep=lambda _: None,
        )

    def until(self, minutes: float) -> None:
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end:
            self.poll()
            self.clock.advance(EVERY)

    def poll(self) -> None:
        for name, source in self.sources.items():
            plan = Plan(shop=name, every=EVERY)
            poll_shop(plan, store=self.store, source=source, now=self.clock.now, stop=lambda: False)

    def causes(self) -> dict[str | None, str]:
        return {alert.diagnosis.posting_number: alert.diagnosis.cause for alert in self.store.alerts()}


@pytest.fixture
def play(request: pytest.FixtureRequest, sqlite_store: Store) -> Iterator[Play]:
    clock = TellableClock(START, speed=0)
    with Sandbox(scenarios.build(request.param, START), clock, requests_a_second=None) as sandbox:
        played = Play(sandbox, clock, sqlite_store)
        yield played
        for source in played.sources.values():
            with closing(source):
                pass


@pytest.mark.parametrize("play", ["causes"], indirect=True)
def test_every_cause_that_the_sandbox_plays_is_found(play: Play) -> None:
    play.until(22)
    expected = {number: cause for number, cause in play.sandbox.world.expected.items() if cause in CAUSES}
    found = play.causes()
    assert {number: found.get(number) for number in expected} == expected
    assert set(expected.values()) == {rung.cause for rung in LADDER} - {"unexplained"}


@pytest.mark.parametrize("play", ["quiet"], indirect=True)
def test_where_all_is_well_nobody_is_told(play: Play) -> None:
    play.until(60)
    assert play.store.alerts(open_only=False) == []


@pytest.mark.parametrize("play", ["day"], indirect=True)
def test_nothing_of_the_buyer_is_kept(play: Play, sqlite_url: str) -> None:
    play.until(40)
    sent = [record.body for shelf in play.sandbox.world.shelves.values() for record in shelf.records.values()]
    play.store.close()
    kept = Path(sqlite_url.removeprefix("sqlite:///")).read_bytes()
    assert len(kept) > 50_000
    assert any(word in str(sent) for word in CANARIES), "the sandbox must send what is not to be kept"
    assert [word for word in CANARIES if word.encode() in kept] == []
