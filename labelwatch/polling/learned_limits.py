"""What is normal in a shop, learned from its own history and kept for an hour."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from labelwatch.core.baseline import LEARN_WITHIN, normal_times
from labelwatch.core.posting import Stage
from labelwatch.store import ShopState, Store

LEARN_FROM = timedelta(days=28)
LEARN_EVERY = timedelta(hours=1)

Limits = Mapping[str, timedelta]
"""Delivery method id -> the time within which it is normally done."""


class LearnedLimits:
    """The learned limits of every shop that uses them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[datetime, Limits, Limits]] = {}

    def of(self, shop: ShopState, *, every: timedelta, now: datetime) -> tuple[Limits, Limits]:
        """(label, registration) limits of a shop with this poll interval."""
        learned_at, labels, registrations = self._kept.get(shop.name, (None, {}, {}))
        if learned_at is None or not timedelta(0) <= now - learned_at < LEARN_EVERY:
            # Both ends of a wait are known to within one interval at best.
            since, error = now - LEARN_FROM, max(LEARN_WITHIN, 3 * every)
            labels, registrations = (
                normal_times(self._store.postings.waits(shop.id, stage, since=since, error=error))
                for stage in (Stage.LABEL, Stage.REGISTRATION)
            )
            self._kept[shop.name] = (now, labels, registrations)
        return labels, registrations
