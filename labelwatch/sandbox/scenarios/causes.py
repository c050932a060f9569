"""Late postings: at least one for each cause that a posting can show at once and by itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from labelwatch.sandbox.bodies import GOODS, merged, needs, posting, state
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.stage import AURORA, OWN, OZON, POLAR, SILK, shop_of, shops_with, tracking
from labelwatch.sandbox.shops import Flow, Method, Warehouse
from labelwatch.sandbox.world import At, World

CUTOFF = timedelta(hours=2)
ARRIVED = timedelta(days=3)
REFUSED = "Печать запрещена складом"
# A buyer's company wants papers, but nothing about the products is asked by name.
FOR_A_COMPANY = {
    "legal_info": {"company_name": "ООО «Вымысел»", "inn": "0000000000", "kpp": "000000000"},
    "analytics_data": {"is_legal": True},
    "available_actions": ["cancel", "ship_with_additional_info"],
}


def _house(number: int, name: str, **more: Any) -> Warehouse:
    return Warehouse(id=1020005000500000 + number, name=name, **more)


def _method(number: int, flow: Flow, *, house: Warehouse, crossborder: bool = True, **more: Any) -> Method:
    return Method(
        id=1020005000600000 + number,
        name=f"{flow} {number}",
        carrier_id=1400 + number,
        carrier=f"Carrier {number}",
        warehouse=house,
        flow=flow,
        crossborder=crossborder,
        **more,
    )


PAUSED = _house(1, "Paused", status="disabled_due_to_limit", paused_at=datetime.fromisoformat("2026-01-05T08:00:00Z"))
ARCHIVED = _house(2, "Archived", status="disabled")
SOUTH = _house(3, "Юг")
EAST = _house(4, "East")
BROKEN = _method(1, Flow.AGGREGATOR, house=EAST, status="BROKEN")
DISABLED = _method(2, Flow.AGGREGATOR, house=EAST, status="DISABLED")
FROM_PAUSED = _method(3, Flow.AGGREGATOR, house=PAUSED)
FROM_ARCHIVED = _method(4, Flow.AGGREGATOR, house=ARCHIVED)
DOMESTIC = _method(5, Flow.TRACKING, house=SOUTH, crossborder=False)
HYBRID_OWN = _method(6, Flow.HYBRID_NON_INTEGRATED, house=SOUTH, crossborder=False)
HYBRID = _method(7, Flow.HYBRID, house=SOUTH, crossborder=False)
PICKED_UP = _method(8, Flow.CLICK_AND_COLLECT, house=SOUTH, crossborder=False)
PARTNER = replace(_method(9, Flow.FBP, house=EAST), carrier="Partner warehouse")
METHODS = (
    *(AURORA, SILK, POLAR, OWN, OZON, BROKEN, DISABLED, FROM_PAUSED, FROM_ARCHIVED),
    *(DOMESTIC, HYBRID_OWN, HYBRID, PICKED_UP, PARTNER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A late posting. `tracked` gives it a tracking number, `requires` an open requirement of that kind."""

    cause: str
    method: Method = OZON
    status: str = "awaiting_deliver"
    substatus: str = ""
    tracked: bool = False
    requires: str = ""
    change: dict[str, Any] = field(default_factory=dict)


def _unpacked(cause: str, *, method: Method = OZON, status: str = "awaiting_packaging", **more: Any) -> Case:
    return Case(cause=cause, method=method, status=status, **more)


CASES = (
    Case(cause="no_label_in_this_flow", method=OWN),
    Case(cause="no_label_in_this_flow", method=HYBRID_OWN),
    Case(cause="no_label_in_this_flow", method=DOMESTIC),
    Case(cause="method_broken", method=BROKEN, tracked=True),
    Case(cause="method_disabled", method=DISABLED, tracked=True),
    Case(cause="warehouse_paused", method=FROM_PAUSED, tracked=True),
    Case(cause="warehouse_archived", method=FROM_ARCHIVED, tracked=True),
    _unpacked("over_dropoff_limits", change={"_restrictions": {"max_posting_weight": 1000}}),
    Case(cause="passport_data_missing", method=AURORA, substatus="posting_awaiting_passport_data", tracked=True),
    _unpacked("marking_missing", requires="mandatory_mark"),
    _unpacked("customs_number_missing", requires="gtd"),
    _unpacked("country_missing", requires="country"),
    _unpacked("other_requirement", requires="jw_uin"),
    _unpacked("box_count_missing", method=AURORA, change={"is_multibox": True, "multi_box_qty": 0}),
    _unpacked("buyer_company_data", change=FOR_A_COMPANY),
    Case(
        cause="recipient_incomplete",
        method=AURORA,
        status="awaiting_registration",
        change={"addressee": {"name": ""}, "customer": {"name": "", "phone": "", "address": {"zip_code": ""}}},
    ),
    Case(cause="arbitration", status="arbitration"),
    Case(cause="arbitration", status="client_arbitration"),
    Case(cause="not_accepted", status="not_accepted"),
    _unpacked("split_pending", substatus="posting_split_pending"),
    Case(
        cause="label_refused",
        method=POLAR,
        tracked=True,
        change={"_label": {"unprinted": REFUSED}},
    ),
    _unpacked("unknown_state"),
    _unpacked("not_packed"),
    _unpacked("assembly_running", change={"available_actions": ["cancel", "ship_async_in_process"]}),
    _unpacked("assembly_failed", substatus="ship_failed", change={"available_actions": ["ship", "ship_async_retry"]}),
    _unpacked("ozon_accepting", status="acceptance_in_progress"),
    _unpacked("ozon_accepting", status="awaiting_approve"),
    _unpacked("cutoff_not_chosen", method=OWN, change={"available_actions": ["cancel", "set_cutoff", "ship"]}),
    Case(cause="registration_pending", method=SILK, status="awaiting_registration"),
    Case(
        cause="registration_declined",
        method=AURORA,
        status="awaiting_registration",
        substatus="posting_registration_error",
    ),
    Case(cause="tracking_missing", method=AURORA),
    Case(cause="tracking_missing", method=HYBRID),
    _unpacked("label_pending", method=POLAR, change={"_label": {"stuck": True}}),
    Case(cause="label_overdue", change={"_label": {"unprinted": NOT_YET}}),
)
# Nothing is wrong with these: no label is ever printed for them, or it is there already.
WELL = (
    Case(cause="", method=PICKED_UP),
    Case(cause="", method=PARTNER),
    Case(cause="", method=OWN, tracked=True),
    Case(cause="", method=AURORA, status="awaiting_registration", change={"available_actions": ["label_download"]}),
    Case(cause="", requires="gtd", change={"available_actions": ["cancel", "label_download_big"]}),
)


def causes(start: datetime) -> World:
    """Everything is late from the start, by a cutoff two hours ahead; poll from then on and look after 20 minutes.

    Two show only then: `unknown_state` at minute 5 (it was waiting to be packed until then, and is in no list
    that names statuses afterwards) and `label_pending` at minute 19 (packed only then). `label_overdue` is overdue
    for a watcher who has seen it for a quarter of an hour.
    """
    world = shops_with(METHODS, start=start)
    for i, case in enumerate((*CASES, *WELL)):
        number = f"{75000000 + i}-{i:04d}-1"
        world.plan(*_events(number, start=start, case=case))
        if case.cause:
            world.expected[number] = case.cause
    return world


def _events(number: str, *, start: datetime, case: Case) -> Iterator[At]:
    method = case.method
    shop = shop_of(method)
    body = posting(
        number,
        method=method,
        at=start - ARRIVED,
        cutoff=start + CUTOFF,
        currency=shop.currency,
        product=GOODS[0],
        change={
            **state(method.flow, case.status, substatus=case.substatus),
            "tracking_number": tracking(number) if case.tracked else "",
        },
    )
    requirement = needs(case.requires, GOODS[0].sku) if case.requires else {}
    changed = merged(merged(body, requirement), case.change)
    yield At(minutes=-60, shop=shop.client_id, posting=number, change=changed)
    if case.cause == "unknown_state":
        unheard_of = state(method.flow, "awaiting_weighing", substatus="posting_on_scales")
        yield At(minutes=5, posting=number, change=unheard_of)
    if case.cause == "label_pending":
        ready = {**state(method.flow, "awaiting_deliver"), "tracking_number": tracking(number)}
        yield At(minutes=19, posting=number, change=ready)
