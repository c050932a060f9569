"""The limits that were learned and differ from the fixed ones, for `doctor` and `check`."""

from collections.abc import Iterator
from datetime import datetime

from labelwatch.config import Config, Shop
from labelwatch.core.baseline import Learned, LearnedLimit, limit_of
from labelwatch.core.lateness import delays_for
from labelwatch.core.policy import DelayPolicy
from labelwatch.core.posting import DeliveryMethod, Stage
from labelwatch.core.snapshot import Plan
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.polling.learned_limits import STAGES, learned_of
from labelwatch.store import ShopState, Store

_FOUND = {Stage.LABEL: "shop_limit_label", Stage.REGISTRATION: "shop_limit_registration"}
MOST_SHOPS = 20
"""With more shops their limits are on the board only: it takes long, and nobody reads so many lines."""


def limits(config: Config, store: Store, *, now: datetime) -> Iterator[Finding]:
    """Of each shop, delivery method and stage: the learned limit, where it is another one than the fixed."""
    states = {state.name: state for state in store.shops.all()}
    watched = [(shop, states[shop.name]) for shop in config.shops if shop.enabled and shop.name in states]
    if len(watched) <= MOST_SHOPS:
        for shop, state in watched:
            yield from _of_shop(config, store, shop, state, now)


def _of_shop(config: Config, store: Store, shop: Shop, state: ShopState, now: datetime) -> Iterator[Finding]:
    methods, policy = store.postings.methods(state.id), config.delay_policy(shop)
    plan = Plan(shop.name, config.every(shop), timezone=shop.timezone or config.timezone)
    learned = learned_of(store, state, plan, now=now) if methods else {}
    for method in methods:
        for stage in STAGES:
            one = _limit(learned, policy, method, stage)
            if one is not None and one.limit != one.fixed:
                values: dict[str, Value] = {"method": method.name or method.id, "limit": one.limit}
                values |= {"fixed": one.fixed, "count": one.cases}
                yield Finding("shop", Level.OK, _FOUND[stage], values, name=shop.name)


def _limit(learned: Learned, policy: DelayPolicy, method: DeliveryMethod, stage: Stage) -> LearnedLimit | None:
    """At most hours of the week; some may have another."""
    delays, normal = delays_for(method, policy), learned.get(stage, {}).get(method.id)
    if normal is None or stage not in delays.auto:
        return None
    return limit_of(normal.whole, stage=stage, fixed=getattr(delays, stage))
