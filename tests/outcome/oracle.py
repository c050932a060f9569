"""Two arms in which somebody knows the truth: what can be saved at all, and what the people there are can save.

He acts with the same hands as everybody: he packs every order a quarter of an hour after it came and does for each
what its fate names, one thing after another, as soon as it can help. `sleepless` does so at any hour; what he misses
cannot be saved. `oracle` keeps the hours of the staff: he acts while the packers are at work, and at any hour once
the owner is woken, in the last hour before a deadline; what he misses, nobody who may be disturbed can save.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tests.outcome.arm import Arm, is_served, set_up
from tests.outcome.hands import CabinetDown
from tests.outcome.world import Order, Truth

AFTER = timedelta(minutes=15)
AGAIN = timedelta(minutes=10)
WARNS = timedelta(hours=2)
WAKES = timedelta(hours=1)
Hours = Callable[[Order, datetime], datetime]
"""The next time at which somebody can do something for an order."""


def oracle(truth: Truth) -> Arm:
    arm = set_up("oracle", truth)
    at_work = {one.shop.client_id: one for one in arm.people if one.name == "packers"}

    def hours(order: Order, at: datetime) -> datetime:
        staff, woken = at_work[order.site.shop.client_id], order.deadline - WAKES + AFTER
        if staff.is_up(at) or at >= woken:
            return at
        return min(staff.up_at(at) + AFTER, woken)

    return _begun(arm, hours)


def sleepless(truth: Truth) -> Arm:
    return _begun(set_up("sleepless", truth), lambda order, at: at)


def _begun(arm: Arm, hours: Hours) -> Arm:
    for order in arm.truth.orders.values():
        begins = hours(order, order.came + AFTER)
        arm.timeline.at(begins, partial(_act, arm, order, list(order.fate.cures), hours))
    return arm


def _act(arm: Arm, order: Order, left: list[str], hours: Hours) -> None:
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
    arm.timeline.at(hours(order, _next(now, order)), lambda: _act(arm, order, left, hours))


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
