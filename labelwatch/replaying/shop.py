"""One shop in a replay: what its polls have read so far, and its open alerts."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

from labelwatch.core.alert import Alert, Outcome
from labelwatch.core.enrichment import Answer, Question
from labelwatch.core.incidents import GroupCount
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import LEFT, Watch
from labelwatch.core.peaks import Slower
from labelwatch.core.posting import Known, MethodHistory, Posting, Stage, Track
from labelwatch.core.rules.delivery_method import HANDED_OVER_WITHOUT
from labelwatch.core.snapshot import Plan

Seen = tuple[Posting, Track]
"""A posting as a poll read it, and what was observed of it until then."""


@dataclass(slots=True)
class ReplayedShop:
    """Everything that the database would hold of a shop."""

    plan: Plan
    labelled: dict[str, str] = field(default_factory=dict)
    """The delivery methods that ever gave a label: id -> name."""
    handed_over: Counter[str] = field(default_factory=Counter)
    """Delivery method id -> postings that shipped without ever having had a label."""
    answers: dict[Question, Answer] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    """The open alerts of its postings, by number."""
    late: set[str] = field(default_factory=set)
    looks: dict[str, datetime | None] = field(default_factory=dict)
    """Number -> when its alert is to be evaluated again though it does not change; None = never, none = now."""
    slower: Slower = field(default_factory=dict)
    """At a peak, as it was when that last decided something."""
    read_at: datetime | None = None
    is_failing: bool = False
    watch: Watch = field(init=False)
    _open: set[str] = field(default_factory=set)
    _due: list[tuple[datetime, str]] = field(default_factory=list)
    _labels: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = self._watch()

    def take(self, seen: Iterable[Seen], now: datetime) -> None:
        """Store what a poll has read, with the limits that apply now."""
        if (watch := self._watch()) != self.watch:
            self.watch = watch
            self.looks.clear()
            for number in self._open:
                self._put(self.known[number].posting, self.known[number].track)
        labels = []
        for posting, track in seen:
            before = self.known.get(posting.number)
            self.looks.pop(posting.number, None)
            self._count(before, -1)
            self._count(self._put(posting, track), 1)
            if track.label is not None and (before is None or before.track.label is None):
                labels.append(posting.method)
                insort(self._labels, (track.label.latest, posting.number))
        self.labelled |= {method.id: method.name for method in labels}
        while self._due and self._due[0][0] <= now:
            late_at, number = heappop(self._due)
            if self.known[number].track.late_at == late_at:
                self.late.add(number)

    def answer(self, question: Question, answer: Answer) -> None:
        """Ozon says something else from now on."""
        self.answers[question] = answer
        if question.subject:
            self.looks.pop(question.subject, None)
        else:
            self.looks.clear()

    def knowledge(self) -> Knowledge:
        """What is known beyond the postings."""
        return Knowledge(self.watch.history, self.answers, self.labelled, self.handed_over)

    def fine(self, since: datetime) -> Iterator[GroupCount]:
        """The labels that came since then, per carrier."""
        came = self._labels[bisect_left(self._labels, (since, "")) :]
        known = [self.known[number] for _, number in came]
        carriers = Counter(one.posting.method.carrier for one in known if one.track.stage is Stage.DONE)
        yield from (GroupCount(self.plan.shop, carrier, 0, number) for carrier, number in sorted(carriers.items()))

    def _watch(self) -> Watch:
        """As a poll that begins now makes it: labels that it finds count from the next one on."""
        plan = self.plan
        history = MethodHistory(frozenset(self.labelled), plan.learned, plan.timezone)
        return Watch(plan.shop, plan.delays, history, plan.destinations)

    def _put(self, posting: Posting, track: Track) -> Known:
        number = posting.number
        track = self.watch.with_late_at(posting, track)
        known = self.known[number] = Known(None, posting, track, 0)
        self.late.discard(number)
        (self._open.discard if posting.status in LEFT else self._open.add)(number)
        if track.late_at is not None:
            heappush(self._due, (track.late_at, number))
        return known

    def _count(self, known: Known | None, by: int) -> None:
        if known is None or known.track.label is not None:
            return
        method = known.posting.method.id
        if LEFT.get(known.posting.status) is not Outcome.HANDED_OVER:
            return
        before = self.handed_over[method]
        self.handed_over[method] += by
        if before < HANDED_OVER_WITHOUT <= before + by:
            self.looks.clear()
