"""A watcher of a sandbox in play: every shop of a scenario, polled on told time, and what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.enrichment import ANSWERS_KEPT
from labelwatch.core.facts import Facts
from labelwatch.core.incidents import COUNTED_WITHIN, find
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch
from labelwatch.core.policy import DelayPolicy, Destination
from labelwatch.core.posting import MethodHistory
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.polling.failures import notice_silence
from labelwatch.polling.learned_limits import learned_of
from labelwatch.polling.poll import poll_shop
from labelwatch.sandbox import Sandbox, Shop, TellableClock, World
from labelwatch.sources.ozon.client import Access, OzonSource
from labelwatch.store import OutboxState, ShopState, Store
from labelwatch.store.values import Settled

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
EVERY = timedelta(minutes=2)
PACKERS = Destination(name="packers", language="en", timezone="UTC")


class Telling(NamedTuple):
    """What people are told, about a posting or a shop; `about` is empty for an incident of several shops."""

    about: str
    cause: str
    reason: str


@dataclass(slots=True)
class Watcher:
    """All shops of a world, each with its key, looked at one after another."""

    sandbox: Sandbox
    clock: TellableClock
    store: Store
    every: timedelta = EVERY
    sources: dict[str, OzonSource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shops = list(self.sandbox.world.shops.values())
        self.store.shops.sync([(shop.name, shop.client_id) for shop in shops])
        self.sources = {shop.name: self._source(shop) for shop in shops}

    def _source(self, shop: Shop) -> OzonSource:
        return OzonSource(
            Access(
                shop.client_id,
                shop.api_key,
                base_url=self.sandbox.base_url,
                requests_per_second=100_000,
                timeout=timedelta(seconds=10),
                user_agent="labelwatch-test",
                proxy="",
            ),
            clock=self.clock.now,
            sleep=lambda _: None,
        )

    def until(self, minutes: float) -> None:
        """Poll every shop every so often, until so many minutes after the start of the world."""
        end = self.sandbox.world.start + timedelta(minutes=minutes)
        while self.clock.now() <= end:
            self.poll()
            self.clock.advance(self.every)

    def poll(self) -> list[Report]:
        """One look at every shop, all at the same time; what was due before it has been sent."""
        self._send()
        return [
            poll_shop(self._plan(name), store=self.store, source=source, now=self.clock.now, stop=lambda: False)
            for name, source in self.sources.items()
        ]

    def _send(self) -> None:
        now = self.clock.now()
        with self.store.write() as tx:
            rows = tx.outbox.claim(PACKERS.name, now=now, lease_until=now, key=f"{now}")
            tx.outbox.settle([row.id for row in rows], Settled(OutboxState.SENT), at=now)

    def silence(self, minutes: float) -> None:
        """Nobody polls for a while; then it is noticed."""
        self.clock.advance(timedelta(minutes=minutes))
        for name in self.sources:
            state = self._shop(name)
            since = state.read_at or self.clock.now()
            plan, now = self._plan(name), self.clock.now()
            notice_silence(plan, state, store=self.store, watching_since=since, now=now)

    def alerts(self) -> dict[str, Alert]:
        """By posting number or, where it is about a shop, by its Client-Id; each as it stood last."""
        keys = {shop.name: shop.client_id for shop in self.sandbox.world.shops.values()}
        found = self.store.alerts.find(open_only=False)
        return {alert.diagnosis.posting_number or keys[alert.diagnosis.shop]: alert for alert in found}

    def causes(self) -> dict[str, str]:
        return {key: alert.diagnosis.cause for key, alert in self.alerts().items()}

    def told(self) -> list[Telling]:
        """Everything that was to be told, oldest first."""
        rows = sorted(self.store.outbox.find(), key=lambda row: row.id)
        return [_telling(row.notification) for row in rows]

    def facts(self) -> dict[str, Facts]:
        """All that is known now of every posting with an open alert, put together as a poll does it."""
        return {number: facts for name in self.sources for number, facts in self._facts(name).items()}

    def _facts(self, name: str) -> dict[str, Facts]:
        now, shop, names = self.clock.now(), self._shop(name), list(self.sources)
        alerts = self.store.alerts.find(shops=[name])
        numbers = [alert.diagnosis.posting_number for alert in alerts if alert.diagnosis.posting_number]
        with self.store.write() as tx:
            late = tx.postings.known(shop.id, numbers)
            labels = [
                *tx.groups.waiting(since=now - COUNTED_WITHIN, shops=names),
                *tx.groups.fine(since=now - COUNTED_WITHIN, shops=names),
            ]
            incidents = find(labels, tx.alerts.open_incidents())
        watch = Watch(name, DelayPolicy(), self._history(shop))
        knowledge = Knowledge(
            watch.history,
            self.store.answers.read(shop.id, numbers, since=now - ANSWERS_KEPT),
            self.store.postings.labelled_methods(shop.id),
            self.store.postings.handed_over_unlabelled(shop.id),
            incidents,
        )
        findings = {number: watch.find(known, now, watched=True) for number, known in late.items()}
        return {number: knowledge.facts(finding) for number, finding in findings.items() if finding}

    def _plan(self, name: str) -> Plan:
        history = self._history(self._shop(name))
        return Plan(
            shop=name,
            every=self.every,
            destinations=(PACKERS,),
            learned=history.learned,
            shops={other: self.every for other in self.sources if other != name},
        )

    def _history(self, shop: ShopState) -> MethodHistory:
        plan, now = Plan(shop.name, self.every), self.clock.now()
        labelled = frozenset(self.store.postings.labelled_methods(shop.id))
        return MethodHistory(labelled, learned_of(self.store, shop, plan, now=now))

    def _shop(self, name: str) -> ShopState:
        shop = self.store.shops.named(name)
        assert shop is not None
        return shop


def _telling(notification: Notification) -> Telling:
    diagnosis = notification.alert.diagnosis
    return Telling(diagnosis.posting_number or diagnosis.shop, diagnosis.cause, notification.reason.value)


@contextmanager
def watching(world: World, store: Store, *, every: timedelta = EVERY) -> Iterator[Watcher]:
    """A watcher of this world, whose clock stands still until told."""
    clock = TellableClock(world.start, speed=0)
    with Sandbox(world, clock, requests_a_second=None) as sandbox:
        watcher = Watcher(sandbox, clock, store, every)
        try:
            yield watcher
        finally:
            for source in watcher.sources.values():
                source.close()
