"""What is normal in a shop, learned from its own history and kept for an hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from labelwatch.core.baseline import LEARN_WITHIN, curves
from labelwatch.core.posting import Stage
from labelwatch.core.survival import Survival
from labelwatch.store import ShopState, Store

LEARN_FROM = timedelta(days=28)
LEARN_EVERY = timedelta(hours=1)
Curves = Mapping[Stage, Mapping[str, Survival]]

STAGES = (Stage.LABEL, Stage.REGISTRATION)


class LearnedLimits:
    """What was learned of every shop; thread-safe, if each thread asks about another shop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[datetime, Curves]] = {}

    def of(self, shop: ShopState, *, every: timedelta, now: datetime) -> Curves:
        """Stage -> method id -> its curve, for a shop with this poll interval."""
        learned_at, curves_ = self._kept.get(shop.name, (None, {}))
        if learned_at is None or not timedelta(0) <= now - learned_at < LEARN_EVERY:
            # Both ends of a wait are known to within one interval at best.
            since, error = now - LEARN_FROM, max(LEARN_WITHIN, 3 * every)
            curves_ = {
                stage: curves(self._store.postings.waits(shop.id, stage, since=since, now=now), error=error)
                for stage in STAGES
            }
            self._kept[shop.name] = (now, curves_)
        return curves_
