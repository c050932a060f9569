"""What new orders need before they are packed: found when they arrive, and told once."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from labelwatch.core.arrival import (
    OVER_LIMITS,
    Need,
    announcements,
    has_limits,
    limits_settled,
    needs,
    questions,
    tell_at,
)
from labelwatch.core.enrichment import ANSWERS_KEPT, Answers, settled
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.posting import Known, Posting, Stage
from labelwatch.core.routing import WORTH_TELLING_FOR
from labelwatch.core.snapshot import Plan
from labelwatch.polling.sweep import SweepResult
from labelwatch.store import Change, Transaction

LIMITS_AT_ONCE = 20
"""New orders of a poll whose drop-off limits are asked for; each costs two requests."""

Found = Mapping[str, tuple[Known | Change, tuple[Need, ...]]]
"""Posting number -> the order and everything that it needs."""


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
        asked = questions(numbers, before, now, is_arriving=swept.is_arriving)
        if asked and budget > 0:
            self.fresh = settled(before, swept.source.ask(asked, before, budget=budget))
        self._answers = {**before, **self.fresh}

    def note(self, tx: Transaction, changes: Iterable[Change], now: datetime) -> None:
        """Store what these stored changes need, or no longer need."""
        if self._plan.arrival == "off":
            return
        found, unasked = dict[str, tuple[Known | Change, tuple[Need, ...]]](), list[str]()
        for change in changes:
            number, is_new = change.posting.number, change.not_before is None
            needed = self._needs(tx, change.posting, now) if change.track.stage is Stage.PACKING else ()
            if needed or not is_new:
                found[number] = change, needed
            if is_new and has_limits(change.posting, change.track, now):
                unasked.append(number)
        self._put(tx, found, now)
        tx.needs.leave_unchecked(self._swept.shop.id, unasked, at=now)

    def save(self, tx: Transaction, now: datetime) -> None:
        """Store what the limits say, and queue what people are to be told now."""
        plan, shop_id = self._plan, self._swept.shop.id
        if plan.arrival == "off":
            return
        current = tx.postings.known(shop_id, [one.posting.number for one in self._waiting])
        found = {number: (one, self._needs(tx, one.posting, now)) for number, one in current.items()}
        over = {number: one for number, one in found.items() if any(need.cause == OVER_LIMITS for need in one[1])}
        self._put(tx, over, now)
        tx.needs.checked([one.id for one in self._waiting if one.id and limits_settled(one, self._answers, now)])
        if tx.needs.due(shop_id, now):
            for made, due_at in announcements(plan, tx.needs.told_at((plan.shop,), now), now):
                tx.add_summary(made, due_at=due_at, expires_at=due_at + WORTH_TELLING_FOR, now=now)

    def _put(self, tx: Transaction, found: Found, now: datetime) -> None:
        if found:
            plan, watch = self._plan, self._swept.watch
            moments = {
                number: tell_at(plan, watch, one.posting, late_at=one.track.late_at, now=now)
                for number, (one, _) in found.items()
            }
            needed = {number: each for number, (_, each) in found.items()}
            tx.needs.put(self._swept.shop.id, needed, at=now, tell_at=moments)

    def _needs(self, tx: Transaction, posting: Posting, now: datetime) -> tuple[Need, ...]:
        shop, watch = self._swept.shop, self._swept.watch
        if self._labelled is None:
            self._labelled = tx.postings.labelled_methods(shop.id)
        if not self._handed_over and posting.method.id not in self._labelled:
            self._handed_over = tx.postings.handed_over_unlabelled(shop.id)
        knowledge = Knowledge(watch.history, self._answers, self._labelled, self._handed_over)
        return needs(posting, knowledge, watch, seen_at=now, timezone=self._plan.timezone)
