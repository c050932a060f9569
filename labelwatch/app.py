"""Connects the parts: `build(config)` returns an App. The only module that uses the real clock."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

from labelwatch.config import Config
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.core.report import Report
from labelwatch.delivery.alert_actions import StoredAlertActions
from labelwatch.delivery.dispatcher import Round, recover
from labelwatch.delivery.follow_ups import audience_of
from labelwatch.delivery.notifier import Notifier
from labelwatch.delivery.posting_actions import PostingActions
from labelwatch.delivery.settle import forget_others
from labelwatch.polling.audit import Audit, audit_shop
from labelwatch.queries import Queries
from labelwatch.service.clock import Clock, SkewCorrectedClock, corrected, real_clock, skew_in
from labelwatch.service.database_watch import DatabaseWatch
from labelwatch.service.lag_watch import LagWatch
from labelwatch.service.poller import Poller
from labelwatch.service.shop_sources import ShopSources
from labelwatch.sources.ozon.used import retiring_methods
from labelwatch.store import OutboxRow, Pruned, Store, StoreError, open_store, single_instance

log = logging.getLogger(__name__)


POLLS_KEPT = timedelta(days=400)
"""When shops were read is kept for at least so long: a year of 1,000 shops is less than 1 GB."""


class App:
    """One configuration and one database: the jobs of the scheduler, and `queries` and `actions` for people."""

    def __init__(
        self, config: Config, store: Store, *, clock: Clock, stop: threading.Event, polls: bool = True
    ) -> None:
        """`polls`: this process measures the clock skew; any other only uses the stored value."""
        self.config = config
        self.store = store
        self.stop = stop
        self.time = SkewCorrectedClock(clock.now, clock.monotonic, noted=skew_in(store), follows=not polls)
        self.clock = clock = replace(clock, now=self.time.now)
        self.sources = ShopSources(config, store, clock, asking=self.time.asking)
        self.notifier = Notifier(config, store, now=clock.now, stop=stop, label=self.sources.label)
        self.poller = Poller(config, store, self.sources, self.notifier, time=self.time, stop=stop)
        self.queries = Queries(config, store, now=clock.now)
        self.actions = PostingActions(store, audience=audience_of(self.notifier.channels), now=clock.now)
        shortest = min(self.poller.every.values(), default=config.ozon.every)
        channels, now, monotonic = self.notifier.channels, clock.now, clock.monotonic
        self.lag_watch = LagWatch(lambda: self.lag(), shortest, channels, now=now, monotonic=monotonic)
        self.database_watch = DatabaseWatch(
            store.condition,
            self.notifier.channels,
            now=clock.now,
            monotonic=clock.monotonic,
            calm_after=BLIND_AFTER_INTERVALS * min(map(config.every, config.shops), default=config.ozon.every),
            signal_failure=self.notifier.signal_failure,
        )
        self.lag: Callable[[], float | None] = lambda: None  # seconds, as the service says
        self.stuck: Callable[[], str | None] = lambda: None  # the job without progress, reported by the service

    # --- the scheduler's jobs

    @property
    def timezone(self) -> str:
        return self.config.timezone

    def shops(self) -> list[tuple[str, timedelta]]:
        return list(self.poller.every.items())

    def poll(self, shop: str, *, even_if_paused: bool = False) -> Report | None:
        return self.poller.poll(shop, even_if_paused=even_if_paused)

    @property
    def audit_at(self) -> time | None:
        return self.config.audit.at

    def audit(self, shop: str) -> Audit:
        """Compare the settings of a shop at Ozon with those read before."""
        configured = self.config.shop(shop)
        source = self.sources.another(configured)
        try:
            return audit_shop(
                self.poller.settings(configured),
                store=self.store,
                source=source,
                now=self.clock.now,
                retiring=retiring_methods(),
            )
        finally:
            source.close()

    def poll_limit(self, shop: str) -> timedelta:
        return self.poller.poll_limit(shop)

    def write_unchanged(self) -> None:
        self.poller.unchanged.write()

    def check_fresh(self) -> None:
        self.poller.check_fresh()

    def due_channels(self) -> set[str]:
        return self.notifier.due_channels()

    def send(self, channel: str) -> bool:
        return self.notifier.send(channel)

    def tell(self) -> Round:
        """Send everything that is due, for a command."""
        return self.notifier.tell()

    def check_store(self) -> None:
        self.database_watch.look()
        self.lag_watch.look()

    def clock_moved(self) -> timedelta:
        return self.time.moved()

    def abandon(self) -> None:
        self.sources.close()

    def maintain(self) -> Pruned:
        """Back up the database, and remove what is older than [store] history, or than POLLS_KEPT."""
        now = self.clock.now()
        copy = self.store.keep_copy(now)
        log.info("the database was copied to %s", copy) if copy else log.warning("no copy of the database was made")
        return self.store.prune(
            now - self.config.store.history, polls_before=now - max(POLLS_KEPT, self.config.store.history)
        )

    def status(self) -> str:
        """One line: how many shops are readable, how many alerts are open; or what is wrong with the database."""
        if self.database_watch.line:
            return self.database_watch.line
        seen = self.queries.overview()
        fresh = sum(shop.state == "fresh" for shop in seen.shops)
        return f"{fresh} of {len(seen.shops)} shops readable, {len(seen.alerts)} open alerts"

    def serve(self) -> None:
        """From now on handle the buttons below messages; somebody calls `write_unchanged` every second."""
        self.poller.unchanged.keeps = True
        actions = StoredAlertActions(
            self.store,
            now=self.clock.now,
            poll=lambda shop: self.poll(shop, even_if_paused=True),
            intervals=dict(self.shops()),
            channels=self.notifier.channels,
        )
        places = {one.name: one.url.get_secret_value() for one in self.config.channels}

        def actions_at(channel: str, who: str) -> StoredAlertActions:
            return actions.at([name for name, place in places.items() if place == places.get(channel)], who)

        self.notifier.listen(actions_at)

    def test_alert(self, channels: Sequence[str]) -> list[OutboxRow]:
        """Send a made-up late order to these channels, through the outbox, and return the results."""
        known = {state.name for state in self.store.shops.all()}
        shops = [shop.name for shop in self.config.shops if shop.name in known]
        return self.notifier.test(channels, shops=shops, wait=self.clock.sleep)

    def close(self) -> None:
        """Close every connection, those in use too."""
        self.abandon()
        self.notifier.close()
        self.store.close()


@contextmanager
def build(
    config: Config,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
    alone: bool = False,
    first: Callable[[Config, datetime], None] = lambda config, now: None,
) -> Iterator[App]:
    """Connect the parts. `alone`: hold the database for this process (AlreadyRunning if another does), upgrade its
    schema and store the configured shops; without it the tables must exist. `first` is done before the database is
    opened."""
    stop = stop or threading.Event()
    clock = clock or real_clock(stop)
    url = config.store.url.get_secret_value()
    gone: list[StoreError] = []

    def lost(error: StoreError) -> None:
        log.critical("%s: stopping this instance", error)
        gone.append(error)
        stop.set()

    with single_instance(url, lost=lost) if alone else nullcontext():
        first(config, clock.now())
        store = open_store(url, makes_file=alone)
        try:
            if alone:
                _prepare(store, config, clock)
            else:
                store.require_current()
            app = App(config, store, clock=clock, stop=stop, polls=alone)
        except BaseException:
            store.close()
            raise
        try:
            yield app
        finally:
            app.close()
        if gone:
            raise gone[0]


def _prepare(store: Store, config: Config, clock: Clock) -> None:
    """Upgrade the schema, and bring the database up to date with the shops and channels of the configuration."""
    store.upgrade(backup_to=Path(f"{store.name}.{clock.now():%Y%m%dT%H%M%SZ}.backup"))
    store.shops.sync([(shop.name, shop.client_id) for shop in config.shops])
    now = corrected(clock, store).now()
    forget_others(store, [to.name for to in config.destinations()], now=now)
    recover(store, now=now)
