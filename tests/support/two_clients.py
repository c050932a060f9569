"""A service for several clients: an incident in some of their shops, and all that each of their channels reads."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.channels.base import OutgoingMessage
from labelwatch.channels.webhook import _payload
from labelwatch.config import Channel, Config, Shop
from labelwatch.core.alert import Alert, AlertState, Diagnosis, LastNotified, Notification, Reason
from labelwatch.core.lifecycle import acknowledge
from labelwatch.core.policy import Destination
from labelwatch.core.report import Report
from labelwatch.core.subject import Part
from labelwatch.delivery.action_links import signing
from labelwatch.delivery.alert_actions import StoredAlertActions
from labelwatch.delivery.context import DeliveryContext
from labelwatch.delivery.dispatcher import send_due
from labelwatch.delivery.follow_ups import changed
from labelwatch.delivery.shift_summary import queue_shift_summaries
from labelwatch.messages.interactions import Press, answered
from labelwatch.store import Store, open_store
from labelwatch.web.auth.board_auth import new_secret
from tests.support.alert_builders import NOW, diagnosis, minutes
from tests.support.post import Clock, FakeChannel, FakeChat
from tests.web.asking import LOCKED, PUBLIC, browser
from tests.web.build import Hands, clock

VERBS = ("details", "check", "pick", "ack", "snooze", "all")
SETTINGS = replace(LOCKED, public_url=PUBLIC)


def name(shop: int) -> str:
    """What marks a shop: it stands in its name and in everything that is written about it."""
    return f"zq{shop}x"


def size(shop: int) -> int:
    """How many labels are late in it: every sum of several shops is another number."""
    return 200_000 << shop


def part(shop: int, *, is_over: bool = False) -> Part:
    late = 0 if is_over else size(shop)
    at = NOW - minutes(30 + shop)
    over = NOW - minutes(1) if is_over else None
    return Part(
        name(shop),
        late,
        size(shop),
        ("Aurora",),
        at,
        NOW + minutes(30),
        detail=f"HTTP 502 {name(shop)}",
        well_since=over,
    )


@dataclass
class Clients:
    """One service: `groups` are the shops of each channel, the first channel's messages can be changed."""

    store: Store
    groups: Sequence[frozenset[int]]
    shops: int
    language: str
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.store.shops.sync([(name(shop), f"100{shop}") for shop in range(self.shops)])
        self.config = Config(
            language=self.language,  # type: ignore[arg-type]
            shops=tuple(Shop(name=name(n), client_id=f"100{n}", api_key=SecretStr("k")) for n in range(self.shops)),
            channels=tuple(self._channel(n, group) for n, group in enumerate(self.groups)),
        )
        fakes = [FakeChannel() if n % 2 else FakeChat() for n in range(len(self.groups))]
        self.channels = {to.name: (to, fake) for to, fake in zip(self.config.destinations(), fakes, strict=True)}
        self.said: dict[str, list[str]] = {name: [] for name in self.channels}

    def _channel(self, number: int, group: frozenset[int]) -> Channel:
        url = SecretStr(f"json://127.0.0.1:9/{number}")
        return Channel(name=f"client-{number}", url=url, shops=tuple(map(name, sorted(group))))

    def queue(self, about: Diagnosis) -> None:
        """Queue the incident as a whole for every channel, as if the shops of the channels had just been changed; and
        a posting of each shop for those that hear of it."""
        opened, told = NOW - timedelta(hours=1), LastNotified(NOW, 1, about.severity, about.cause)
        alert = Alert(None, AlertState.FIRING, opened, about, opened, told=told)
        with self.store.write() as tx:
            (id_,) = tx.alerts.save(None, [alert])
            tx.outbox.add(self._rows(replace(alert, id=id_), self.channels), created_at=NOW)
            for shop in range(self.shops):
                late = diagnosis(shop=name(shop), posting_number=f"{name(shop)}-0001-1")
                state = self.store.shops.named(name(shop))
                assert state is not None
                (id_,) = tx.alerts.save(state.id, [replace(alert, diagnosis=late)])
                hearing = [to for to, group in zip(self.channels, self.groups, strict=True) if shop in group]
                tx.outbox.add(self._rows(replace(alert, id=id_, diagnosis=late), hearing), created_at=NOW)
        self.incident = next(one.id for one in self.store.alerts.incidents() if one.id is not None)

    def _rows(self, alert: Alert, names: Mapping[str, Any] | Sequence[str]) -> list[Notification]:
        expires = NOW + timedelta(days=2)
        return [Notification(alert, 1, Reason.FIRST, to, due_at=NOW, expires_at=expires) for to in names]

    def tell(self, **later: float) -> None:
        self.clock.advance(**later)
        send_due(DeliveryContext(self.store, self.channels, now=self.clock, stop=lambda: False))

    def take(self, by: str, note: str) -> None:
        """Somebody who sees everything takes the incident and writes about it."""
        now = self.clock.at
        with self.store.write() as tx:
            changed(
                tx,
                lambda noted: tx.alerts.change_by_id([self.incident], noted),
                lambda alert: acknowledge(alert, by=by, note=note, now=now),
                channels=self.channels,
                now=now,
            )

    def hand_over(self) -> None:
        """A list of everything to each channel."""
        due = (self.clock.at + minutes(30)).time()
        to = [replace(one, handover=(due,), timezone="UTC") for one, _ in self.channels.values()]
        queue_shift_summaries(self.store, to, now=self.clock.at)
        self.clock.advance(minutes=31)
        assert queue_shift_summaries(self.store, to, now=self.clock.at) == len(to)
        self.tell()

    def press(self) -> None:
        """Every button below every message, in the chat of its channel, by somebody of it."""
        for to, channel in self.channels.values():
            office = StoredAlertActions(self.store, now=self.clock, poll=_unreadable, channels=self.channels).at(
                [to.name], "Nina"
            )
            for key in dict.fromkeys(channel.keys):
                for verb in VERBS:
                    self.said[to.name] += self._answers(Press("1", "-1", 5, verb, key, "Nina"), office, to)

    def _answers(self, press: Press, office: StoredAlertActions, to: Destination) -> Iterator[str]:
        reply = answered(press, office, to, now=self.clock)
        yield reply.toast
        yield repr(reply.buttons)
        for message in (reply.message, reply.then() if reply.then else None):
            if message is not None:
                yield f"{message.title}\n{message.body}"

    def open_links(self) -> None:
        """The page of a link in every message, before and after it is used."""
        hands = Hands(self.clock.at)
        with (
            closing(App(self.config, self.store, clock=clock(hands), stop=threading.Event())) as app,
            browser(app, SETTINGS, at=PUBLIC) as client,
        ):
            headers = {"origin": PUBLIC, "sec-fetch-site": "same-origin"}
            for to, channel in self.channels.values():
                for key in dict.fromkeys(channel.keys):
                    links = signing(self.store, PUBLIC, new_secret).links_of(key, now=self.clock.at)
                    path = links["ack"].removeprefix(PUBLIC)
                    pages = (
                        client.get(path),
                        client.post(path, data={"by": "", "all": "1"}, headers=headers),
                        client.get(path),
                    )
                    self.said[to.name] += [page.text for page in pages]

    def read(self) -> Iterator[tuple[frozenset[int], str]]:
        """Everything that was given to a channel, and the shops that the channel may see."""
        for (to, channel), group in zip(self.channels.values(), self.groups, strict=True):
            outgoing_messages = [
                *channel.outgoing_messages,
                *(channel.board.values() if isinstance(channel, FakeChat) else ()),
            ]
            for text in (*self.said[to.name], *(text for outgoing in outgoing_messages for text in _texts(outgoing))):
                yield group, text


def _texts(outgoing: OutgoingMessage) -> Iterator[str]:
    yield f"{outgoing.message.title}\n{outgoing.message.body}"
    yield repr([target.subject for target in outgoing.targets])
    yield repr(_payload(outgoing, {}))


def _unreadable(shop: str) -> Report:
    return Report(shop, complete=False, error=f"{shop}: key rejected")


@contextmanager
def clients(template: Path, folder: Path, **fields: Any) -> Iterator[Clients]:
    """Over a database of their own."""
    file = folder / "clients.db"
    copyfile(template, file)
    with closing(open_store(f"sqlite:///{file}")) as store:
        yield Clients(store, **fields)
