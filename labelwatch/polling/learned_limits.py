"""What is normal in a shop, learned from its own history and kept for some hours."""

from datetime import datetime, timedelta

from labelwatch.core.baseline import LEARN_WITHIN, Learned, learn
from labelwatch.core.posting import Stage
from labelwatch.core.snapshot import Plan
from labelwatch.store import ShopState, Store

LEARN_FROM = timedelta(days=28)
LEARN_EVERY, LEARN_AT_FIRST_EVERY = timedelta(hours=6), timedelta(hours=1)
"""It reads the waits of LEARN_FROM, and where a limit changed, the next poll looks at all open postings. More often
while no limit is known, when there is little to read and much to gain."""

STAGES = (Stage.LABEL, Stage.REGISTRATION)


class LearnedLimits:
    """What was learned of every shop; thread-safe, if each thread asks about another shop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[datetime, Learned]] = {}

    def of(self, shop: ShopState, plan: Plan, *, now: datetime) -> Learned:
        """What is normal for the delivery methods of a shop."""
        learned_at, learned = self._kept.get(shop.name, (None, {}))
        every = LEARN_EVERY if _has_limit(learned) else LEARN_AT_FIRST_EVERY
        if learned_at is None or not timedelta(0) <= now - learned_at < every:
            learned = learned_of(self._store, shop, plan, now=now)
            self._kept[shop.name] = (now, learned)
        return learned


def learned_of(store: Store, shop: ShopState, plan: Plan, *, now: datetime) -> Learned:
    """What is normal for the delivery methods of a shop, from all that was seen of it lately."""
    # Each end of a wait is known to within one interval at best.
    error = max(LEARN_WITHIN, 3 * plan.every)
    return {
        stage: learn(
            store.postings.waits(shop.id, stage, since=now - LEARN_FROM), error=error, timezone=plan.timezone
        )
        for stage in STAGES
    }


def _has_limit(learned: Learned) -> bool:
    return any(normal.whole.limit is not None for methods in learned.values() for normal in methods.values())
