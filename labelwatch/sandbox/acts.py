"""What a seller does through the API: assemble, count boxes, move the date, enter a tracking number."""

from datetime import datetime
from typing import Any

from labelwatch.sandbox.bodies import merged, state
from labelwatch.sandbox.call import Call
from labelwatch.sandbox.shelf import Record
from labelwatch.sandbox.shops import REGISTERED_BY_CARRIER, SELLER_DELIVERS, Body, Flow, stamp
from labelwatch.sandbox.wire import bad_request, integer, rows, section
from labelwatch.sandbox.world import At

MOST_TRACKING_NUMBERS = 20
# How long Ozon and the carriers take when somebody plays by hand, in minutes.
LABEL_AFTER = 50 / 60
REGISTRATION_TAKES = 5.0
_CANNOT_SHIP = {
    "cancelled": "POSTING_ALREADY_CANCELLED",
    "awaiting_deliver": "POSTING_ALREADY_SHIPPED",
    "awaiting_registration": "HAS_INCORRECT_STATUS",
}


def ship(call: Call) -> Body:
    """/v4/posting/fbs/ship: the posting goes its way, at once or after the carrier has registered it."""
    record = call.record()
    _check_ship(record, call.body)
    flow, takes = Flow(record.body["integration_type_flow"]), 0.0
    ready = state(flow, "awaiting_deliver")
    if flow in REGISTERED_BY_CARRIER:
        takes = REGISTRATION_TAKES
        call.world.change(record.number, state(flow, "awaiting_registration"))
        _then(call, record, minutes=takes, change={**ready, "tracking_number": f"SB{record.serial}RU"})
    else:
        call.world.change(record.number, ready)
    if prints(record.body):
        labelled = state(flow, "awaiting_deliver", label=True)
        _then(call, record, minutes=takes + LABEL_AFTER, change=labelled)
    told = [{"posting_number": record.number, "products": [_shipped(p) for p in record.body["products"]]}]
    wanted = section(call.body, "with").get("additional_data")
    return {"result": [record.number], "additional_data": told if wanted else []}


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
    """/v1/posting/cutoff/set: only where the seller may choose the date, and not after the date he has."""
    record = call.record()
    if "set_cutoff" not in record.body["available_actions"]:
        raise bad_request("TRANSITION_IS_NOT_POSSIBLE")
    try:
        moment = datetime.fromisoformat(str(call.body.get("new_cutoff_date")))
    except ValueError:
        raise bad_request("invalid new_cutoff_date: value must be RFC 3339") from None
    if call.world.now > datetime.fromisoformat(record.body["shipment_date"]):
        raise bad_request("TRANSITION_IS_NOT_POSSIBLE")
    actions = [action for action in record.body["available_actions"] if action != "set_cutoff"]
    call.world.change(record.number, {"shipment_date": stamp(moment), "available_actions": actions})
    return {"result": True}


def set_tracking(call: Call) -> Body:
    """/v2/fbs/posting/tracking-number/set: each row succeeds or fails alone."""
    pairs = rows(call.body, "tracking_numbers")
    if not 1 <= len(pairs) <= MOST_TRACKING_NUMBERS:
        raise bad_request(f"invalid tracking_numbers: there must be between 1 and {MOST_TRACKING_NUMBERS}")
    return {"result": [_set_one(call, row) for row in pairs]}


def _set_one(call: Call, row: Body) -> Body:
    number = str(row.get("posting_number", ""))
    record = call.shelf.records.get(number)
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
    if any(posting["requirements"].values()):
        raise bad_request("EXEMPLAR_INFO_NOT_FILLED_COMPLETELY")
    if too_heavy(posting):
        raise bad_request("INCORRECT_OVH_FOR_POSTING")
    if _packed(body) != {product["sku"]: product["quantity"] for product in posting["products"]}:
        raise bad_request("HAS_INCORRECT_PRODUCT_QUANTITY")


def too_heavy(posting: Body) -> bool:
    """Whether it weighs more than its drop-off point takes (grams)."""
    most = posting.get("_restrictions", {}).get("max_posting_weight")
    return most is not None and sum(p["weight"] * 1000 * p["quantity"] for p in posting["products"]) > most


def _packed(body: Body) -> dict[int, int]:
    """How many of each SKU are in the packages. One package only: splitting is beyond this sandbox."""
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
