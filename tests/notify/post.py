"""A store with something to tell, channels that answer as they are told, and a clock."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from labelwatch.core.model import Notification
from labelwatch.notify.channels.outcome import Channel, Delivered, Parcel, Result
from labelwatch.notify.desk import Terms
from labelwatch.notify.message import Message, Room
from labelwatch.notify.messages import LIMIT
from labelwatch.notify.outbox import Round, send_due
from labelwatch.notify.view import View
from labelwatch.store import OutboxRow, OutboxState, Store
from tests.notify.build import NOW, destination

FINE = Delivered("HTTP 200", verified=True)
CHANCE = random.Random(7)


@dataclass
class FakeChannel:
    """Answers in the order of `results`, the last one again and again."""

    results: Sequence[Result] = (FINE,)
    limit: Room = LIMIT
    while_sending: Callable[[], object] = lambda: None
    account: str = ""
    parcels: list[Parcel] = field(default_factory=list)

    def send(self, parcel: Parcel) -> Result:
        self.parcels.append(parcel)
        self.while_sending()
        return self.results[min(len(self.parcels), len(self.results)) - 1]

    @property
    def sent(self) -> list[tuple[Message, Sequence[View], str]]:
        return [(parcel.message, parcel.views, parcel.key) for parcel in self.parcels]

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
    store.sync_shops([("main", "123456")])
    shop = store.shop("main")
    assert shop is not None
    with store.write() as tx:
        first = {one.alert.diagnosis.posting_number: one.alert for one in reversed(told)}
        ended = [replace(alert, id=None) for alert in first.values()]
        ids = dict(zip(first, tx.save_alerts(shop.id, ended), strict=True))
        stored = [replace(one, alert=replace(one.alert, id=_id(ids, one))) for one in told]
        tx.add_notifications(stored, created_at=NOW)
    return list(ids.values())


def again(store: Store, alert_id: int, told: Notification) -> None:
    """Queue another telling of an alert that is stored already."""
    with store.write() as tx:
        tx.add_notifications([replace(told, alert=replace(told.alert, id=alert_id))], created_at=NOW)


def tell(store: Store, clock: Callable[[], datetime], channels: Mapping[str, Channel], **more: Any) -> Round:
    """One round over these channels, with keys and jitter of a seeded chance; `more` are arguments of send_due, of
    Terms (fallbacks ...), or with `to` fields of every destination."""
    about = more.pop("to", {})
    routes = {name: (destination(name=name, **about), channel) for name, channel in channels.items()}
    terms = {key: more.pop(key) for key in list(more) if key in {part.name for part in fields(Terms)}}
    settings = {"stop": lambda: False, "chance": CHANCE, "terms": Terms(**terms), **more}
    return send_due(store, routes, now=clock, **settings)


def states(store: Store, channel: str = "packers") -> list[OutboxState]:
    return [row.state for row in rows(store, channel)]


def rows(store: Store, channel: str = "packers") -> list[OutboxRow]:
    """Oldest first."""
    return store.notifications(channel=channel)[::-1]


def alive() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def _id(ids: dict[str | None, int], one: Notification) -> int:
    return ids[one.alert.diagnosis.posting_number]


@dataclass
class FakeChat(FakeChannel):
    """A channel whose messages can be changed; keeps what each reads now under its ref."""

    board: dict[str, Parcel] = field(default_factory=dict)
    revisions: Sequence[Result] = ()
    revised: list[str] = field(default_factory=list)

    def send(self, parcel: Parcel) -> Result:
        result = FakeChannel.send(self, parcel)
        if isinstance(result, Delivered):
            ref = f"chat/{len(self.board) + 1}"
            self.board[ref] = parcel
            return replace(result, ref=ref)
        return result

    def revise(self, ref: str, parcel: Parcel) -> Result:
        self.revised.append(ref)
        result = self.revisions[len(self.revised) - 1] if len(self.revised) <= len(self.revisions) else FINE
        if isinstance(result, Delivered):
            self.board[ref] = parcel
        return result
