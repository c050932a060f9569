"""A believable day of two shops in six hours: most postings go well, some go wrong, each in a way of its own; for a
while Ozon is down, and in the afternoon the labels of one carrier are stuck. At first the settings change, and an
error index is about to leave its zone; before the end Ozon charges for the posting that was missed.

Times are minutes after the start. A watcher should alert when the cutoff is less than four hours away
without a label, when packing takes more than a day, registration more than an hour, or a label more than fifteen
minutes; postings that go well stay far from all of these.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from labelwatch.sandbox.bodies import GOODS, merged, needs, state
from labelwatch.sandbox.faults import Fault, Kind
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.past import JADE
from labelwatch.sandbox.scenarios.stage import (
    AURORA,
    OWN,
    OZON,
    POLAR,
    SILK,
    arrival,
    handed_over,
    packed,
    registered,
    shop_of,
    shops_with,
    smooth,
    step,
    stuck_parcel,
    tracking,
)
from labelwatch.sandbox.shops import error_row
from labelwatch.sandbox.world import At, World

LASTS = 360
OZON_DOWN = (265.0, 25.0)
SETTINGS_CHANGE = 1.0
CHARGED = 305.0
SILK_RECOVERS = 201.0
USUAL = (OZON, AURORA, OZON, POLAR)
# When Silk Road Express parcels are packed on this day; it registers none between 100 and its recovery.
SILK_BEFORE = (-30.0, 5.0, 40.0)
SILK_STUCK = (105.0, 150.0, 170.0)
SILK_AFTER = (230.0,)

# What Polar Bridge is handed at once after the outage; its labels come when the carrier is up again.
POLAR_PACKED, POLAR_RECOVERS, POLAR_STUCK = 302.0, 341.0, 14

NEVER_PACKED = "72000201-0001-1"
ASSEMBLY_FAILED = "72000202-0002-1"
CANCELLED_LATE = "72000203-0003-1"
NO_CUSTOMS_NUMBER = "72000204-0004-1"
BEING_CHECKED = "72000205-0005-1"
TOO_HEAVY = "72000206-0006-1"
NO_PASSPORT = "71000101-0001-1"
DECLINED = "71000102-0002-1"
LABEL_LATE = "71000103-0003-1"
OWN_COURIER = "71000104-0004-1"
NO_BOX_COUNT = "71000105-0005-1"
BROKEN_METHOD = "71000106-0006-1"
REFUSED = "71000107-0007-1"
WHY_REFUSED = "Печать недоступна: отправление не прошло проверку таможенных данных"


def day(start: datetime) -> World:
    """Some sixty postings; `expected` says why each of those that will be late is late first."""
    world = shops_with((AURORA, SILK, POLAR, JADE, OWN, OZON), start=start)
    for i in range(26):
        world.plan(*_usual(start, i))
    for events in _STORIES:
        world.plan(*events(start))
    world.plan(*_index(start))
    down_at, down_for = OZON_DOWN
    world.plan(At(minutes=down_at, fault=Fault(kind=Kind.HTML, status=502, seconds=down_for * 60)))
    world.expected = {**_EXPECTED, **dict.fromkeys(map(_polar_number, range(POLAR_STUCK)), "carrier_incident")}
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
    """Registration is stuck at one carrier for an hour and a half; one posting waits too long, two do not."""
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
    """Registered, but customs want the buyer's passport; once that is there, at 241, so is the label."""
    number = NO_PASSPORT
    yield arrival(start, number, method=AURORA, minutes=-20, cutoff=timedelta(hours=31), product=GOODS[2])
    yield step(10, number, method=AURORA, status="awaiting_registration")
    waits = {"substatus": "posting_awaiting_passport_data", "tracking_number": tracking(number)}
    yield step(17, number, method=AURORA, status="awaiting_deliver", **waits)
    yield step(241, number, method=AURORA, status="awaiting_deliver", label=True)


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
    """No label will ever come, and none is needed: the tracking number is there."""
    yield from smooth(start, OWN_COURIER, method=OWN, came=15, packs=30, leaves=200)


def _no_customs_number(start: datetime) -> Iterator[At]:
    """The number is entered at 151, and packing confirmed with it."""
    number = NO_CUSTOMS_NUMBER
    missing = {"product": GOODS[1], "change": needs("gtd", GOODS[1].sku)}
    yield arrival(start, number, method=OZON, minutes=-300, cutoff=timedelta(hours=5, minutes=25), **missing)
    yield At(minutes=151, posting=number, change=needs("gtd"))
    yield from packed(151, number, method=OZON)


def _being_checked(start: datetime) -> Iterator[At]:
    """Ozon checks the order until 79, which leaves the packers less time than usual."""
    number = BEING_CHECKED
    checked = {"status": "acceptance_in_progress"}
    yield arrival(start, number, method=OZON, minutes=-90, cutoff=timedelta(hours=4, minutes=46), **checked)
    yield step(79, number, method=OZON, status="awaiting_packaging")
    yield from packed(97, number, method=OZON)


def _too_heavy(start: datetime) -> Iterator[At]:
    limits = {"product": GOODS[0], "change": {"_restrictions": {"max_posting_weight": 1000}}}
    yield arrival(start, TOO_HEAVY, method=OZON, minutes=-200, cutoff=timedelta(hours=7, minutes=9), **limits)


def _no_box_count(start: datetime) -> Iterator[At]:
    """Counted and packed at 56."""
    number = NO_BOX_COUNT
    boxes = {"product": GOODS[3], "change": {"is_multibox": True, "multi_box_qty": 0}}
    yield arrival(start, number, method=POLAR, minutes=-400, cutoff=timedelta(hours=4, minutes=7), **boxes)
    yield At(minutes=56, posting=number, change={"is_multibox": False, "multi_box_qty": 2})
    yield from packed(56, number, method=POLAR)


def _index(start: datetime) -> Iterator[At]:
    """The error index rises; what was never packed is charged."""
    shop = shop_of(OZON).client_id
    charged = error_row(NEVER_PACKED, at=start + timedelta(minutes=CHARGED), cost=56.7)
    yield At(minutes=SETTINGS_CHANGE, shop=shop, change={"index_days": (1.6, 2.2, 2.8, 3.4)})
    yield At(minutes=CHARGED, shop=shop, change={"errors": (charged,)})


def _broken_method(start: datetime) -> Iterator[At]:
    """The delivery method breaks at once and is repaired at 204; what was packed meanwhile is registered then."""
    number = BROKEN_METHOD
    yield At(minutes=SETTINGS_CHANGE, method=JADE.id, change={"status": "BROKEN"})
    yield arrival(start, number, method=JADE, minutes=50, cutoff=timedelta(hours=31), product=GOODS[5])
    yield step(87, number, method=JADE, status="awaiting_registration")
    yield At(minutes=204, method=JADE.id, change={"status": "ACTIVE"})
    yield from registered(209, number, method=JADE)


def _refused(start: datetime) -> Iterator[At]:
    number, tracked = REFUSED, {"tracking_number": tracking(REFUSED)}
    yield arrival(start, number, method=POLAR, minutes=130, cutoff=timedelta(hours=31), product=GOODS[3])
    yield step(171, number, method=POLAR, status="awaiting_deliver", _label={"unprinted": WHY_REFUSED}, **tracked)


def _polar(start: datetime) -> Iterator[At]:
    """Fourteen parcels are packed at once, and for forty minutes none gets its label."""
    for i in range(POLAR_STUCK):
        number = _polar_number(i)
        yield from stuck_parcel(start, number, method=POLAR, packs=POLAR_PACKED, label=POLAR_RECOVERS)


def _polar_number(i: int) -> str:
    return f"{71000400 + i}-{i:04d}-1"


_EXPECTED = {
    NEVER_PACKED: "not_packed",
    ASSEMBLY_FAILED: "assembly_failed",
    CANCELLED_LATE: "not_packed",
    NO_CUSTOMS_NUMBER: "customs_number_missing",
    BEING_CHECKED: "ozon_accepting",
    TOO_HEAVY: "over_dropoff_limits",
    NO_PASSPORT: "passport_data_missing",
    DECLINED: "registration_declined",
    _silk_number(SILK_STUCK[0]): "registration_pending",
    LABEL_LATE: "label_overdue",
    NO_BOX_COUNT: "box_count_missing",
    BROKEN_METHOD: "method_broken",
    REFUSED: "label_refused",
}
_STORIES = (
    _never_packed,
    _assembly_failed,
    _cancelled_late,
    _no_customs_number,
    _being_checked,
    _too_heavy,
    _no_passport,
    _declined,
    _silk,
    _label_late,
    _own_courier,
    _no_box_count,
    _broken_method,
    _refused,
    _polar,
)
