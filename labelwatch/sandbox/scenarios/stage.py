"""Shared parts of the scenarios: invented shops, delivery methods, and the steps of a posting."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from labelwatch.sandbox.actions import prints
from labelwatch.sandbox.bodies import posting, state
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.shops import REGISTERED_BY_CARRIER, Flow, Method, Shop, Warehouse, stamp
from labelwatch.sandbox.world import At, World

STAR = Shop(
    client_id="100001",
    api_key="5a9d2c1e-star-4b7f-8e21-sandbox00001",
    name="Shenzhen Star",
    legal_name="Shenzhen Star Trading Co., Ltd",
    currency="CNY",
    country="CN",
)
HOME = Shop(
    client_id="200002",
    api_key="7c31f0aa-home-4d02-9b3c-sandbox00002",
    name="Тёплый дом",
    legal_name="ООО «Тёплый дом»",
)
LANTERN = Shop(
    client_id="300003",
    api_key="e84b06d7-lamp-4f19-a6c2-sandbox00003",
    name="Yiwu Lantern",
    legal_name="Yiwu Lantern Import & Export Co., Ltd",
    currency="CNY",
    country="CN",
)

BAOAN = Warehouse(id=1020005000310001, name="Shenzhen Bao'an")
YIWU = Warehouse(id=1020005000510001, name="Yiwu Futian")
KHIMKI = Warehouse(id=1020005000420001, name="Химки", is_rfbs=False)

AURORA = Method(
    id=1020005000310101,
    name="Aurora Post Economy, Shenzhen Bao'an",
    carrier_id=1301,
    carrier="Aurora Post",
    warehouse=BAOAN,
    flow=Flow.AGGREGATOR,
    crossborder=True,
)
SILK = Method(
    id=1020005000310102,
    name="Silk Road Express Standard, Shenzhen Bao'an",
    carrier_id=1302,
    carrier="Silk Road Express",
    warehouse=BAOAN,
    flow=Flow.AGGREGATOR,
    crossborder=True,
)
POLAR = Method(
    id=1020005000310103,
    name="Polar Bridge Air, Shenzhen Bao'an",
    carrier_id=1303,
    carrier="Polar Bridge",
    warehouse=BAOAN,
    flow=Flow.TRACKING,
    crossborder=True,
)
OWN = Method(
    id=1020005000310104,
    name="Own courier, Shenzhen Bao'an",
    carrier_id=0,
    carrier="",
    warehouse=BAOAN,
    flow=Flow.NON_INTEGRATED,
    crossborder=True,
)
OZON = Method(
    id=KHIMKI.id,
    name="Доставка Ozon самостоятельно, Химки",
    carrier_id=24,
    carrier="Доставка Ozon",
    warehouse=KHIMKI,
    flow=Flow.OZON,
)

KEY_LIVES = timedelta(days=60)
REGISTERED_WITHIN = 7.0


def both_shops(start: datetime) -> World:
    """A world with the two shops of most scenarios and no postings."""
    return shops_with((AURORA, SILK, POLAR, OWN, OZON), start=start)


def shops_with(methods: Iterable[Method], *, start: datetime) -> World:
    """A world with the shops of these delivery methods and no postings."""
    world, of_shop = World(start), dict[Shop, list[Method]]()
    for method in methods:
        of_shop.setdefault(shop_of(method), []).append(method)
    for shop, own in of_shop.items():
        world.open(replace(shop, key_expires_at=start + KEY_LIVES), methods=own)
    return world


def shop_of(method: Method) -> Shop:
    """The shop of one of these delivery methods."""
    if method.warehouse.id == YIWU.id:
        return LANTERN
    return STAR if method.crossborder else HOME


def from_yiwu(method: Method) -> Method:
    """The same carrier's service at the second shop abroad."""
    name = method.name.replace(method.warehouse.name, YIWU.name)
    return replace(method, id=method.id + 200_000, name=name, warehouse=YIWU)


def arrival(start: datetime, number: str, *, method: Method, minutes: float, cutoff: timedelta, **more: Any) -> At:
    """A posting that comes `minutes` after the start, to be assembled before start + cutoff."""
    shop = shop_of(method)
    body = posting(
        number,
        method=method,
        at=start + timedelta(minutes=minutes),
        cutoff=start + cutoff,
        currency=shop.currency,
        **more,
    )
    return At(minutes=minutes, shop=shop.client_id, posting=number, change=body)


def step(minutes: float, number: str, *, method: Method, status: str, **more: Any) -> At:
    """A posting moves on. `substatus` and `label` as in bodies.state, any other field is merged into it."""
    told = {key: more.pop(key) for key in ("substatus", "label") if key in more}
    return At(minutes=minutes, posting=number, change={**state(method.flow, status, **told), **more})


def tracking(number: str) -> str:
    """The tracking number an invented carrier gives to a posting."""
    return f"SB{zlib.crc32(number.encode()):010d}CN"


def labelled_after(number: str) -> float:
    """How long Ozon takes to print this posting's label: 40 to 70 seconds, in minutes."""
    return (40 + zlib.crc32(number.encode()) % 31) / 60


def packed(minutes: float, number: str, *, method: Method) -> Iterator[At]:
    """Assembly, registration if the carrier does one, and the label if Ozon prints one."""
    ready, tracked = minutes, {"tracking_number": "" if method.flow is Flow.OZON else tracking(number)}
    if method.flow in REGISTERED_BY_CARRIER:
        yield step(minutes, number, method=method, status="awaiting_registration")
        ready = minutes + REGISTERED_WITHIN
    yield from registered(ready, number, method=method, tracked=tracked)


def registered(minutes: float, number: str, *, method: Method, tracked: dict[str, str] | None = None) -> Iterator[At]:
    """The posting waits for hand-over, and its label comes if this flow has one."""
    tracked = {"tracking_number": tracking(number)} if tracked is None else tracked
    yield step(minutes, number, method=method, status="awaiting_deliver", **tracked)
    flow = {"integration_type_flow": method.flow, "delivery_schema": "Crossborder" if method.crossborder else "FBS"}
    if prints(flow):
        when = minutes + labelled_after(number)
        yield step(when, number, method=method, status="awaiting_deliver", label=True)


def handed_over(number: str, *, start: datetime, minutes: float, method: Method) -> At:
    """The carrier has it."""
    when = stamp(start + timedelta(minutes=minutes))
    return step(minutes, number, method=method, status="delivering", delivering_date=when)


def stuck_parcel(start: datetime, number: str, *, method: Method, packs: float, label: float) -> Iterator[At]:
    """Packed and registered in time, its cutoff far away; yet the label does not come before `label`."""
    yield arrival(start, number, method=method, minutes=packs - 60, cutoff=timedelta(hours=31))
    waits = {"tracking_number": tracking(number), "_label": {"unprinted": NOT_YET}}
    yield step(packs, number, method=method, status="awaiting_deliver", **waits)
    yield step(label, number, method=method, status="awaiting_deliver", label=True)


def smooth(start: datetime, number: str, *, method: Method, came: float, packs: float, leaves: float) -> Iterator[At]:
    """All steps of a posting without problems: its cutoff is more than a day away."""
    yield arrival(start, number, method=method, minutes=came, cutoff=timedelta(hours=31))
    yield from packed(packs, number, method=method)
    yield handed_over(number, start=start, minutes=leaves, method=method)
