"""What people would have been told in a recorded time under other limits, against what they were told under its own.

Whether an order was packed and labelled in time is as it was: nobody knows what people would have done, had they been
told earlier. So an order counts as missed where its deadline passed and nobody was told while there was time to act.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise, product
from statistics import median
from typing import Any

from labelwatch.core.alert import Alert, Outcome, Verdict
from labelwatch.core.deadline import deadline_of
from labelwatch.core.lateness import LEFT, delays_for, label_offered
from labelwatch.core.policy import DelayPolicy, Delays
from labelwatch.core.posting import Deadline, Interval, Posting
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import PostingId
from labelwatch.replaying.outbox import key_of
from labelwatch.replaying.recording import Answered, Event, Planned, Read, Recording, in_order, play
from labelwatch.replaying.replay import Replay
from labelwatch.replaying.shop import Seen

GAP = 3
"""Missed polls in a row after which a shop counts as not watched."""

SUGGESTED_LABEL = tuple(timedelta(minutes=n) for n in (10, 15, 20, 30, 45))
SUGGESTED_BEFORE = tuple(timedelta(hours=n) for n in (2, 4, 6))
ENOUGH_ORDERS = 5000
"""Limits are tried on so many: each pair of limits is a replay of its own."""
A_DAY = timedelta(days=1)
Progress = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Limits:
    """Other limits; None = as they were."""

    order: timedelta | None = None
    registration: timedelta | None = None
    label: timedelta | None = None
    before_cutoff: timedelta | None = None

    def given(self) -> dict[str, timedelta]:
        """Name -> limit of those that are other."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: limit for name, limit in named.items() if limit is not None}

    def over(self, plan: Plan) -> Plan:
        """The plan of a shop with these limits; a warehouse or method that has a limit of its own keeps it."""
        other, before = self.given(), plan.delays.default
        return replace(
            plan,
            delays=DelayPolicy(
                _with(before, other, before),
                {id_: _with(own, other, before) for id_, own in plan.delays.by_warehouse.items()},
                {id_: _with(own, other, before) for id_, own in plan.delays.by_method.items()},
            ),
        )


def _with(own: Delays, other: Mapping[str, timedelta], shop: Delays) -> Delays:
    inherited: dict[str, Any] = {k: limit for k, limit in other.items() if getattr(own, k) == getattr(shop, k)}
    return replace(own, **inherited, auto=own.auto.difference(inherited))


@dataclass(frozen=True, slots=True)
class Order:
    """How it ended with an order, whoever was told what."""

    deadline: Deadline | None
    done_at: datetime | None
    """When its label was there, or it was handed over."""
    is_void: bool
    """Cancelled or split: nothing was missed."""
    acted_from: datetime | None
    """When people were in fact first told to act."""

    @property
    def is_in_time(self) -> bool:
        return self.done_at is not None and (self.deadline is None or self.done_at <= self.deadline.at)


Orders = Mapping[PostingId, Order]


@dataclass(frozen=True, slots=True)
class Result:
    """What people were told, or would have been."""

    messages: int
    """Over all channels."""
    told: Mapping[PostingId, datetime]
    """When the first message about an order was sent."""
    rescued: frozenset[PostingId]
    """Told, and done before the deadline."""
    missed: frozenset[PostingId]
    """The deadline passed, and nobody was told while there was time to act."""
    resolved_alone: frozenset[PostingId]
    """Told, though the label came in time before anybody was in fact told to act."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Limits that no others beat in both: fewer messages, and told longer before the deadline."""

    limits: Limits
    messages: int
    ahead: timedelta
    """The median time before the deadline at which people hear of an order that needs somebody."""
    missed: int


@dataclass(frozen=True, slots=True)
class Backtest:
    recording: Recording
    now: Result
    then: Result
    notifications: int
    """Recorded ones that follow from orders and their limits."""
    reproduced: int
    """Those of them that the replay under the recorded limits decided as well: the same in the same moment."""
    invented: int
    """Those that it decided beside them."""
    unwatched: timedelta

    @property
    def earlier(self) -> list[timedelta]:
        """By how much people would have heard earlier of the orders of which they would have."""
        both = self.now.told.keys() & self.then.told.keys()
        return [self.now.told[one] - self.then.told[one] for one in both if self.then.told[one] < self.now.told[one]]

    @property
    def later(self) -> list[timedelta]:
        both = self.now.told.keys() & self.then.told.keys()
        return [self.then.told[one] - self.now.told[one] for one in both if self.then.told[one] > self.now.told[one]]

    @property
    def rescuable(self) -> frozenset[PostingId]:
        """Missed, and told in time under the other limits."""
        return self.now.missed - self.then.missed


def backtest(recording: Recording, limits: Limits, *, progress: Progress = lambda share: None) -> Backtest:
    """Play a recording under its own limits and under others."""
    plays = 2 if limits.given() else 1
    orders = orders_of(recording)
    replay = play(recording, progress=lambda share: progress(share / plays))
    now = then = result_of(replay, orders, recording)
    if limits.given():
        other = play(foreseen(recording), limits=limits.over, progress=lambda share: progress((1 + share) / plays))
        then = result_of(other, orders, recording)
    progress(1)
    told, played = _recorded(recording), _played(replay)
    return Backtest(
        recording, now, then, told.total(), (told & played).total(), (played - told).total(), _unwatched(recording)
    )


def suggest(recording: Recording, *, progress: Progress = lambda share: None) -> list[Suggestion]:
    """The limits on the efficient edge, fewest messages first; each pair of limits is a replay of its own."""
    orders = orders_of(recording)
    pairs, found = list(product(SUGGESTED_LABEL, SUGGESTED_BEFORE)), []
    tape = foreseen(recording)
    for n, (label, before) in enumerate(pairs):
        limits = Limits(label=label, before_cutoff=before)
        replay = play(tape, limits=limits.over, progress=lambda share: progress((n + share) / len(pairs)))  # noqa: B023
        result = result_of(replay, orders, recording)
        found.append(Suggestion(limits, result.messages, _ahead(result, orders), len(result.missed)))
    progress(1)
    return list(_edge(found))


def tried_since(recording: Recording) -> datetime:
    """From when on limits are tried: the last orders and a day at least, or all of a recording that has no more."""
    came = sorted(states[0][1].first_seen for states in recording.last.values())
    if len(came) <= ENOUGH_ORDERS:
        return recording.since
    last = next(event.at for event in reversed(recording.events) if isinstance(event, Read))
    return max(recording.since, min(came[-ENOUGH_ORDERS], last - A_DAY))


def orders_of(recording: Recording) -> dict[PostingId, Order]:
    """How it ended with each order of a recording."""
    plans = {name: start.plan for name, start in recording.starts.items()}
    plans |= {event.plan.shop: event.plan for event in recording.events if isinstance(event, Planned)}
    acted: dict[PostingId, datetime] = {}
    for one in recording.told:
        diagnosis = one.alert.diagnosis
        if isinstance(diagnosis.subject, PostingId) and diagnosis.verdict is Verdict.ACT and one.sent_at is not None:
            acted.setdefault(diagnosis.subject, one.sent_at)
    return {one: _order(states, plans[one.shop], acted.get(one)) for one, states in recording.last.items()}


def _order(states: list[Seen], plan: Plan, acted_from: datetime | None) -> Order:
    last = states[-1][0]
    done = next(
        (track.since.latest for posting, track in states if label_offered(posting) or _is_gone(posting)), None
    )
    deadline = deadline_of(last, delays_for(last.method, plan.delays))
    return Order(deadline, done, LEFT.get(last.status) in (Outcome.CANCELLED, Outcome.SPLIT), acted_from)


def _is_gone(posting: Posting) -> bool:
    return LEFT.get(posting.status) is Outcome.HANDED_OVER


def result_of(replay: Replay, orders: Orders, recording: Recording) -> Result:
    """What a replay comes to."""
    messages = replay.outbox.messages(recording.until)
    told: dict[PostingId, datetime] = {}
    for row in replay.outbox.rows():
        subject = row.told.alert.diagnosis.subject
        if isinstance(subject, PostingId) and row.sent_at is not None:
            told[subject] = min(row.sent_at, told.get(subject, row.sent_at))
    within = Interval(recording.since, recording.until)
    rescued = (one for one, at in told.items() if (order := orders.get(one)) and _is_rescued(order, at))
    missed = (one for one, order in orders.items() if _is_missed(order, told.get(one), within))
    alone = (one for one in told if (order := orders.get(one)) and _is_alone(order))
    return Result(messages, told, frozenset(rescued), frozenset(missed), frozenset(alone))


def _is_rescued(order: Order, told: datetime) -> bool:
    is_before = order.deadline is not None and told < order.deadline.at
    return is_before and order.is_in_time and not order.is_void and (order.done_at is None or told < order.done_at)


def _is_missed(order: Order, told: datetime | None, within: Interval) -> bool:
    deadline = order.deadline
    if deadline is None or order.is_void or order.is_in_time:
        return False
    return within.earliest <= deadline.at <= within.latest and (told is None or told > deadline.act_by)


def _is_alone(order: Order) -> bool:
    if order.done_at is None or not order.is_in_time or order.is_void:
        return False
    return order.acted_from is None or order.acted_from >= order.done_at


def _ahead(result: Result, orders: Orders) -> timedelta:
    """How long before its deadline people hear of an order that needs somebody; 0 of one that they do not hear of."""
    needy = (result.told.keys() | result.missed) - result.resolved_alone
    known = [(orders[one].deadline, result.told.get(one)) for one in needy if one in orders]
    ahead = [max(end.at - told, timedelta(0)) if told else timedelta(0) for end, told in known if end is not None]
    return timedelta(seconds=median(one.total_seconds() for one in ahead)) if ahead else timedelta(0)


def _edge(found: Iterable[Suggestion]) -> Iterator[Suggestion]:
    best: timedelta | None = None
    for one in sorted(found, key=lambda one: (one.messages, -one.ahead, one.missed)):
        if best is None or one.ahead > best:
            best = one.ahead
            yield one


def foreseen(recording: Recording) -> Recording:
    """The same with Ozon's first answer to each question known as early as it may have been so: under other limits it
    would have been asked at another time. About an order it was so since the order was in that state, about a shop
    since the beginning."""
    first: set[tuple[str, object]] = set()
    events: list[Event] = []
    for event in recording.events:
        key = (event.shop, event.question) if isinstance(event, Answered) else None
        if isinstance(event, Answered) and key is not None and key not in first:
            first.add(key)
            event = replace(event, at=_so_since(recording, event))
        events.append(event)
    return replace(recording, events=in_order(events))


def _so_since(recording: Recording, event: Answered) -> datetime:
    states = recording.last.get(PostingId(event.shop, event.question.subject), [])
    entered = [track.since.latest for _, track in states if track.since.latest <= event.at]
    return max([recording.since, *entered])


def _recorded(recording: Recording) -> Counter[object]:
    return Counter(
        _identity(one.alert, one.created_at, one.channel, one.reason)
        for one in recording.told
        if not one.is_withdrawn
    )


def _played(replay: Replay) -> Counter[object]:
    return Counter(
        _identity(row.told.alert, row.created_at, row.told.channel, row.told.reason) for row in replay.outbox.rows()
    )


def _identity(alert: Alert, at: datetime, channel: str, reason: str) -> object:
    diagnosis = alert.diagnosis
    return key_of(diagnosis.subject), at, channel, str(reason), diagnosis.severity, diagnosis.cause


def _unwatched(recording: Recording) -> timedelta:
    """How long no shop of the recording was read."""
    every = max((start.plan.every for start in recording.starts.values()), default=timedelta(0))
    reads = [event.at for event in recording.events if isinstance(event, Read)]
    gaps = (after - before for before, after in pairwise(reads))
    return sum((gap for gap in gaps if gap > GAP * every), timedelta(0))
