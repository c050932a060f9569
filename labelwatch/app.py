"""The one place where the parts are joined, and the only one that reaches for the real clock and network."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from labelwatch import __version__
from labelwatch.channels.base import Attachment
from labelwatch.config import Config, Shop
from labelwatch.core.alert import Alert
from labelwatch.core.baseline import normal_times
from labelwatch.core.deadline import alert_at
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS, LONGEST_PAUSE
from labelwatch.core.lifecycle import acknowledge, snooze
from labelwatch.core.posting import Stage
from labelwatch.core.report import Report
from labelwatch.delivery.alert_actions import StoredAlertActions
from labelwatch.delivery.dispatcher import Round, recover
from labelwatch.delivery.follow_ups import changed
from labelwatch.delivery.notifier import Notifier
from labelwatch.delivery.settle import forget_others
from labelwatch.polling.failures import notice_silence
from labelwatch.polling.incidents import notify_held
from labelwatch.polling.plan import Plan
from labelwatch.polling.poll import poll_shop
from labelwatch.polling.sweep import Abandoned
from labelwatch.queries import Overview, PostingDetails, ShopHealth, channel_trouble, shop_health, urgency
from labelwatch.service.clock import AGAIN_AFTER, Clock, SkewCorrectedClock, corrected, real_clock, save_skew, skew_in
from labelwatch.service.database_watch import DatabaseWatch
from labelwatch.sources import KeyInfo, LabelUnavailable, Source, Trouble
from labelwatch.sources.ozon.client import Asking, OzonSource
from labelwatch.store import (
    EvidenceLevel,
    OutboxRow,
    Pruned,
    ShopState,
    Store,
    StoreError,
    open_store,
    single_instance,
)

log = logging.getLogger(__name__)

LEARN_FROM = timedelta(days=28)
LEARN_EVERY = timedelta(hours=1)
LEARN_WITHIN = timedelta(minutes=3)
"""A duration counts as observed only when both of its ends are known at least this well."""
DEAF = timedelta(minutes=2)
"""When nobody looked for silence for so long, we were asleep ourselves."""
POLL_AT_LEAST = timedelta(minutes=10)
TRIES_FOR_THE_TIME = 4
"""A wrong clock costs three: to doubt it, to be sure, and to read the shop by the right one."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class App:
    """What the commands and the scheduler can do; one config, one database, any number of threads."""

    def __init__(
        self, config: Config, store: Store, *, clock: Clock, stop: threading.Event, polls: bool = True
    ) -> None:
        """`polls`: this process finds out how far the clock is off; another one only goes by what was found out."""
        self.config = config
        self.store = store
        self.time = SkewCorrectedClock(clock.now, clock.monotonic, noted=skew_in(store), follows=not polls)
        self.clock = clock = replace(clock, now=self.time.now)
        self.stop = stop
        self._sources: dict[str, Source] = {}
        self._tried: set[str] = set()
        self._lock = threading.Lock()
        self._learned: dict[str, tuple[datetime, Mapping[str, timedelta], Mapping[str, timedelta]]] = {}
        self._since = self._listened = clock.now()
        self.read_before = {state.name: state.read_at for state in store.shops.all() if state.read_at}
        self.notifier = Notifier(config, store, now=clock.now, stop=stop, sheet=self._sheet)
        fastest = min(map(config.every, config.shops), default=config.ozon.every)
        self.database_watch = DatabaseWatch(
            store.condition,
            self.notifier.channels,
            now=clock.now,
            monotonic=clock.monotonic,
            calm_after=BLIND_AFTER_INTERVALS * fastest,
            signal_failure=self.notifier.signal_failure,
        )
        self.stuck: Callable[[], str | None] = lambda: None  # the job without progress, as the service says

    # --- what the scheduler drives

    @property
    def timezone(self) -> str:
        return self.config.timezone

    def shops(self) -> list[tuple[str, timedelta]]:
        """The enabled shops and how often each is polled; first the one that was not read for longest at our start.

        Else nobody would read those at the end of a long list while the service is started again and again.
        """
        enabled = [(shop.name, self.config.every(shop)) for shop in self.config.shops if shop.enabled]
        return sorted(enabled, key=lambda one: self.read_before.get(one[0], _NEVER))

    def poll(self, shop: str, *, even_if_paused: bool = False) -> Report | None:
        """One poll of one shop; None = it was not due (Ozon refused its key before) or was given up half-way.

        What only a person can put right may have been put right by a restart: the first poll after one waits for
        nothing. A pause that Ozon itself asked for outlasts it.
        """
        configured = self._shop(shop)
        state = self.store.shops.named(shop)
        now = self.clock.now()
        paused = state and state.retry_at and now < state.retry_at <= now + LONGEST_PAUSE
        restarted = shop not in self._tried and state and state.cause and Trouble(state.cause).is_final
        if paused and not (even_if_paused or restarted):
            return None
        self._tried.add(shop)
        self.notifier.round_begins()
        report = self._polled(configured, state, thorough=even_if_paused)
        save_skew(self.time, self.store)
        if report is not None:
            self.notifier.shop_read(shop, complete=report.complete, shops=[name for name, _ in self.shops()])
        return report

    def _polled(self, shop: Shop, state: ShopState | None, *, thorough: bool) -> Report | None:
        """One poll by one and the same time: what was begun by another is dropped unwritten and begun anew."""
        give_up_at = self.clock.monotonic() + self.poll_limit(shop.name).total_seconds()

        def is_over() -> bool:
            return self.stop.is_set() or self.clock.monotonic() > give_up_at

        for tries_left in reversed(range(TRIES_FOR_THE_TIME)):
            version = self.time.version
            with suppress(Abandoned):
                return poll_shop(
                    replace(self._plan(shop, state), thorough=thorough),
                    store=self.store,
                    source=self._source(shop),
                    now=self.clock.now,
                    stop=lambda: is_over() or (tries_left > 0 and self.time.is_other_than(version)),  # noqa: B023
                )
            if is_over():
                break
            if self.time.in_doubt:
                self.clock.sleep(AGAIN_AFTER.total_seconds())
        if not self.stop.is_set():
            log.warning("%s: the poll gave itself up after %s", shop.name, self.poll_limit(shop.name))
        return None

    def poll_limit(self, shop: str) -> timedelta:
        """How long one poll may take before it gives itself up."""
        return max(POLL_AT_LEAST, 5 * self.config.every(self._shop(shop)))

    def tell(self) -> Round:
        """One round of telling: everything that is due, over every channel."""
        return self.notifier.tell()

    def listen(self) -> None:
        """From now on hear who presses a button below a message."""
        office = StoredAlertActions(
            self.store,
            now=self.clock.now,
            poll=lambda shop: self.poll(shop, even_if_paused=True),
            intervals=dict(self.shops()),
            channels=self.notifier.channels,
        )
        places = {one.name: one.url.get_secret_value() for one in self.config.channels}

        def office_at(channel: str, who: str) -> StoredAlertActions:
            return office.at([name for name, place in places.items() if place == places.get(channel)], who)

        self.notifier.listen(office_at)

    def check_fresh(self) -> None:
        """Notice shops of which nothing was heard for too long although no poll failed."""
        now, states = self.clock.now(), {state.name: state for state in self.store.shops.all()}
        since, every = self._listening_since(now), dict(self.shops())
        for shop in self.config.shops:
            if shop.enabled and shop.name in states:
                plan = replace(self._settings(shop), shops=every)
                notice_silence(plan, states[shop.name], store=self.store, watching_since=since, now=now)
        self.notify_held(is_round_over=False)

    def notify_held(self, *, is_round_over: bool) -> None:
        """Tell the incidents whose size was waited for; `is_round_over`: every shop has just been polled."""
        if enabled := [shop for shop in self.config.shops if shop.enabled]:
            plan = replace(self._settings(enabled[0]), shops=dict(self.shops()))
            notify_held(plan, store=self.store, now=self.clock.now(), is_round_over=is_round_over)

    def clock_moved(self) -> timedelta:
        """By how much the machine's clock was set since this was asked last; it is watched from the first time on."""
        return self.time.moved()

    def check_store(self) -> None:
        """See whether the database takes what is written, and tell people when it does not."""
        self.database_watch.look()

    def maintain(self) -> Pruned:
        """Keep a copy of the database, and remove what is older than [store] history."""
        now = self.clock.now()
        copy = self.store.keep_copy(now)
        log.info("the database was copied to %s", copy) if copy else log.warning("no copy of the database was made")
        return self.store.prune(now - self.config.store.history)

    def status(self) -> str:
        """One line: how many shops are in sight, how many labels are late; or why nothing can be noted."""
        if self.database_watch.line:
            return self.database_watch.line
        seen = self.overview()
        fresh = sum(shop.state == "fresh" for shop in seen.shops)
        return f"{fresh} of {len(seen.shops)} shops in sight, {len(seen.alerts)} open alerts"

    # --- what people ask

    def sight(self) -> tuple[ShopHealth, ...]:
        """How well each enabled shop is seen."""
        now, counts = self.clock.now(), self.store.shops.open_counts()
        states = {state.name: state for state in self.store.shops.all()}
        enabled = (shop for shop in self.config.shops if shop.enabled)
        return tuple(
            shop_health(shop.name, self.config.every(shop), states.get(shop.name), counts.get(shop.name, 0), now=now)
            for shop in enabled
        )

    def overview(self) -> Overview:
        """Every enabled shop, every open alert, most urgent first, and every channel that does not work."""
        now, views = self.clock.now(), self.sight()
        alerts = self.store.alerts.find(shops=[shop.name for shop in views])
        incidents = [alert_at(one, now) for one in sorted(self.store.alerts.incidents(), key=urgency)]
        troubles = (channel_trouble(*one) for one in sorted(self.store.alerts.open_of_channels().items()))
        as_now = (alert_at(alert, now) for alert in sorted(alerts, key=urgency))
        return Overview(now, views, tuple(as_now), tuple(incidents), troubles=tuple(troubles))

    def posting_details(self, number: str) -> list[PostingDetails]:
        """What is known of a posting, for each shop that has one of this number."""
        now = self.clock.now()
        return [
            PostingDetails(
                shop=shop,
                known=known,
                history=tuple(self.store.postings.history(known.id)) if known.id else (),
                evidence=tuple(self.store.postings.evidence(known.id)) if known.id else (),
                alerts=tuple(
                    alert_at(alert, now)
                    for alert in self.store.alerts.find(shops=[shop], posting_number=number, open_only=False)
                ),
            )
            for shop, known in self.store.postings.find(number).items()
        ]

    def acknowledge(self, number: str, *, by: str, note: str, shop: str | None) -> list[Alert]:
        """Take care of the open alerts of a posting; empty = there are none."""
        now = self.clock.now()
        return self._changed(number, lambda alert: acknowledge(alert, by=by, note=note, now=now), shop)

    def snooze(self, number: str, *, span: timedelta, by: str, note: str, shop: str | None) -> list[Alert]:
        """Silence the open alerts of a posting for a while; empty = there are none."""
        now = self.clock.now()
        return self._changed(number, lambda alert: snooze(alert, until=now + span, by=by, note=note, now=now), shop)

    def _changed(self, number: str, how: Callable[[Alert], Alert | None], shop: str | None) -> list[Alert]:
        with self.store.write() as tx:
            change = partial(tx.alerts.change, number, shop=shop)
            return changed(tx, change, how, channels=self.notifier.channels, now=self.clock.now())

    def judge(self, number: str, *, really: str, by: str, note: str, shop: str | None) -> list[tuple[str, str]]:
        """Record what a late posting's cause really was; (shop, the cause that was named) where it was late."""
        now = self.clock.now()
        judged = []
        for details in self.posting_details(number):
            if details.alerts and shop in (None, details.shop):
                state = self.store.shops.named(details.shop)
                said = details.alerts[-1].diagnosis.cause
                assert state is not None, "a posting belongs to a shop"
                self.store.verdicts.record(state.id, number, said=said, really=really, by=by, at=now, note=note)
                judged.append((details.shop, said))
        return judged

    def verdicts(self) -> list[tuple[str, str, int]]:
        """How often a cause was named and what it really was: (named, real, count)."""
        return self.store.verdicts.counts()

    def key_info(self, shop: str) -> KeyInfo:
        """What the key of a shop may do and until when; raises SourceError."""
        return self._source(self._shop(shop)).key_info()

    def test_alert(self, channels: Sequence[str]) -> list[OutboxRow]:
        """Send a made-up late order over these channels, through the outbox, and see what became of it."""
        known = {state.name for state in self.store.shops.all()}
        shops = [shop.name for shop in self.config.shops if shop.name in known]
        return self.notifier.test(channels, shops=shops, wait=self.clock.sleep)

    def abandon(self) -> None:
        """End every question to Ozon that is under way: the service stops and has no time for the answer."""
        with self._lock:
            for source in self._sources.values():
                source.close()

    def close(self) -> None:
        """Close every connection, those in use too."""
        self.abandon()
        self.notifier.close()
        self.store.close()

    # --- inside

    def _shop(self, name: str) -> Shop:
        return next(shop for shop in self.config.shops if shop.name == name)

    def _plan(self, shop: Shop, state: ShopState | None) -> Plan:
        delays = self.config.delay_policy(shop)
        places = [delays.default, *delays.by_warehouse.values(), *delays.by_method.values()]
        learns = state is not None and any(place.auto for place in places)
        labels, registrations = self._normal(state) if state and learns else ({}, {})
        return replace(
            self._settings(shop),
            delays=delays,
            normal_label=labels,
            normal_registration=registrations,
            ask_label_task=self.config.ozon.ask_label_task,
            shops={name: every for name, every in self.shops() if name != shop.name},
        )

    def _settings(self, shop: Shop) -> Plan:
        """What is told of a shop, to whom, and how often it is read."""
        return Plan(
            shop=shop.name,
            every=self.config.every(shop),
            alerts=self.config.alert_policy(shop),
            incidents=self.config.alert_policy(),
            destinations=self.config.destinations(),
            group_wait=self.config.alerts.group_wait,
        )

    def _listening_since(self, now: datetime) -> datetime:
        """Since when every shop should have been read: our start, or the end of a sleep or of a step of the clock."""
        last, self._listened = self._listened, now
        if not timedelta(0) <= now - last < DEAF:
            self._since = now
        return self._since

    def _sheet(self, shop: str, number: str) -> Attachment | None:
        """The label of a posting, proven to be its own; None when it is not to be had."""
        configured = next((one for one in self.config.shops if one.name == shop), None)
        if configured is None:
            return None
        sheet = self._source(configured).label(number)
        if isinstance(sheet, LabelUnavailable):
            log.warning("%s: no label of %s to send along: %s %s", shop, number, sheet.why, sheet.detail)
            return None
        self._note_verified(number, shop)
        return Attachment(f"{number}.pdf", "application/pdf", sheet.content)

    def _note_verified(self, number: str, shop: str) -> None:
        known = self.store.postings.find(number).get(shop)
        if known is not None and known.id is not None:
            with self.store.write() as tx:
                tx.postings.add_evidence(known.id, EvidenceLevel.VERIFIED, not_before=None, seen_at=self.clock.now())

    def _normal(self, shop: ShopState) -> tuple[Mapping[str, timedelta], Mapping[str, timedelta]]:
        """What is normal in this shop, learned at most once an hour."""
        now = self.clock.now()
        learned_at, labels, registrations = self._learned.get(shop.name, (None, {}, {}))
        if learned_at is None or not timedelta(0) <= now - learned_at < LEARN_EVERY:
            since = now - LEARN_FROM
            # Both ends of a wait are known to one interval at best.
            error = max(LEARN_WITHIN, 3 * self.config.every(self._shop(shop.name)))
            labels = normal_times(self.store.postings.waits(shop.id, Stage.LABEL, since=since, error=error))
            waits = self.store.postings.waits(shop.id, Stage.REGISTRATION, since=since, error=error)
            registrations = normal_times(waits)
            self._learned[shop.name] = (now, labels, registrations)
        return labels, registrations

    def _source(self, shop: Shop) -> Source:
        with self._lock:
            if shop.name not in self._sources:
                self._sources[shop.name] = open_source(self.config, shop, self.clock, asking=self.time.asking)
            return self._sources[shop.name]


def open_source(config: Config, shop: Shop, clock: Clock, *, asking: Asking = lambda: lambda told: None) -> Source:
    """The way to one shop at Ozon; `asking` as OzonSource has it."""
    return OzonSource(
        shop.client_id,
        shop.api_key.get_secret_value(),
        base_url=config.ozon.base_url,
        requests_per_second=config.ozon.requests_per_second,
        timeout=config.ozon.timeout,
        clock=clock.now,
        user_agent=f"labelwatch/{__version__}",
        sleep=clock.sleep,
        asking=asking,
    )


@contextmanager
def build(
    config: Config,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
    alone: bool = False,
    first: Callable[[Config, datetime], None] = lambda config, now: None,
) -> Iterator[App]:
    """Join the parts. `alone`: hold the database for this process (AlreadyRunning if another does), bring its
    tables forward and make the config's shops known; without it the tables must be there already. `first` is done
    before the database is opened."""
    stop = stop or threading.Event()
    clock = clock or real_clock(stop)
    url = config.store.url.get_secret_value()
    gone: list[StoreError] = []

    def lost(error: StoreError) -> None:
        log.critical("%s: this one ends", error)
        gone.append(error)
        stop.set()

    with single_instance(url, lost=lost) if alone else nullcontext():
        first(config, clock.now())
        store = open_store(url, makes_file=alone)
        try:
            if alone:
                store.upgrade(backup_to=Path(f"{store.name}.{clock.now():%Y%m%dT%H%M%SZ}.backup"))
                store.shops.sync([(shop.name, shop.client_id) for shop in config.shops])
                now = corrected(clock, store).now()
                forget_others(store, [to.name for to in config.destinations()], now=now)
                recover(store, now=now)
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
