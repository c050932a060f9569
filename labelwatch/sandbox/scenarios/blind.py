"""Shops that cannot be read, each in its own way: their keys are refused, or Ozon gives no usable answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from labelwatch.sandbox.faults import Fault, Kind
from labelwatch.sandbox.scenarios.stage import HOME, OZON, arrival
from labelwatch.sandbox.shops import POSTINGS, WAREHOUSES, KeyState, Shop
from labelwatch.sandbox.world import At, World

KEYS: dict[str, dict[str, Any]] = {
    "key_expired": {},
    "key_rejected": {},
    "role_missing": {"roles": (WAREHOUSES,)},
    "ip_not_allowed": {"key_state": KeyState.IP_RESTRICTED},
    "offer_not_signed": {"key_state": KeyState.OFFER_NOT_SIGNED},
    "account_blocked": {"key_state": KeyState.BLOCKED},
}
FAULTS = {
    "method_retired": Fault(kind=Kind.EMPTY, path="/v4/posting/fbs/unfulfilled/list", status=404),
    "rate_limited": Fault(kind=Kind.TOO_MANY),
    "ozon_down": Fault(kind=Kind.CIRCLE),
    "answer_not_understood": Fault(kind=Kind.OBJECT),
}
MALFORMED = Fault(kind=Kind.MALFORMED, change={"shipment_date": "soon"})


def blind(start: datetime) -> World:
    """`expected` is by Client-Id. One shop works; one has only a single invalid posting.

    All are unreadable from the start but `key_rejected`, whose key is replaced by another at minute 5.
    """
    world = World(start)
    well = replace(HOME, client_id="300001", api_key="blind-well", key_expires_at=None)
    world.open(well, methods=[OZON])
    for i, cause in enumerate((*KEYS, *FAULTS)):
        shop = replace(well, client_id=str(300100 + i), api_key=f"blind-{cause}", name=cause, **KEYS.get(cause, {}))
        world.open(_expired(shop, start) if cause == "key_expired" else shop, methods=[OZON])
        world.expected[shop.client_id] = cause
        if cause == "key_rejected":
            world.plan(At(minutes=5, shop=shop.client_id, change={"api_key": "blind-another"}))
        if cause in FAULTS:
            world.plan(At(minutes=0, shop=shop.client_id, fault=FAULTS[cause]))
    _malform(world, replace(well, client_id="300200", api_key="blind-malformed", name="posting_unreadable"), start)
    return world


def _malform(world: World, shop: Shop, start: datetime) -> None:
    """A shop that can be read, with one of two postings that cannot."""
    world.open(shop, methods=[OZON])
    for number in ("30020001-0001-1", "30020002-0001-1"):
        came = arrival(start, number, method=OZON, minutes=0, cutoff=timedelta(hours=31))
        world.plan(replace(came, shop=shop.client_id))
    world.plan(At(minutes=0, shop=shop.client_id, fault=MALFORMED))
    world.expected[shop.client_id] = "posting_unreadable"


def _expired(shop: Shop, start: datetime) -> Shop:
    return replace(shop, key_expires_at=start - timedelta(hours=1), roles=(POSTINGS,))
