"""Simple scenarios: a quiet shop, and any number of postings."""

from datetime import datetime, timedelta

from labelwatch.sandbox.bodies import posting
from labelwatch.sandbox.scenarios.stage import AURORA, HOME, OWN, OZON, POLAR, SILK, both_shops, smooth
from labelwatch.sandbox.shops import stamp
from labelwatch.sandbox.world import World


def quiet(start: datetime) -> World:
    """Twelve postings of every usual flow, and all goes well."""
    world = both_shops(start)
    methods = (OZON, AURORA, OZON, POLAR, SILK, OWN)
    for i in range(12):
        number, came = f"6200{i:04d}-0{i:03d}-1", i * 20.0 - 60
        method = methods[i % len(methods)]
        world.plan(*smooth(start, number, method=method, came=came, packs=came + 15, leaves=came + 200))
    return world


def many(start: datetime, n: int = 10_000) -> World:
    """`n` postings of one Russian shop that wait for hand-over with their labels; they share all but a few fields."""
    world = both_shops(start)
    arrived = start - timedelta(hours=20)
    first = posting("0-0-1", method=OZON, at=arrived, cutoff=start, status="awaiting_deliver", label=True)
    for i in range(n):
        order = f"8{i:07d}-{i % 9999:04d}"
        own = {
            "posting_number": f"{order}-1",
            "order_number": order,
            "order_id": 38_000_000_000 + i,
            "shipment_date": stamp(start + timedelta(hours=26, seconds=i)),
            "in_process_at": stamp(arrived + timedelta(seconds=i % 60_000)),
        }
        world.put(HOME.client_id, {**first, **own})
    return world
