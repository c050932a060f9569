"""The outbox against a simple model, over a real database: whatever services and processes do, in any order.

Of each alert every channel ends up with the newest telling (or never heard of it at all, and it is over); tellings
come in order; one comes twice only after a death or an answer that was lost, under its old key and marked as such;
nothing is superseded that still matters; and while a service wants silence it has it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from labelwatch.channels.base import (
    Ambiguous,
    Channel,
    Delivered,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
)
from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.delivery.context import DeliveryContext
from labelwatch.delivery.dispatcher import LEASE, recover, send_due
from labelwatch.delivery.settle import forget_others
from labelwatch.messages.message import SizeLimit
from labelwatch.store import OutboxState, Store, open_store
from tests.fuzz.mortal import Died, Mortal
from tests.support.alert_builders import NOW, destination, resolved, told
from tests.support.examples import examples
from tests.support.post import Clock
from tests.support.reasons import because

pytestmark = pytest.mark.lengthy

KEPT, LOST = "packers", "owner"
"""The second channel may be taken out of the configuration."""
PACE = timedelta(seconds=30)
MOODS: dict[str, tuple[bool, Result]] = {
    "well": (True, Delivered("ok", verified=True)),
    "unverified": (True, Delivered("", verified=False)),
    "down": (False, Retry(because("HTTP 502"))),
    "flooded": (False, RateLimited(because("HTTP 429"), timedelta(seconds=34))),
    "answer lost": (True, Ambiguous(because("no answer"))),
    "question lost": (False, Ambiguous(because("no answer"))),
    "gone": (False, Permanent(because("HTTP 403: kicked"))),
}
"""Whether the message arrives, and what the service says."""
SPANS = st.sampled_from((1, 7, 34, 130, 301, 3600))
MOODS_OF = st.sampled_from(sorted(MOODS))
TURNS = st.sampled_from((None, Reason.ESCALATED, Reason.CAUSE_CHANGED, Reason.REMINDER, Reason.RESOLVED))
ENDS = st.none() | st.none() | st.just("sent") | st.just("claimed") | st.integers(0, 40)
"""Where a process dies: not at all, at a point of its round, or after so many steps."""


class Arrival(NamedTuple):
    """One alert of a message that somebody read."""

    key: str
    number: str
    reason: str


@dataclass
class Service:
    """What is behind a channel: it keeps what arrived, and how often it left us in doubt."""

    clock: Clock
    mood: str = "well"
    limit: SizeLimit = field(default_factory=lambda: SizeLimit(4000))
    account: str = ""
    life: Mortal | None = None
    arrived: list[Arrival] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    disturbed: int = 0
    """How often it was asked while it wanted silence."""
    silent_until: datetime = NOW

    def send(self, outgoing: OutgoingMessage) -> Result:
        if self.life is not None:
            self.life.step()
        self.disturbed += self.clock() < self.silent_until
        arrives, result = MOODS[self.mood]
        if arrives:
            self.messages[outgoing.key] += 1
            self.arrived += [
                Arrival(outgoing.key, one["posting_number"], one["reason"])
                for one in outgoing.views
                if one["posting_number"]
            ]
        self.doubts += isinstance(result, Ambiguous)
        if self.life is not None:
            self.life.step()
        if isinstance(result, RateLimited):
            self.silent_until = self.clock() + result.after
        if isinstance(result, Delivered):
            self.silent_until = self.clock() + PACE
        return result

    def heard(self, number: str) -> list[str]:
        """The reasons for which it was told of a posting, in order, each once in a row."""
        reasons = [one.reason for one in self.arrived if one.number == number]
        return [reason for place, reason in enumerate(reasons) if place == 0 or reasons[place - 1] != reason]


@dataclass
class Story:
    """An alert as the model knows it."""

    number: str
    alert: Alert
    reasons: list[Reason]

    @property
    def is_over(self) -> bool:
        return self.reasons[-1] is Reason.RESOLVED


class Outbox(RuleBasedStateMachine):
    """One database, two channels, and lives of a service, one after the other."""

    def __init__(self, template: Path, folder: Path) -> None:
        super().__init__()
        self.file = folder / f"{next(_numbers)}.db"
        copyfile(template, self.file)
        self.store = open_store(f"sqlite:///{self.file}")
        self.clock = Clock()
        self.chance = Random(7)
        self.services = {name: Service(self.clock) for name in (KEPT, LOST)}
        self.in_use = {KEPT, LOST}
        self.stories: list[Story] = []
        self.deaths = 0

    @initialize(late=st.integers(1, 4))
    def begins(self, late: int) -> None:
        self.store.shops.sync([("main", "123456")])
        self._get_late(late)

    # --- what happens

    @rule(
        late=st.integers(0, 3),
        turn=TURNS,
        which=st.integers(0, 99),
        seconds=SPANS,
        kept=MOODS_OF,
        lost=MOODS_OF,
        end=ENDS,
    )
    def time_passes_and_it_tells(
        self, late: int, turn: Reason | None, which: int, seconds: int, kept: str, lost: str, end: int | str | None
    ) -> None:
        """Postings get late, an alert takes a turn, and a round of telling ends well, or with the process; what died
        is started anew at once, or another one takes over when its lease is over."""
        self.clock.advance(seconds=seconds)
        self.services[KEPT].mood, self.services[LOST].mood = kept, lost
        if which % 2:
            recover(self.store, now=self.clock())
        self._get_late(late)
        self._turn(which, turn)
        if end is None:
            self._round(self.store)
        else:
            self._die(end)

    @rule(name=st.sampled_from((KEPT, LOST)))
    def somebody_hurries(self, name: str) -> None:
        waiting = [row.id for row in self.store.channels.waiting(name)]
        self.store.outbox.retry(waiting, at=self.clock(), expires_at=self.clock() + timedelta(days=2))

    @precondition(lambda self: LOST in self.in_use)
    @rule(sure=st.integers(0, 9))
    def a_channel_is_taken_out(self, sure: int) -> None:
        if sure == 5:
            self.in_use = {KEPT}
            forget_others(self.store, self.in_use, now=self.clock())

    def _get_late(self, group: int) -> None:
        fresh = [told(n=len(self.stories) + place) for place in range(group)]
        with self.store.write() as tx:
            ids = tx.alerts.save(1, [replace(one.alert, id=None) for one in fresh])
            for one, id_ in zip(fresh, ids, strict=True):
                number = one.alert.diagnosis.posting_number or ""
                story = Story(number, replace(one.alert, id=id_), [Reason.FIRST])
                self.stories.append(story)
                tx.outbox.add(self._news(story, story.alert), created_at=self.clock())

    def _turn(self, which: int, reason: Reason | None) -> None:
        open_ones = [story for story in self.stories if not story.is_over]
        if not open_ones or reason is None:
            return
        story = open_ones[which % len(open_ones)]
        if reason in story.reasons:
            return
        story.reasons.append(reason)
        alert = story.alert
        with self.store.write() as tx:
            if reason is Reason.RESOLVED:
                alert = replace(resolved().alert, id=alert.id, diagnosis=alert.diagnosis)
                tx.alerts.save(1, [alert])
            tx.outbox.add(self._news(story, alert), created_at=self.clock())

    def _die(self, end: int | str) -> None:
        life = Mortal(self.store, end)
        with self._alive(life), suppress(Died):
            self._round(cast(Store, life), life.at)
        if life.is_dead:
            self.deaths += 1
            for service in self.services.values():  # what it was told may not have been written down
                service.silent_until = NOW

    # --- what must hold

    def teardown(self) -> None:
        try:
            self._all_is_well_again()
            for name in sorted(self.in_use):
                self._nothing_is_lost(name)
            for name, service in self.services.items():
                assert service.disturbed == 0
                self._in_order(service)
                self._twice_only_with_a_reason(service, name)
            self._superseded_only_when_it_does_not_matter()
        finally:
            self.store.close()
            for part in self.file.parent.glob(f"{self.file.name}*"):
                part.unlink()

    def _all_is_well_again(self) -> None:
        for service in self.services.values():
            service.mood = "well"
        for _ in range(40):
            self.clock.at += LEASE
            self._round(self.store)
            if not self.store.outbox.find(states=[OutboxState.PENDING, OutboxState.RETRY, OutboxState.LEASED]):
                break
        states = {row.state for name in self.in_use for row in self.store.outbox.find(channel=name, limit=1000)}
        assert states <= {OutboxState.SENT, OutboxState.UNVERIFIED, OutboxState.SUPERSEDED}

    def _nothing_is_lost(self, name: str) -> None:
        service = self.services[name]
        for story in self.stories:
            heard = service.heard(story.number)
            if story.is_over and not heard:
                continue  # over before anybody there had heard of it
            assert heard, f"{name} never heard of {story.number}"
            assert heard[-1] == story.reasons[-1], f"{name} heard of {story.number} last: {heard[-1]}"
            assert heard[0] != Reason.RESOLVED, f"{name} heard of {story.number} only that it is over"

    def _in_order(self, service: Service) -> None:
        for story in self.stories:
            places = [story.reasons.index(Reason(reason)) for reason in service.heard(story.number)]
            assert places == sorted(places), f"{story.number} was told in the order {places}"

    def _twice_only_with_a_reason(self, service: Service, name: str) -> None:
        extra = sum(times - 1 for times in service.messages.values())
        assert extra <= self.deaths + service.doubts, f"{extra} messages came twice"
        keys: dict[tuple[str, str], set[str]] = {}
        for one in service.arrived:
            keys.setdefault((one.number, one.reason), set()).add(one.key)
        assert all(len(found) == 1 for found in keys.values()), "the same came under two keys"
        again = {key for key, times in service.messages.items() if times > 1}
        rows = self.store.outbox.find(channel=name, limit=1000)
        assert all(row.possible_duplicate for row in rows if row.message_key in again)

    def _superseded_only_when_it_does_not_matter(self) -> None:
        by_id = {story.alert.id: story for story in self.stories}
        for row in self.store.outbox.find(states=[OutboxState.SUPERSEDED], limit=1000):
            story, reason = by_id.get(row.notification.alert.id), row.notification.reason
            if story is None:  # of a channel that does not work
                continue
            heard = self.services[row.notification.channel].heard(story.number)
            newer = [one for one in heard if story.reasons.index(Reason(one)) > story.reasons.index(reason)]
            assert newer or (story.is_over and not heard) or row.notification.channel not in self.in_use

    # ---

    def _news(self, story: Story, alert: Alert) -> list[Notification]:
        at, telling, reason = self.clock(), len(story.reasons), story.reasons[-1]
        return [
            Notification(alert, telling, reason, name, due_at=at, expires_at=at + timedelta(days=900))
            for name in sorted(self.in_use)
        ]

    def _round(self, store: Store, at: Callable[[str], None] = lambda point: None) -> None:
        routes: dict[str, tuple[Any, Channel]] = {
            name: (destination(name=name, group_interval=PACE), self.services[name]) for name in sorted(self.in_use)
        }
        send_due(DeliveryContext(store, routes, now=self.clock, stop=lambda: False, chance=self.chance, at=at))

    @contextmanager
    def _alive(self, life: Mortal) -> Iterator[None]:
        for service in self.services.values():
            service.life = life
        try:
            yield
        finally:
            for service in self.services.values():
                service.life = None


_numbers = count()


@pytest.mark.fault("D1", "D2", "D11", "D13", "D14", "P1", "P2")
def test_whatever_happens_nothing_is_lost_doubled_or_disordered(sqlite_template: Path, tmp_path: Path) -> None:
    machine: Any = partial(Outbox, sqlite_template, tmp_path)
    run_state_machine_as_test(machine, settings=examples(10, steps=15))
