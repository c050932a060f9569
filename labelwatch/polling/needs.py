"""What new orders need before they are packed: found when they arrive, and told once."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from labelwatch.core.alert import Severity
from labelwatch.core.arrival import OVER_LIMITS, Need, needs, tell_at
from labelwatch.core.deadline import deadline_of
from labelwatch.core.enrichment import (
    ANSWERS_KEPT,
    SHOP_WIDE,
    Answers,
    Question,
    Topic,
    is_open,
    settled,
)
from labelwatch.core.facts import DropoffLimits
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import delays_for
from labelwatch.core.policy import Destination
from labelwatch.core.posting import Known, Posting, Stage
from labelwatch.core.routing import WORTH_TELLING_FOR, is_subscribed, quiet_until
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import Summary, SummaryKind
from labelwatch.core.summaries import summary
from labelwatch.polling.sweep import SweepResult
from labelwatch.store import Change, Transaction

LIMITS_AT_ONCE = 20
"""New orders of a poll whose drop-off limits are asked for; each costs two requests."""
LIMITS_WITHIN = timedelta(hours=1)
"""How long they are asked for again when Ozon does not answer."""

ALERT_SOON = timedelta(hours=1)
"""An alert that comes so soon after a need would be told tells it, too."""

Seen = tuple[Posting, datetime | None]
"""A posting and when it will be late."""


class ArrivalNeeds:
    """The new orders of one poll, and what is known of what they need."""

    def __init__(self, plan: Plan, swept: SweepResult, known: Answers, now: datetime, *, budget: int) -> None:
        """Ask Ozon about the delivery methods of new orders, and for the limits of those of an earlier poll, with at
        most `budget` requests; `known` are the answers of this poll."""
        self._plan = plan
        self._swept = swept
        self._labelled: Mapping[str, str] | None = None
        self._handed_over: Mapping[str, int] = {}
        self.fresh: Answers = {}
        self._answers: Answers = known
        self._waiting: list[Known] = []
        if plan.arrival == "off":
            return
        store, shop = swept.store, swept.shop
        self._waiting = store.needs.unchecked(shop.id, limit=LIMITS_AT_ONCE)
        if not self._waiting and not swept.is_arriving:
            return
        numbers = [one.posting.number for one in self._waiting]
        before = {**store.answers.read(shop.id, numbers, since=now - ANSWERS_KEPT), **known}
        questions = [Question(topic) for topic in SHOP_WIDE] if swept.is_arriving else []
        questions += [Question(topic, number) for number in numbers for topic in (Topic.LIMITS, Topic.DETAIL)]
        asked = [one for one in questions if is_open(before.get(one), one.topic, now)]
        if asked and budget > 0:
            self.fresh = settled(before, swept.source.ask(asked, before, budget=budget))
        self._answers = {**before, **self.fresh}

    def note(self, tx: Transaction, changes: Iterable[Change], now: datetime) -> None:
        """Store what these stored changes need, or no longer need."""
        if self._plan.arrival == "off":
            return
        found, unasked, seen = dict[str, tuple[Need, ...]](), list[str](), dict[str, Seen]()
        for change in changes:
            posting, is_new = change.posting, change.not_before is None
            is_late = change.track.late_at is not None and change.track.late_at <= now
            needed = self._needs(tx, posting, now) if change.track.stage is Stage.PACKING else ()
            if needed or not is_new:
                found[posting.number], seen[posting.number] = needed, (posting, change.track.late_at)
            if is_new and change.track.stage is Stage.PACKING and posting.flow.lower() == "ozon" and not is_late:
                unasked.append(posting.number)
        self._put(tx, found, seen, now)
        tx.needs.leave_unchecked(self._swept.shop.id, unasked, at=now)

    def save(self, tx: Transaction, now: datetime) -> None:
        """Store what the limits say, and queue what people are to be told now."""
        if self._plan.arrival == "off":
            return
        current = tx.postings.known(self._swept.shop.id, [one.posting.number for one in self._waiting])
        over = {number: self._needs(tx, one.posting, now) for number, one in current.items()}
        over = {number: each for number, each in over.items() if any(one.cause == OVER_LIMITS for one in each)}
        self._put(tx, over, {number: (one.posting, one.track.late_at) for number, one in current.items()}, now)
        tx.needs.checked([one.id for one in self._waiting if one.id and self._is_answered(one, now)])
        if tx.needs.due(self._swept.shop.id, now):
            self._queue(tx, now)

    def _queue(self, tx: Transaction, now: datetime) -> None:
        """Queue a summary for each channel of the shop, not in its quiet time: if an order is due before that ends,
        its alert is what may wake people."""
        plan = self._plan
        deadlines = [one.deadline for one in tx.needs.told_at((plan.shop,), now)]
        for to in plan.destinations:
            due_at = quiet_until(to, now + plan.group_wait)
            if _hears(to, plan.shop) and any(deadline is None or deadline > due_at for deadline in deadlines):
                made = summary(Summary(to.name, SummaryKind.ARRIVAL), since=now, at=now)
                tx.add_summary(made, due_at=due_at, expires_at=due_at + WORTH_TELLING_FOR, now=now)

    def _is_answered(self, one: Known, now: datetime) -> bool:
        answer = self._answers.get(Question(Topic.LIMITS, one.posting.number))
        has_limits = answer is not None and isinstance(answer.substance, DropoffLimits)
        return has_limits or now - one.track.first_seen > LIMITS_WITHIN

    def _put(
        self, tx: Transaction, found: Mapping[str, tuple[Need, ...]], seen: Mapping[str, Seen], now: datetime
    ) -> None:
        if found:
            moments = {number: self._tell_at(*seen[number], now) for number in found}
            tx.needs.put(self._swept.shop.id, found, at=now, tell_at=moments)

    def _tell_at(self, posting: Posting, late_at: datetime | None, now: datetime) -> datetime | None:
        """When people are told at the latest; None where an alert tells them soon after, or before."""
        if self._plan.arrival == "at_once":
            return None if late_at is not None and late_at <= now else now
        watch = self._swept.watch
        deadline = deadline_of(posting, delays_for(posting, watch.policy, watch.history))
        hearing = [to for to in self._plan.destinations if _hears(to, self._plan.shop)]
        moment = tell_at(deadline.at if deadline else None, now, hearing)
        return None if moment and late_at is not None and late_at <= moment + ALERT_SOON else moment

    def _needs(self, tx: Transaction, posting: Posting, now: datetime) -> tuple[Need, ...]:
        shop, watch = self._swept.shop, self._swept.watch
        if self._labelled is None:
            self._labelled = tx.postings.labelled_methods(shop.id)
        if not self._handed_over and posting.method.id not in self._labelled:
            self._handed_over = tx.postings.handed_over_unlabelled(shop.id)
        knowledge = Knowledge(watch.history, self._answers, self._labelled, self._handed_over)
        return needs(posting, knowledge, watch, seen_at=now, timezone=self._plan.timezone)


def _hears(to: Destination, shop: str) -> bool:
    """What a new order needs has no severity: only a channel of critical alerts is not told at once."""
    return is_subscribed(to, (shop,)) and to.severity is not Severity.CRITICAL
