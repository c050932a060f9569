"""A recorded time as events in their order: what polls read, with which limits, what Ozon answered, who did what."""

import gc
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Reason
from labelwatch.core.baseline import Learned
from labelwatch.core.enrichment import Answer, Question, Topic
from labelwatch.core.lateness import track
from labelwatch.core.peaks import Slower
from labelwatch.core.posting import Track
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import PostingId, is_outage
from labelwatch.replaying.outbox import Fate, RowId, key_of
from labelwatch.replaying.replay import Replay
from labelwatch.replaying.shop import Seen
from labelwatch.store import ShopState, Store
from labelwatch.store.decision_inputs import (
    Input,
    InputTopic,
    read_handled,
    read_learned,
    read_plan,
    read_slower,
    read_unread,
)
from labelwatch.store.mapping import recorded_answer
from labelwatch.store.recorded import Poll, State, Told

REASONS = (
    Reason.FIRST,
    Reason.ESCALATED,
    Reason.MISSED,
    Reason.CAUSE_CHANGED,
    Reason.REMINDER,
    Reason.RESOLVED,
)
"""Why `evaluate` notifies."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A shop gets these limits and channels."""

    at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class Answered:
    """Ozon says something else than before."""

    at: datetime
    shop: str
    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class Read:
    """A complete poll."""

    at: datetime
    shop: str
    seen: tuple[Seen, ...]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Looked:
    """The alerts of a shop were evaluated without a complete poll."""

    at: datetime
    shop: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The incidents that waited for their size were evaluated."""

    at: datetime
    shop: str
    is_round_over: bool = False


@dataclass(frozen=True, slots=True)
class Handled:
    """Somebody acknowledged or snoozed an alert; an incident has no shop."""

    at: datetime
    shop: str
    key: str
    state: AlertState
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Slowed:
    """Delivery methods of a shop are so many times slower than normal."""

    at: datetime
    shop: str
    slower: Slower


Event = Planned | Answered | Handled | Slowed | Read | Looked | Held
_ORDER = {Handled: 0, Planned: 1, Answered: 2, Slowed: 3, Read: 4, Looked: 5, Held: 6}
"""Of what happens in the same millisecond."""


def in_order(events: Iterable[Event]) -> list[Event]:
    """By time, and in the order in which a poll does things."""
    return sorted(events, key=lambda event: (event.at, _ORDER[type(event)]))


@dataclass(slots=True)
class Start:
    """How a shop stood when the recording began."""

    plan: Plan
    seen: list[Seen] = field(default_factory=list)
    labelled: Mapping[str, str] = field(default_factory=dict)
    handed_over: Mapping[str, int] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)


@dataclass(slots=True)
class Recording:
    """Everything that decisions depended on, and what people were told."""

    since: datetime
    until: datetime
    starts: dict[str, Start] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    last: dict[PostingId, list[Seen]] = field(default_factory=dict)
    """Every state of every posting, oldest first."""
    kept_since: datetime | None = None
    """From when on everything was recorded; None = it was not at all."""

    @property
    def is_empty(self) -> bool:
        """Whether no shop was read."""
        return not any(isinstance(event, Read) for event in self.events)

    @property
    def begun(self) -> datetime:
        """The first poll in it."""
        return next((event.at for event in self.events if isinstance(event, Read)), self.since)

    @property
    def fates(self) -> dict[RowId, Fate]:
        """What became of each notification."""
        return {
            RowId(*key_of(one.alert.diagnosis.subject), one.alert.opened_at, one.number, one.channel): Fate(
                one.created_at, one.sent_at
            )
            for one in self.told
        }


def play(
    recording: Recording,
    *,
    limits: Callable[[Plan], Plan] = lambda plan: plan,
    thorough: bool = False,
    progress: Callable[[float], object] = lambda share: None,
) -> Replay:
    """Play a recording with other limits; `progress` hears the share that is done, from 0 to 1."""
    replay = Replay(recording.fates, thorough=thorough)
    for start in recording.starts.values():
        replay.begin(limits(start.plan), start.seen, recording.since, alerts=start.alerts)
        shop = replay.shops[start.plan.shop]
        shop.labelled |= start.labelled
        shop.handed_over.update(start.handed_over)
    gc.freeze()  # a recording stays; to search it for garbage again and again takes long
    try:
        for n, event in enumerate(recording.events):
            if n % 1000 == 0:
                progress(n / len(recording.events))
            _apply(replay, event, limits)
    finally:
        gc.unfreeze()
    return replay


def _apply(replay: Replay, event: Event, limits: Callable[[Plan], Plan]) -> None:
    match event:
        case Planned():
            replay.plan(limits(event.plan))
        case Answered():
            replay.answer(event.shop, event.question, event.answer)
        case Slowed():
            replay.shops[event.shop].slower = event.slower
        case Read():
            replay.read(event.shop, event.seen, event.at, unread=event.unread)
        case Looked():
            replay.look(event.shop, event.at, failed=event.failed)
        case Held():
            replay.hold(event.shop, event.at, is_round_over=event.is_round_over)
        case Handled():
            replay.handle(event.shop, event.key, event.state, event.until, event.at)


# --- from a database


def recorded(store: Store, plans: Mapping[str, Plan], since: datetime, until: datetime) -> Recording:
    """What the database holds of a time, for these shops; their present plans count where none was recorded."""
    states = {state.id: state for state in store.shops.all() if state.name in plans}
    recording = Recording(since, until)
    inputs = store.recorded.inputs(since, until)
    for state in states.values():
        _add_shop(recording, store, state, plans[state.name], [one for one in inputs if one.shop_id == state.id])
    names = {id_: state.name for id_, state in states.items()}
    recording.events += _of_several(inputs, names)
    recording.events = in_order(recording.events)
    recording.told = [
        one
        for one in store.recorded.told(since, until, [reason.value for reason in REASONS])
        if _is_played(one, names.values())
    ]
    for alert in store.recorded.open_at(since):
        if alert.diagnosis.shop in recording.starts:
            recording.starts[alert.diagnosis.shop].alerts.append(alert)
    return recording


def _is_played(told: Told, shops: Iterable[str]) -> bool:
    """Whether it follows from postings: of these shops, or over several."""
    subject = told.alert.diagnosis.subject
    return told.alert.diagnosis.shop in shops if isinstance(subject, PostingId) else _is_incident(told)


def _is_incident(told: Told) -> bool:
    return told.alert.diagnosis.incident is not None and not is_outage(told.alert.diagnosis.subject)


def _add_shop(recording: Recording, store: Store, shop: ShopState, plan: Plan, inputs: list[Input]) -> None:
    name, since, until = shop.name, recording.since, recording.until
    polls = store.recorded.polls(shop.id, since, until)
    planned = list(_plans(plan, inputs))
    before = [one for one in planned if one.at <= since]
    start = recording.starts[name] = Start(before[-1].plan if before else plan)
    start.labelled = store.recorded.labelled(shop.id, since)
    start.handed_over = store.recorded.handed_over(shop.id, since)
    kept = planned[0].at if planned else None
    known = recording.kept_since
    recording.kept_since = max(known or kept, kept) if kept is not None and (known or not recording.events) else None
    complete = [poll for poll in polls if poll.complete]
    seen: dict[int, list[Seen]] = {}
    ends = [poll.finished_at for poll in complete]
    for each in store.recorded.states(shop.id, since):
        followed = list(_followed(each, complete, ends))
        recording.last[PostingId(name, each[0].posting.number)] = [one for _, one in followed]
        for at, one in followed:
            if at < since:
                start.seen.append(one)
            elif (place := bisect_left(ends, at)) < len(ends):
                seen.setdefault(place, []).append(one)
    unread = {one.at: read_unread(one.body) for one in inputs if one.topic == InputTopic.UNREAD}
    for place, poll in enumerate(complete):
        if poll.finished_at >= since:
            own = tuple(seen.get(place, ()))
            recording.events.append(Read(poll.finished_at, name, own, unread.get(poll.finished_at, frozenset())))
    failed = (poll for poll in polls if not poll.complete)
    recording.events += [Looked(poll.finished_at, name, failed=True) for poll in failed]
    recording.events += [one for one in planned if one.at > since]
    recording.events += _others(name, inputs)


def _plans(plan: Plan, inputs: Iterable[Input]) -> Iterator[Planned]:
    learned: Learned = {}
    for one in inputs:
        if one.topic == InputTopic.PLAN:
            plan = replace(read_plan(one.body), shop=plan.shop)
        elif one.topic == InputTopic.LEARNED:
            learned = read_learned(one.body)
        else:
            continue
        yield Planned(one.at, replace(plan, learned=learned))


def _followed(states: list[State], polls: list[Poll], ends: list[datetime]) -> Iterator[tuple[datetime, Seen]]:
    """The states of a posting with what was observed of it; the polls are the complete ones, with their ends."""
    known: Track | None = None
    for state in states:
        place = bisect_left(ends, state.seen_at)
        read_from = polls[place - 1].started_at if place > 0 else state.not_before
        known = track(known, state.posting, seen_at=state.seen_at, not_before=read_from)
        yield state.seen_at, (state.posting, known)


def _others(name: str, inputs: Iterable[Input]) -> Iterator[Event]:
    topics = {topic.value for topic in Topic}
    for one in inputs:
        if one.topic in topics:
            answer = recorded_answer(one.topic, one.subject, one.at, one.body)
            if answer is not None:
                yield Answered(one.at, name, *answer)
        elif one.topic == InputTopic.LOOKED:
            yield Looked(one.at, name)
        elif one.topic == InputTopic.SLOWER:
            yield Slowed(one.at, name, read_slower(one.body))
        elif one.topic == InputTopic.HANDLED:
            yield Handled(one.at, name, one.subject, *read_handled(one.body))


def _of_several(inputs: Iterable[Input], names: Mapping[int, str]) -> Iterator[Event]:
    for one in inputs:
        if one.shop_id in names:
            continue
        if one.topic == InputTopic.HANDLED:
            yield Handled(one.at, "", one.subject, *read_handled(one.body))
        elif one.topic == InputTopic.LOOKED and one.subject in names.values():
            yield Held(one.at, one.subject, is_round_over=one.body == "true")
