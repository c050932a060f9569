"""An arm in which somebody knows the truth: what can be saved at all.

He acts with the same hands as everybody, at any hour (awake, or woken in a quarter of an hour): he packs every order
as soon as it is there and does for each what its fate names, one thing after another, as soon as it can help. What he
misses cannot be saved; all else that is missed could have been.
"""

from datetime import datetime, timedelta
from functools import partial

from tests.outcome.arm import Arm, is_served, set_up
from tests.outcome.hands import CabinetDown
from tests.outcome.world import Order, Truth

AFTER = timedelta(minutes=15)
AGAIN = timedelta(minutes=10)
WARNS = timedelta(hours=2)


def oracle(truth: Truth) -> Arm:
    arm = set_up("oracle", truth)
    for order in truth.orders.values():
        arm.timeline.at(order.came + AFTER, partial(_act, arm, order, list(order.fate.cures)))
    return arm


def _act(arm: Arm, order: Order, left: list[str]) -> None:
    """Whatever helps now; a thing that Ozon does not take yet is tried again."""
    body, now = arm.body(order.number), arm.timeline.now()
    if body is None or is_served(body) or now >= order.deadline:
        return
    try:
        page = arm.hands.page(order.site.shop, order.number)
        if page is not None:
            left = _done(arm, order, page, left)
    except CabinetDown:
        pass
    arm.timeline.at(_next(now, order), lambda: _act(arm, order, left))


def _done(arm: Arm, order: Order, page: dict[str, object], left: list[str]) -> list[str]:
    """Do what can be done now; what is left to be done."""
    now, shop = arm.timeline.now(), order.site.shop
    if order.deadline - now <= WARNS and page["status"] in ("awaiting_registration", "awaiting_deliver"):
        arm.hands.do("oracle", shop, "warn_support", page)
    if page["status"] != "awaiting_packaging" and "repair_method" not in left and not left:
        arm.hands.do("oracle", shop, "repair_method", page)
    if left and _can(order, left[0], page) and arm.hands.do("oracle", shop, left[0], page):
        return left[1:]
    return left


def _can(order: Order, action: str, page: dict[str, object]) -> bool:
    """Whether it has an effect now, not before."""
    effect = order.fate.effects.get(action)
    return effect is None or all(page.get(key) == value for key, value in effect.when.items())


def _next(now: datetime, order: Order) -> datetime:
    soon = now + AGAIN
    return min(soon, order.deadline - timedelta(minutes=1)) if now < order.deadline - timedelta(minutes=1) else soon
