"""A store with something to tell, channels that answer as they are told, and a clock."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from labelwatch.channels.base import Channel, Delivered, OutgoingMessage, Result
from labelwatch.core.alert import Notification
from labelwatch.delivery.context import DeliveryContext, DeliverySettings
from labelwatch.delivery.dispatcher import Round, send_due
from labelwatch.messages.alert_json import View
from labelwatch.messages.message import Message, SizeLimit
from labelwatch.messages.render import LIMIT
from labelwatch.store import OutboxRow, OutboxState, Store
from tests.support.alert_builders import NOW, destination

FINE = Delivered("HTTP 200", verified=True)
CHANCE = random.Random(7)


@dataclass
class FakeChannel:
    """Answers in the order of `results`, the last one again and again."""

    results: Sequence[Result] = (FINE,)
    limit: SizeLimit = LIMIT
    while_sending: Callable[[], object] = lambda: None
    account: str = ""
    outgoing_messages: list[OutgoingMessage] = field(default_factory=list)

    def send(self, outgoing: OutgoingMessage) -> Result:
        self.outgoing_messages.append(outgoing)
        self.while_sending()
        return self.results[min(len(self.outgoing_messages), len(self.results)) - 1]

    @property
    def sent(self) -> list[tuple[Message, Sequence[View], str]]:
        return [(outgoing.message, outgoing.views, outgoing.key) for outgoing in self.outgoing_messages]

    @property
    def keys(self) -> list[str]:
        return [key for _, _, key in self.sent]

    @property
    def told(self) -> list[list[tuple[str | None, str]]]:
        """Per message: posting number and reason of each alert."""
        return [[(seen["posting_number"], seen["reason"]) for seen in views] for _, views, _ in self.sent]


@dataclass
class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


def queue(store: Store, *told: Notification) -> list[int]:
    """Store alerts with their notifications; the ids of the alerts. The same alert is stored once."""
    store.shops.sync([("main", "123456")])
    shop = store.shops.named("main")
    assert shop is not None
    with store.write() as tx:
        first = {one.alert.diagnosis.posting_number: one.alert for one in reversed(told)}
        ended = [replace(alert, id=None) for alert in first.values()]
        ids = dict(zip(first, tx.alerts.save(shop.id, ended), strict=True))
        stored = [replace(one, alert=replace(one.alert, id=_id(ids, one))) for one in told]
        tx.outbox.add(stored, created_at=NOW)
    return list(ids.values())


def again(store: Store, alert_id: int, told: Notification) -> None:
    """Queue another telling of an alert that is stored already."""
    with store.write() as tx:
        tx.outbox.add([replace(told, alert=replace(told.alert, id=alert_id))], created_at=NOW)


def tell(store: Store, clock: Callable[[], datetime], channels: Mapping[str, Channel], **more: Any) -> Round:
    """One round over these channels, with keys and jitter of a seeded chance; `more` are arguments of send_due, of
    Terms (fallbacks ...), or with `to` fields of every destination."""
    about = more.pop("to", {})
    routes = {name: (destination(name=name, **about), channel) for name, channel in channels.items()}
    settings = {key: more.pop(key) for key in list(more) if key in {part.name for part in fields(DeliverySettings)}}
    settings = {"stop": lambda: False, "chance": CHANCE, "settings": DeliverySettings(**settings), **more}
    return send_due(DeliveryContext(store, routes, now=clock, **settings))


def states(store: Store, channel: str = "packers") -> list[OutboxState]:
    return [row.state for row in rows(store, channel)]


def rows(store: Store, channel: str = "packers") -> list[OutboxRow]:
    """Oldest first."""
    return store.outbox.find(channel=channel)[::-1]


def alive() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def _id(ids: dict[str | None, int], one: Notification) -> int:
    return ids[one.alert.diagnosis.posting_number]


@dataclass
class FakeChat(FakeChannel):
    """A channel whose messages can be changed; keeps what each reads now under its ref."""

    board: dict[str, OutgoingMessage] = field(default_factory=dict)
    revisions: Sequence[Result] = ()
    revised: list[str] = field(default_factory=list)
    meanwhile: Callable[[], object] = bool

    def send(self, outgoing: OutgoingMessage) -> Result:
        result = FakeChannel.send(self, outgoing)
        if isinstance(result, Delivered):
            ref = f"chat/{len(self.board) + 1}"
            self.board[ref] = outgoing
            return replace(result, ref=ref)
        return result

    def revise(self, ref: str, outgoing: OutgoingMessage) -> Result:
        self.revised.append(ref)
        self.meanwhile()
        result = self.revisions[len(self.revised) - 1] if len(self.revised) <= len(self.revisions) else FINE
        if isinstance(result, Delivered):
            self.board[ref] = outgoing
        return result
