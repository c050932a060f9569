"""A believable day of two shops in six hours: most postings go well, seven do not, and for a while Ozon is down.

Times are minutes after the start. A watcher is meant to speak up when the cutoff is less than four hours away
without a label, when packing takes more than a day, registration more than an hour, or a label more than fifteen
minutes; postings that go well stay far from all of these.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from labelwatch.sandbox.bodies import merged, state
from labelwatch.sandbox.faults import Fault, Kind
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import (
    AURORA,
    OWN,
    OZON,
    POLAR,
    SILK,
    arrival,
    both_shops,
    handed_over,
    packed,
    registered,
    smooth,
    step,
    tracking,
)
from labelwatch.sandbox.world import At, World

LASTS = 360
OZON_DOWN = (265.0, 25.0)
SILK_RECOVERS = 201.0
USUAL = (OZON, AURORA, OZON, POLAR)
# When Silk Road Express parcels are packed on this day; it registers none between 100 and its recovery.
SILK_BEFORE = (-30.0, 5.0, 40.0)
SILK_STUCK = (105.0, 150.0, 170.0)
SILK_AFTER = (230.0,)

NEVER_PACKED = "72000201-0001-1"
ASSEMBLY_FAILED = "72000202-0002-1"
CANCELLED_LATE = "72000203-0003-1"
NO_PASSPORT = "71000101-0001-1"
DECLINED = "71000102-0002-1"
LABEL_LATE = "71000103-0003-1"
OWN_COURIER = "71000104-0004-1"


def day(start: datetime) -> World:
    """Some forty postings, seven of which will be late; `expected` says why each is."""
    world = both_shops(start)
    for i in range(26):
        world.plan(*_usual(start, i))
    for events in _STORIES:
        world.plan(*events(start))
    down_at, down_for = OZON_DOWN
    world.plan(At(minutes=down_at, fault=Fault(kind=Kind.HTML, status=502, seconds=down_for * 60)))
    world.expected = {
        NEVER_PACKED: "not_packed",
        ASSEMBLY_FAILED: "assembly_failed",
        CANCELLED_LATE: "not_packed",
        NO_PASSPORT: "passport_data_missing",
        DECLINED: "registration_declined",
        _silk_number(SILK_STUCK[0]): "registration_pending",
        LABEL_LATE: "label_overdue",
    }
    return world


def _usual(start: datetime, i: int) -> Iterator[At]:
    came = i * 14.0 - 75
    packs = came + 12 + i * 7 % 25
    number = f"{73000300 + i}-{i:04d}-1"
    return smooth(
        start, number, method=USUAL[i % len(USUAL)], came=came, packs=packs, leaves=packs + 95 + i * 13 % 60
    )


def _silk_number(packs: float) -> str:
    return f"{71000200 + round(packs)}-0007-1"


def _silk(start: datetime) -> Iterator[At]:
    """Registration stands still at one carrier for an hour and a half; one posting waits too long, two do not."""
    for packs in (*SILK_BEFORE, *SILK_AFTER):
        number = _silk_number(packs)
        yield from smooth(start, number, method=SILK, came=packs - 20, packs=packs, leaves=packs + 120)
    for i, packs in enumerate(SILK_STUCK):
        number = _silk_number(packs)
        yield arrival(start, number, method=SILK, minutes=packs - 20, cutoff=timedelta(hours=31))
        yield step(packs, number, method=SILK, status="awaiting_registration")
        yield from registered(SILK_RECOVERS + i, number, method=SILK)


def _never_packed(start: datetime) -> Iterator[At]:
    yield arrival(start, NEVER_PACKED, method=OZON, minutes=-600, cutoff=timedelta(hours=5))


def _assembly_failed(start: datetime) -> Iterator[At]:
    """Assembled in the cabinet at 50, which Ozon undoes at 52; tried again at 215."""
    number, flow = ASSEMBLY_FAILED, OZON.flow
    yield arrival(start, number, method=OZON, minutes=-480, cutoff=timedelta(hours=6))
    running = {"available_actions": ["cancel", "ship_async_in_process"]}
    failed = {"available_actions": ["cancel", "ship", "ship_async_retry"]}
    yield At(minutes=50, posting=number, change=running)
    change = merged(state(flow, "awaiting_packaging", substatus="ship_failed"), failed)
    yield At(minutes=52, posting=number, change=change)
    yield from packed(215, number, method=OZON)


def _cancelled_late(start: datetime) -> Iterator[At]:
    number = CANCELLED_LATE
    yield arrival(start, number, method=OZON, minutes=-700, cutoff=timedelta(hours=4, minutes=20))
    why = {
        "cancel_reason_id": 402,
        "cancel_reason": "Покупатель передумал",
        "cancellation_type": "client",
        "cancellation_initiator": "Клиент",
    }
    yield step(130, number, method=OZON, status="cancelled", cancellation=why)


def _no_passport(start: datetime) -> Iterator[At]:
    """Registered, but customs want the buyer's passport, which comes at 240."""
    number = NO_PASSPORT
    yield arrival(start, number, method=AURORA, minutes=-20, cutoff=timedelta(hours=31))
    yield step(10, number, method=AURORA, status="awaiting_registration")
    waits = {"substatus": "posting_awaiting_passport_data", "tracking_number": tracking(number)}
    yield step(17, number, method=AURORA, status="awaiting_deliver", **waits)
    yield from registered(240, number, method=AURORA)


def _declined(start: datetime) -> Iterator[At]:
    number = DECLINED
    yield arrival(start, number, method=AURORA, minutes=20, cutoff=timedelta(hours=31))
    yield step(35, number, method=AURORA, status="awaiting_registration")
    declined = "posting_registration_error"
    yield step(41, number, method=AURORA, status="awaiting_registration", substatus=declined)


def _label_late(start: datetime) -> Iterator[At]:
    """All is done at 120, and the label takes fifty minutes."""
    number, tracked = LABEL_LATE, {"tracking_number": tracking(LABEL_LATE)}
    yield arrival(start, number, method=POLAR, minutes=80, cutoff=timedelta(hours=31))
    yield step(120, number, method=POLAR, status="awaiting_deliver", _label={"unprinted": NOT_YET}, **tracked)
    yield step(170, number, method=POLAR, status="awaiting_deliver", label=True)
    yield handed_over(number, start=start, minutes=250, method=POLAR)


def _own_courier(start: datetime) -> Iterator[At]:
    """No label will ever come, and none is missed: the tracking number is there."""
    yield from smooth(start, OWN_COURIER, method=OWN, came=15, packs=30, leaves=200)


_STORIES = (
    _never_packed,
    _assembly_failed,
    _cancelled_late,
    _no_passport,
    _declined,
    _silk,
    _label_late,
    _own_courier,
)
