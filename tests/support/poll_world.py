"""A stage for stories: a shop that says what it is told to, a clock that is told, and a real database."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from labelwatch.core.alert import Alert
from labelwatch.core.enrichment import Answer, Answers, Question, Substance
from labelwatch.core.error_index import IndexReading
from labelwatch.core.policy import Destination
from labelwatch.core.posting import DeliveryMethod, Posting
from labelwatch.core.report import Report
from labelwatch.core.snapshot import Plan
from labelwatch.polling.failures import notice_silence
from labelwatch.polling.poll import poll_shop
from labelwatch.sources import Item, KeyInfo, LabelPdf, LabelUnavailable, Missing, SourceError, Trouble, Unreadable
from labelwatch.store import OutboxRow, Store

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EVERY = timedelta(minutes=2)


class FakeSource:
    """Lists what is in `listed`, knows what is in `elsewhere`, fails as `trouble` says."""

    def __init__(self) -> None:
        self.requests = 0
        self.listed: list[Posting] = []
        self.arrived: list[Posting] = []
        self.arrived_since: list[datetime] = []
        self.arrivals_fail = False
        self.elsewhere: dict[str, Posting] = {}
        self.trouble: Trouble | None = None
        self.retry_after: float | None = None
        self.fails_after: int | None = None
        self.lookup_fails = False
        self.unreadable: set[str] = set()
        self.decoded = 0
        self.page = 3
        self.asked: list[list[Question]] = []
        self.knows: dict[Question, Substance | None] = {}
        self.now: Callable[[], datetime] = lambda: START
        self.key = KeyInfo(expires_at=None, roles=())

    def sweep(self) -> Iterator[Sequence[Item]]:
        for place in range(0, max(len(self.listed), 1), self.page):
            if self.trouble and (self.fails_after is None or place >= self.fails_after):
                raise SourceError(self.trouble, f"HTTP 502 at page {place}", retry_after=self.retry_after)
            self.requests += 1
            yield [self._item(index, one) for index, one in enumerate(self.listed[place : place + self.page])]

    def arrivals(self, since: datetime) -> Iterator[Sequence[Item]]:
        self.arrived_since.append(since)
        self.requests += 1
        if self.arrivals_fail:
            raise SourceError(Trouble.OZON_DOWN, "HTTP 502")
        yield [self._item(index, one) for index, one in enumerate((*self.listed, *self.arrived))]

    def _item(self, index: int, posting: Posting) -> Item:
        raw = msgspec.msgpack.encode(posting)
        digest = int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big", signed=True)
        return Item(digest=digest, raw=raw, index=index)

    def read(self, item: Item, odd: Callable[[Unreadable], object] = lambda _: None) -> Posting:
        self.decoded += 1
        posting = msgspec.msgpack.decode(item.raw, type=Posting)
        if posting.number in self.unreadable:
            raise Unreadable(f"$.postings[{item.index}].shipment_date", posting.number, "no time")
        return posting

    def lookup(self, numbers: Sequence[str]) -> dict[str, Posting]:
        self.requests += 1
        if self.lookup_fails:
            raise SourceError(Trouble.OZON_DOWN, "HTTP 502")
        return {number: self.elsewhere[number] for number in numbers if number in self.elsewhere}

    def ask(self, questions: Sequence[Question], known: Answers, *, budget: int) -> dict[Question, Answer]:
        self.asked.append(list(questions))
        return {q: Answer(self.now(), self.knows[q]) for q in questions if q in self.knows}

    def label(self, number: str) -> LabelPdf | LabelUnavailable:
        return LabelUnavailable(Missing.NOT_READY, number)

    def key_info(self) -> KeyInfo:
        return self.key

    def error_index(self, since: datetime) -> IndexReading:
        raise SourceError(Trouble.METHOD_RETIRED, "HTTP 404")

    def close(self) -> None:
        return


@dataclass
class Story:
    """One shop over time; `minutes` moves the clock, `poll` looks, the rest tells what came of it."""

    store: Store
    source: FakeSource = field(default_factory=FakeSource)
    plan: Plan = field(default_factory=lambda: Plan(shop="main", every=EVERY, destinations=(channel("packers"),)))
    at: datetime = START
    stop: Callable[[], bool] = lambda: False
    listening_since: datetime | None = None

    def __post_init__(self) -> None:
        self.source.now = lambda: self.at
        self.store.shops.sync([(self.plan.shop, "123456")])

    def poll(self, minutes: float = 0) -> Report:
        self.at += timedelta(minutes=minutes)
        return poll_shop(self.plan, store=self.store, source=self.source, now=lambda: self.at, stop=self.stop)

    def silence(self, minutes: float = 0) -> bool:
        self.at += timedelta(minutes=minutes)
        state = self.store.shops.named(self.plan.shop)
        assert state is not None
        since = self.listening_since or state.read_at or self.at
        return notice_silence(self.plan, state, store=self.store, watching_since=since, now=self.at)

    def lists(self, *postings: Posting) -> None:
        self.source.listed = list(postings)

    def alerts(self, *, open_only: bool = True) -> dict[str | None, Alert]:
        found = self.store.alerts.find(open_only=open_only)
        return {alert.diagnosis.posting_number: alert for alert in found}

    def told(self) -> list[tuple[str | None, str]]:
        """Posting and reason of everything queued, oldest first."""
        return [
            (row.notification.alert.diagnosis.posting_number, row.notification.reason.value) for row in self.rows()
        ]

    def rows(self) -> list[OutboxRow]:
        return sorted(self.store.outbox.find(), key=lambda row: row.id)


def channel(name: str, **changes: Any) -> Destination:
    return replace(Destination(name=name, language="en", timezone="UTC"), **changes)


def posting(number: str = "0101-0001-1", **changes: Any) -> Posting:
    """A packed FBS posting without a label, its cutoff two days away."""
    healthy = Posting(
        number=number,
        order_number=number.rpartition("-")[0],
        status="awaiting_deliver",
        substatus="posting_created",
        flow="ozon",
        schema="fbs",
        method=DeliveryMethod(id="77", name="Courier", warehouse_id="5", warehouse="Main", carrier="Aurora"),
        in_process_at=START - timedelta(hours=5),
        cutoff=START + timedelta(days=2),
        actions=("cancel",),
    )
    return replace(healthy, **changes)


def labelled(one: Posting) -> Posting:
    return replace(one, actions=(*one.actions, "label_download"))


def unpacked(number: str, **changes: Any) -> Posting:
    late = {"status": "awaiting_packaging", "actions": ("ship",), "in_process_at": START - timedelta(hours=30)}
    return posting(number, **late | changes)


def numbered(count: int, make: Callable[[str], Posting] = posting) -> Iterable[Posting]:
    return [make(f"0101-{index:04}-1") for index in range(count)]


def of_carrier(name: str, number: str, **changes: Any) -> Posting:
    """A packed cross-border posting of this carrier, registered and numbered, its label not there."""
    method = DeliveryMethod(id=f"m-{name}", name=name, warehouse_id="5", warehouse="Main", carrier=name)
    return posting(number, flow="aggregator", schema="rFBS", method=method, tracking_number=f"T{number}", **changes)
