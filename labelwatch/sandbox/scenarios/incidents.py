"""One event that many labels wait for: of a carrier, of the platform, of a shop. Two shops share three carriers.

Both shops pack their parcels in two waves, at WAVES minutes; if they are stuck the labels come in two as
well, at OVER minutes. So what is watched grows, then shrinks, and is over by itself forty minutes after it began.
"""

from collections.abc import Sequence
from datetime import datetime

from labelwatch.sandbox.scenarios.stage import (
    AURORA,
    LANTERN,
    POLAR,
    SILK,
    STAR,
    from_yiwu,
    shop_of,
    shops_with,
    smooth,
    stuck_parcel,
)
from labelwatch.sandbox.shops import Method
from labelwatch.sandbox.world import World

WAVES = (3.0, 9.0)
OVER = (43.0, 45.0)
LASTS = 60
AURORAS = (AURORA, from_yiwu(AURORA))
OTHERS = (SILK, from_yiwu(SILK), POLAR, from_yiwu(POLAR))


def carrier_incident(start: datetime) -> World:
    """All 80 parcels of one carrier are stuck, in both shops, and none of the 200 of the others."""
    return _world(start, "carrier_incident", stuck=_shared(80, AURORAS), well=_shared(200, OTHERS))


def platform_incident(start: datetime) -> World:
    """All 90 parcels are stuck, whatever the carrier and the shop."""
    return _world(start, "platform_incident", stuck=_shared(90, (*AURORAS, *OTHERS)), well=[])


def shop_incident(start: datetime) -> World:
    """All 45 parcels of one shop are stuck, whatever the carrier; the 90 of the other shop, of the same carriers,
    do not."""
    everyone = (*AURORAS, *OTHERS)
    stuck = [method for method in everyone if shop_of(method) == STAR]
    well = [method for method in everyone if shop_of(method) == LANTERN]
    return _world(start, "shop_incident", stuck=_shared(45, stuck), well=_shared(90, well))


def _shared(count: int, methods: Sequence[Method]) -> list[Method]:
    return [methods[i % len(methods)] for i in range(count)]


def _world(start: datetime, cause: str, *, stuck: Sequence[Method], well: Sequence[Method]) -> World:
    world = shops_with((*AURORAS, *OTHERS), start=start)
    for i, method in enumerate(well):
        number, packs = f"{76000000 + i}-{i:04d}-1", i * 50 / len(well) - 40
        world.plan(*smooth(start, number, method=method, came=packs - 60, packs=packs, leaves=packs + 300))
    for i, method in enumerate(stuck):
        number, wave = f"{77000000 + i}-{i:04d}-1", i * 2 // len(stuck)
        world.plan(*stuck_parcel(start, number, method=method, packs=WAVES[wave], label=OVER[wave]))
        world.expected[number] = cause
    return world
