"""Polls the shops of one configuration: when each may be polled, with which limits, and for how long."""

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from labelwatch.config import Config, Shop
from labelwatch.core.diagnosis import LONGEST_PAUSE
from labelwatch.core.policy import Destination
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.delivery.notifier import Notifier
from labelwatch.polling.failures import notice_silence, notify_held, silent
from labelwatch.polling.learned_limits import LearnedLimits
from labelwatch.polling.poll import poll_shop
from labelwatch.polling.sweep import Abandoned
from labelwatch.polling.unchanged import UnchangedPolls
from labelwatch.service.clock import AGAIN_AFTER, SkewCorrectedClock, save_skew
from labelwatch.service.shop_sources import ShopSources
from labelwatch.sources import Trouble
from labelwatch.store import ShopState, Store

log = logging.getLogger(__name__)

SUSPENDED_AFTER = timedelta(minutes=2)
"""If no check for silent shops ran for this long, the process itself was suspended."""
POLL_AT_LEAST = timedelta(minutes=10)
TRIES_FOR_THE_TIME = 4
"""A wrong clock costs three: two to detect and confirm it, and one to read the shop with the right time."""
SEARCH_EVERY = 3.0
"""Seconds between two searches for incidents by shops in which nothing is late."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def plan_of(config: Config, shop: Shop, destinations: tuple[Destination, ...] | None = None) -> Plan:
    """The limits, channels (those of the configuration, if none are given) and intervals of a shop, as they are
    configured; limits that are learned come later."""
    return Plan(
        shop=shop.name,
        every=config.every(shop),
        delays=config.delay_policy(shop),
        alerts=config.alert_policy(shop),
        incidents=config.alert_policy(),
        destinations=config.destinations() if destinations is None else destinations,
        group_wait=config.alerts.group_wait,
        ask_label_task=config.ozon.ask_label_task,
        arrival=config.arrival.tell,
        timezone=shop.timezone or config.timezone,
    )


class Poller:
    """One configuration and one database; thread-safe, if each thread polls another shop."""

    def __init__(
        self,
        config: Config,
        store: Store,
        sources: ShopSources,
        notifier: Notifier,
        *,
        time: SkewCorrectedClock,
        stop: threading.Event,
    ) -> None:
        self.config = config
        self.store = store
        self.clock = sources.clock
        self.time = time
        self.stop = stop
        self.read_before = {state.name: state.read_at for state in store.shops.all() if state.read_at}
        self.every = self._intervals()
        self._shops = {shop.name: shop for shop in config.shops}
        self._plans: dict[str, Plan] = {}
        self.unchanged = UnchangedPolls(store)
        self._sources = sources
        self._notifier = notifier
        self._tried: set[str] = set()
        self._learned = LearnedLimits(store)
        self._since = self._checked_at = self.clock.now()
        self._searched_at: float | None = None

    def _intervals(self) -> dict[str, timedelta]:
        """The enabled shops and how often each is polled; first the one that was unread for longest at our start.

        Otherwise the end of a long list would never be read if the service is restarted again and again.
        """
        enabled = [(shop.name, self.config.every(shop)) for shop in self.config.shops if shop.enabled]
        return dict(sorted(enabled, key=lambda one: self.read_before.get(one[0], _NEVER)))

    def poll(self, shop: str, *, even_if_paused: bool = False) -> Report | None:
        """One poll of one shop; None = it was not due (Ozon refused its key before) or was abandoned.

        A restart may follow a fix by a person: the first poll after one ignores such pauses, but not a
        pause that Ozon asked for.
        """
        configured = self._shops[shop]
        state = self.store.shops.named(shop)
        now = self.clock.now()
        paused = state and state.retry_at and now < state.retry_at <= now + LONGEST_PAUSE
        restarted = shop not in self._tried and state and state.cause and Trouble(state.cause).is_final
        if paused and not (even_if_paused or restarted):
            return None
        self._tried.add(shop)
        self._notifier.round_begins()
        report = self._polled(configured, state, thorough=even_if_paused)
        save_skew(self.time, self.store)
        if report is not None:
            self._notifier.shop_read(shop, complete=report.complete)
        return report

    def _polled(self, shop: Shop, state: ShopState | None, *, thorough: bool) -> Report | None:
        """One poll with one time: if the time is corrected meanwhile, the poll is dropped unwritten and repeated."""
        give_up_at = self.clock.monotonic() + self.poll_limit(shop.name).total_seconds()

        def is_over() -> bool:
            return self.stop.is_set() or self.clock.monotonic() > give_up_at

        for tries_left in reversed(range(TRIES_FOR_THE_TIME)):
            version = self.time.version
            with suppress(Abandoned):
                return poll_shop(
                    replace(self._plan(shop, state), thorough=thorough, searches=self._is_search_due()),
                    store=self.store,
                    source=self._sources.of(shop),
                    unchanged=self.unchanged,
                    now=self.clock.now,
                    stop=lambda: is_over() or (tries_left > 0 and self.time.is_other_than(version)),  # noqa: B023
                )
            if is_over():
                break
            if self.time.in_doubt:
                self.clock.sleep(AGAIN_AFTER.total_seconds())
        if not self.stop.is_set():
            log.warning("%s: the poll was abandoned after %s", shop.name, self.poll_limit(shop.name))
        return None

    def poll_limit(self, shop: str) -> timedelta:
        """How long one poll may take before it is abandoned."""
        return max(POLL_AT_LEAST, 5 * self.config.every(self._shops[shop]))

    def check_fresh(self) -> None:
        """Report shops that were not read for too long although no poll failed."""
        now = self.clock.now()
        since = self._watching_since(now)
        for state in silent(self.store, self.every, watching_since=since, now=now):
            plan = self.settings(self._shops[state.name])
            notice_silence(plan, state, store=self.store, watching_since=since, now=now)
        self.notify_held(is_round_over=False)

    def notify_held(self, *, is_round_over: bool) -> None:
        """Notify of the incidents whose size was waited for; `is_round_over`: every shop has just been polled."""
        if self.every:
            plan = self.settings(self._shops[next(iter(self.every))])
            notify_held(plan, store=self.store, now=self.clock.now(), is_round_over=is_round_over)

    # --- the inputs of a poll

    def _plan(self, shop: Shop, state: ShopState | None) -> Plan:
        plan = self.settings(shop)
        learned = self._learned.of(state, plan, now=self.clock.now()) if state is not None else {}
        return replace(plan, learned=learned) if any(learned.values()) else plan

    def settings(self, shop: Shop) -> Plan:
        """The plan of a shop without what is learned: limits, channels and intervals."""
        if shop.name not in self._plans:
            plan = plan_of(self.config, shop, self._notifier.destinations)
            self._plans[shop.name] = replace(plan, shops=self.every)
        return self._plans[shop.name]

    def _is_search_due(self) -> bool:
        """Whether a poll without anything late looks for incidents of other shops: one does so every few seconds."""
        now = self.clock.monotonic()
        if self._searched_at is not None and 0 <= now - self._searched_at < SEARCH_EVERY:
            return False
        self._searched_at = now
        return True

    def _watching_since(self, now: datetime) -> datetime:
        """Since when every shop should have been read: our start, or the end of a sleep or a clock change."""
        last, self._checked_at = self._checked_at, now
        if not timedelta(0) <= now - last < SUSPENDED_AFTER:
            self._since = now
        return self._since
