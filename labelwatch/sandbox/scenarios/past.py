"""Causes that need the shop's history: a delivery method that never labels, and one that always did in time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import AURORA, arrival, handed_over, shops_with, smooth, step, tracking
from labelwatch.sandbox.world import At, World

JADE = replace(
    AURORA, id=1020005000310105, name="Jade Parcel Light, Shenzhen Bao'an", carrier_id=1305, carrier="Jade Parcel"
)
UNLABELLED = 6
ALWAYS_LABELLED = 120
LABEL_LATE = "78000901-0001-1"
REGISTRATION_LATE = "78000902-0002-1"


def never_labelled(start: datetime) -> World:
    """Six parcels of a delivery method go out within ten minutes, with labels that are not from Ozon. The next
    one waits for Ozon's label from minute 20 on."""
    world = shops_with((AURORA, JADE), start=start)
    for i in range(UNLABELLED):
        number = f"{78000100 + i}-{i:04d}-1"
        world.plan(*_unlabelled(start, number, packs=i * 2.0 - 4))
        world.plan(handed_over(number, start=start, minutes=i * 2.0 + 6, method=JADE))
    late = f"{78000100 + UNLABELLED}-{UNLABELLED:04d}-1"
    world.plan(*_unlabelled(start, late, packs=20))
    world.expected[late] = "method_never_labelled"
    return world


def _unlabelled(start: datetime, number: str, *, packs: float) -> Iterator[At]:
    """Packed and registered, and Ozon prints nothing."""
    yield arrival(start, number, method=JADE, minutes=packs - 30, cutoff=timedelta(hours=31))
    waits = {"tracking_number": tracking(number), "_label": {"unprinted": NOT_YET}}
    yield step(packs, number, method=JADE, status="awaiting_deliver", **waits)


def always_labelled(start: datetime) -> World:
    """A hundred and twenty parcels of one delivery method are registered within seven minutes and labelled within
    one more, all by minute 35. Of two packed at 40, one never gets its label and the other is not even registered."""
    world = shops_with((AURORA,), start=start)
    for i in range(ALWAYS_LABELLED):
        number, packs = f"{78000200 + i}-{i:04d}-1", 3 + i * 0.2
        world.plan(*smooth(start, number, method=AURORA, came=packs - 90, packs=packs, leaves=packs + 300))
    for number in (LABEL_LATE, REGISTRATION_LATE):
        world.plan(arrival(start, number, method=AURORA, minutes=0, cutoff=timedelta(hours=31)))
        world.plan(step(40, number, method=AURORA, status="awaiting_registration"))
    waits = {"tracking_number": tracking(LABEL_LATE), "_label": {"unprinted": NOT_YET}}
    world.plan(step(47, LABEL_LATE, method=AURORA, status="awaiting_deliver", **waits))
    world.expected = {LABEL_LATE: "label_overdue", REGISTRATION_LATE: "registration_pending"}
    return world
