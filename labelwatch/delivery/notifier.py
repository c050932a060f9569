"""The sending half of the app: the config's channels, delivery, shift summaries, the heartbeat."""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from labelwatch.channels.base import Attachment, Channel
from labelwatch.channels.telegram.updates import update_listeners
from labelwatch.config import Config
from labelwatch.core.alert import AlertState
from labelwatch.core.policy import AlertPolicy, Destination
from labelwatch.core.visibility import OF_NO_SHOP
from labelwatch.delivery.action_links import Links, signing
from labelwatch.delivery.channel_problems import report_overdue
from labelwatch.delivery.configured import configured_channels
from labelwatch.delivery.context import DeliveryContext, DeliverySettings
from labelwatch.delivery.dispatcher import Round, due_channels, send_due, send_next
from labelwatch.delivery.heartbeat import Heartbeat
from labelwatch.delivery.report_plans import report_plans
from labelwatch.delivery.reports import ReportPlan, add_report, queue_reports
from labelwatch.delivery.shift_summary import queue_shift_summaries
from labelwatch.delivery.test_alert import example
from labelwatch.messages.interactions import AlertActions, Press, Reply, answered
from labelwatch.store import WAITING, Fault, OutboxRow, OutboxState, ShopState, Store, StoreError

log = logging.getLogger(__name__)

TEST_WITHIN = timedelta(seconds=90)
LOOK_FOR_HANDOVERS = timedelta(seconds=5)
SIGNAL_EVERY = timedelta(minutes=5)


class Notifier:
    """One config, one store; any thread may call it."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        now: Callable[[], datetime],
        stop: threading.Event,
        label: Callable[[str, str], Attachment | None],
    ) -> None:
        self._config = config
        self._store = store
        self._now = now
        self._stop = stop
        self.destinations = config.destinations()
        self.report_plans = report_plans(config)
        self.channels = self._opened()
        self._delivery = DeliveryContext(store, self.channels, now=now, stop=stop.is_set, settings=self._made(label))
        self._heartbeat = Heartbeat(config.heartbeat.url.get_secret_value()) if config.heartbeat else None
        self._complete: set[str] | None = None
        self._watched = frozenset(shop.name for shop in config.shops if shop.enabled)
        self._lock = threading.Lock()
        self._looked = self._signalled = datetime.min.replace(tzinfo=UTC)

    def tell(self) -> Round:
        """Queue the summaries and reports that are due, and send everything that is, over every channel."""
        self._queue_summaries()
        done = send_due(self._delivery)
        if done.errors:
            self._check_channels()
        return done

    def due_channels(self) -> set[str]:
        """The channels for which `send` has something to do; what is due by now is queued first."""
        self._queue_summaries()
        report_overdue(self._delivery)
        return due_channels(self._delivery)

    def send(self, channel: str) -> bool:
        """Send the next message of a channel; whether there may be more. One call at a time for each channel."""
        sent = send_next(self._delivery, channel)
        if sent is not None and sent[1] is not None:
            self._check_channels()
        return sent is not None

    def _queue_summaries(self) -> None:
        now = self._now()
        if not timedelta(0) <= now - self._looked < LOOK_FOR_HANDOVERS:
            self._looked = now
            queue_shift_summaries(self._store, self.destinations, now=now)
            queue_reports(self._store, self.report_plans, now=now)

    def _check_channels(self) -> None:
        if self.has_no_working_channel():
            self._signal_no_channel()

    def has_no_working_channel(self) -> bool:
        """Whether no channel works: nobody can be notified."""
        return bool(self.channels) and self.channels.keys() <= self._store.alerts.open_of_channels().keys()

    def listen(self, actions_for: Callable[[str, str], AlertActions]) -> None:
        """Handle presses on buttons from now on; ends with the process or on `stop`. `actions_for` returns what a
        person may do in the chat of a channel (channel, person)."""

        def handle(channel: str, press: Press) -> Reply:
            return answered(press, actions_for(channel, press.who), self.channels[channel][0], now=self._now)

        for listener in update_listeners({name: channel for name, (_, channel) in self.channels.items()}, handle):
            work = partial(listener.run, self._stop.is_set, self._stop.wait)
            threading.Thread(target=work, name=f"updates {listener.names}", daemon=True).start()

    # --- the heartbeat

    def round_begins(self) -> None:
        """A shop is about to be read; the first one of a round sends the start signal."""
        if self._heartbeat is None:
            return
        with self._lock:
            if self._complete is not None:
                return
            self._complete = set()
        self._heartbeat.start()

    def shop_read(self, shop: str, *, complete: bool) -> None:
        """Send the heartbeat after each complete round over all shops, unless no channel works."""
        if self._heartbeat is None:
            return
        with self._lock:
            if self._complete is None:
                self._complete = set()
            if not complete:
                self._complete.discard(shop)
                return
            self._complete.add(shop)
            if len(self._complete) < len(self._watched) or not self._complete >= self._watched:
                return
            self._complete = None
        if self.has_no_working_channel():
            self._signal_no_channel()
        else:
            self._heartbeat.complete()

    def signal_failure(self, why: str) -> None:
        """Send the failure signal of the heartbeat at once."""
        if self._heartbeat is not None:
            self._heartbeat.fail(why)

    def _signal_no_channel(self) -> None:
        """Report that no channel works to the log and the heartbeat."""
        with self._lock:
            now = self._now()
            if timedelta(0) <= now - self._signalled < SIGNAL_EVERY:
                return
            self._signalled = now
        names = ", ".join(self.channels)
        log.critical("no channel works, nobody can be notified: %s", names)
        self.signal_failure(f"labelwatch: no channel works: {names}")

    # --- a test

    def test(
        self, channels: Sequence[str], *, shops: Sequence[str], wait: Callable[[float], object]
    ) -> list[OutboxRow]:
        """Send a made-up late order over these channels, through the outbox, and return the results; each channel
        gets the first of these shops that it may see."""
        since = self._now()
        return self._sent(self._queue_example(channels, shops, since), since, wait)

    def send_reports(
        self, plans: Sequence[ReportPlan], length: timedelta, *, wait: Callable[[float], object]
    ) -> list[OutboxRow]:
        """Send reports of the time up to now, whatever their schedule, and return the results."""
        since = self._now()
        with self._store.write() as tx:
            ids = {add_report(tx, plan, length, at=since, now=since) for plan in plans}
        return self._sent(ids, since, wait)

    def _sent(self, ids: set[int], since: datetime, wait: Callable[[float], object]) -> list[OutboxRow]:
        """The messages about these alerts, once each was tried; a service that runs beside may send them, too."""
        while True:
            self.tell()
            rows = [row for row in self._store.outbox.find(since=since) if row.notification.alert.id in ids]
            if not any(map(_is_under_way, rows)) or self._now() - since > TEST_WITHIN or self._stop.is_set():
                return rows
            wait(0.5)

    def _queue_example(self, channels: Sequence[str], shops: Sequence[str], now: datetime) -> set[int]:
        states = {channel: self._state_for(channel, shops) for channel in channels}
        ids = set()
        with self._store.write() as tx:
            for channel, state in states.items():
                told = example(channel, shop=state.name, now=now)
                # Stored as resolved: an example is not among the open alerts.
                ended = replace(told.alert, state=AlertState.RESOLVED, resolved_at=now)
                (id_,) = tx.alerts.save(state.id, [ended])
                tx.outbox.add([replace(told, alert=replace(told.alert, id=id_))], created_at=now)
                ids.add(id_)
        return ids

    def _state_for(self, channel: str, shops: Sequence[str]) -> ShopState:
        """The first of these shops that the channel may see; for a fallback channel, the first."""
        own = self.channels[channel][0].shops - OF_NO_SHOP
        for shop in shops:
            state = self._store.shops.named(shop)
            if state is not None and (not own or shop in own):
                return state
        raise StoreError(Fault.NOT_SET_UP, "no shop of the configuration was ever read; run `labelwatch poll` first")

    def close(self) -> None:
        """Send the last signal, unless the process is stopping: then there is no time for it."""
        if self._heartbeat is not None:
            self._heartbeat.close(wait=not self._stop.is_set())

    # --- how it is set up

    def _opened(self) -> dict[str, tuple[Destination, Channel]]:
        states = self._store.channels.states()
        return configured_channels(self._config, {name: state.address for name, state in states.items()})

    def _made(self, label: Callable[[str, str], Attachment | None]) -> DeliverySettings:
        config = self._config
        alerts = config.alerts
        return DeliverySettings(
            fallbacks={table.name: table.fallback for table in config.channels if table.fallback},
            intervals={shop.name: config.every(shop) for shop in config.shops},
            policy=AlertPolicy(repeat_every=alerts.repeat_every, resolved=alerts.resolved),
            with_labels=frozenset(table.name for table in config.channels if table.attach_label),
            links=self._links(),
            label=label,
        )

    def _links(self) -> Links | None:
        """What signs links into the board, if it can be reached from outside."""
        web = self._config.web
        if web is None or web.public_url is None:
            return None
        return signing(self._store, web.public_url, lambda: secrets.token_urlsafe(32))


def _is_under_way(row: OutboxRow) -> bool:
    """Whether its first attempt is yet to come or under way: an attempt is counted when it starts."""
    return row.state is OutboxState.LEASED or (row.state in WAITING and row.attempts == 0)
