"""What a seller does through the API: assemble, count boxes, move the date, enter a tracking number."""

from datetime import datetime
from typing import Any

from labelwatch.sandbox.bodies import merged, state
from labelwatch.sandbox.call import Call
from labelwatch.sandbox.http import bad_request, integer, rows, section
from labelwatch.sandbox.posting_index import Record
from labelwatch.sandbox.shops import REGISTERED_BY_CARRIER, SELLER_DELIVERS, Body, Flow, stamp
from labelwatch.sandbox.world import At

MOST_TRACKING_NUMBERS = 20
# How long Ozon and the carriers take after a request of the API, in minutes.
LABEL_AFTER = 50 / 60
REGISTRATION_TAKES = 5.0
_CAN_SHIP = frozenset({"ship", "ship_async", "ship_async_retry"})
_CANNOT_SHIP = {
    "cancelled": "POSTING_ALREADY_CANCELLED",
    "awaiting_deliver": "POSTING_ALREADY_SHIPPED",
    "awaiting_registration": "HAS_INCORRECT_STATUS",
}


def ship(call: Call) -> Body:
    """/v4/posting/fbs/ship: the posting moves on, at once or after the carrier has registered it."""
    record = call.record()
    _check_ship(record, call.body)
    steps = record.body.get("_ship") or _usual(record)
    for minutes, change in steps if _method_works(call, record) else steps[:1]:
        if minutes:
            _then(call, record, minutes=call.world.unstalled(_carrier(record), minutes), change=change)
        else:
            call.world.change(record.number, change)
    told = [{"posting_number": record.number, "products": [_shipped(p) for p in record.body["products"]]}]
    wanted = section(call.body, "with").get("additional_data")
    return {"result": [record.number], "additional_data": told if wanted else []}


def _usual(record: Record) -> list[tuple[float, Body]]:
    """What follows from assembly in this flow, and after how many minutes; `_ship` of a posting replaces it."""
    flow = Flow(record.body["integration_type_flow"])
    ready: Body = state(flow, "awaiting_deliver")
    steps, takes = [(0.0, ready)], 0.0
    if flow in REGISTERED_BY_CARRIER:
        takes = REGISTRATION_TAKES
        tracked = {**ready, "tracking_number": f"SB{record.serial}RU"}
        steps = [(0.0, state(flow, "awaiting_registration")), (takes, tracked)]
    if prints(record.body):
        steps.append((takes + LABEL_AFTER, state(flow, "awaiting_deliver", label=True)))
    return steps


def _method_works(call: Call, record: Record) -> bool:
    """Whether its carrier is notified of a parcel: method and warehouse are active."""
    method = call.world.methods[call.shop.client_id].get(record.body["delivery_method"]["id"])
    house = call.world.warehouses[call.shop.client_id].get(record.body["delivery_method"]["warehouse_id"])
    return (method is None or method.status == "ACTIVE") and (house is None or house.status == "created")


def _carrier(record: Record) -> str:
    return str(record.body["delivery_method"]["tpl_provider"])


def prints(body: Body) -> bool:
    """Whether Ozon prints the label of such a posting."""
    flow = Flow(body["integration_type_flow"])
    if flow is Flow.TRACKING:
        return bool(body["delivery_schema"] == "Crossborder")
    return flow not in (*SELLER_DELIVERS, Flow.CLICK_AND_COLLECT, Flow.FBP)


def set_boxes(call: Call) -> Body:
    """/v3/posting/multiboxqty/set"""
    record = call.record()
    boxes = call.body.get("multi_box_qty")
    if not isinstance(boxes, int) or boxes < 1:
        raise bad_request("invalid multi_box_qty: value must be greater than 0")
    call.world.change(record.number, {"is_multibox": False, "multi_box_qty": boxes})
    return {"result": {"result": True}}


def set_cutoff(call: Call) -> Body:
    """/v1/posting/cutoff/set: only if the seller may choose the date, and not after the present one."""
    record = call.record()
    if "set_cutoff" not in record.body["available_actions"]:
        raise bad_request("TRANSITION_IS_NOT_POSSIBLE")
    try:
        moment = datetime.fromisoformat(str(call.body.get("new_cutoff_date")))
    except ValueError:
        raise bad_request("invalid new_cutoff_date: value must be RFC 3339") from None
    if call.world.now > datetime.fromisoformat(record.body["shipment_date"]):
        raise bad_request("TRANSITION_IS_NOT_POSSIBLE")
    actions = [action for action in record.body["available_actions"] if action not in ("set_cutoff", "ship")]
    call.world.change(record.number, {"shipment_date": stamp(moment), "available_actions": [*actions, "ship"]})
    return {"result": True}


def set_tracking(call: Call) -> Body:
    """/v2/fbs/posting/tracking-number/set: each row succeeds or fails alone."""
    pairs = rows(call.body, "tracking_numbers")
    if not 1 <= len(pairs) <= MOST_TRACKING_NUMBERS:
        raise bad_request(f"invalid tracking_numbers: there must be between 1 and {MOST_TRACKING_NUMBERS}")
    return {"result": [_set_one(call, row) for row in pairs]}


def _set_one(call: Call, row: Body) -> Body:
    number = str(row.get("posting_number", ""))
    record = call.index.records.get(number)
    error = "POSTING_NOT_FOUND" if record is None else _cannot_track(record)
    if not error:
        call.world.change(number, {"tracking_number": str(row.get("tracking_number", ""))})
    return {"posting_number": number, "result": not error, "error": error}


def _cannot_track(record: Record) -> str:
    return "" if "set_track_number" in record.body["available_actions"] else "HAS_INCORRECT_TPL_INTEGRATION_TYPE"


def _check_ship(record: Record, body: Body) -> None:
    posting = record.body
    if posting["integration_type_flow"] == Flow.FBP:
        raise bad_request("SHIP_FBP_POSTINGS_IS_FORBIDDEN")
    if posting["status"] != "awaiting_packaging":
        raise bad_request(_CANNOT_SHIP.get(posting["status"], "HAS_INCORRECT_STATUS"))
    if not _CAN_SHIP.intersection(posting["available_actions"]):
        raise bad_request("TRANSITION_IS_NOT_POSSIBLE")
    if any(posting["requirements"].values()):
        raise bad_request("EXEMPLAR_INFO_NOT_FILLED_COMPLETELY")
    if posting["is_multibox"] and posting["multi_box_qty"] < 1:
        raise bad_request("MULTI_BOX_QTY_IS_NOT_SET")
    if too_heavy(posting):
        raise bad_request("INCORRECT_OVH_FOR_POSTING")
    if _packed(body) != {product["sku"]: product["quantity"] for product in posting["products"]}:
        raise bad_request("HAS_INCORRECT_PRODUCT_QUANTITY")


def too_heavy(posting: Body) -> bool:
    """Whether it weighs more than its drop-off point takes (grams)."""
    most = posting.get("_restrictions", {}).get("max_posting_weight")
    return most is not None and sum(p["weight"] * 1000 * p["quantity"] for p in posting["products"]) > most


def _packed(body: Body) -> dict[int, int]:
    """How many of each SKU are in the packages. One package only: splitting is not supported."""
    packages = rows(body, "packages")
    if len(packages) != 1:
        raise bad_request("HAS_INCORRECT_PRODUCT_QUANTITY")
    products = rows(packages[0], "products")
    return {integer(p.get("product_id"), "product_id"): integer(p.get("quantity"), "quantity") for p in products}


def _shipped(product: Body) -> Body:
    kept: dict[str, Any] = {key: product[key] for key in ("sku", "offer_id", "name", "quantity")}
    price = product["price"]
    return merged(kept, {"price": price["amount"], "currency_code": price["currency"], "mandatory_mark": []})


def _then(call: Call, record: Record, *, minutes: float, change: Body) -> None:
    call.world.later(At(minutes=minutes, posting=record.number, change=change))
