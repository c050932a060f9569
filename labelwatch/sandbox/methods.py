"""The supported methods and their answers; all others are unknown or switched off."""

from collections.abc import Callable, Mapping
from typing import Any

from labelwatch.sandbox import actions, error_index, lists
from labelwatch.sandbox.call import Call
from labelwatch.sandbox.detail import detail
from labelwatch.sandbox.http import bad_request, integer, section
from labelwatch.sandbox.shops import Body, method_row, stamp, warehouse_row

_LIMITS = {
    "max_posting_weight": 25000,
    "min_posting_weight": 0,
    "width": 100,
    "length": 120,
    "height": 100,
    "max_posting_price": 500000,
    "min_posting_price": 0,
}


def _unfulfilled(call: Call) -> bytes:
    return lists.unfulfilled(call.index, call.body)


def _list(call: Call) -> bytes:
    return lists.all_postings(call.index, call.body)


def _get(call: Call) -> Body:
    record = call.record()
    wanted = section(call.body, "with")
    return {"result": detail(record.body, previous_substatus=record.previous_substatus, wanted=wanted)}


def _restrictions(call: Call) -> Body:
    body = call.record().body
    return {"result": {"posting_number": body["posting_number"], **_LIMITS, **body.get("_restrictions", {})}}


def _exemplars(call: Call) -> Body:
    body = call.record().body
    open_ones = {sku for skus in body["requirements"].values() for sku in skus}
    answer = {
        "posting_number": body["posting_number"],
        "status": "ship_not_available" if open_ones else "ship_available",
        "products": [_exemplar(p["sku"], checked=str(p["sku"]) not in open_ones) for p in body["products"]],
    }
    return {**answer, **body.get("_exemplars", {})}


def _exemplar(sku: int, *, checked: bool) -> Body:
    status = "passed" if checked else "failed"
    blank: Body = {"gtd": "", "rnpt": "", "weight": 0}
    checks = {f"{name}_check_status": status for name in blank}
    errors: Body = {f"{name}_error_codes": [] for name in blank}
    flags = {"is_gtd_absent": False, "is_rnpt_absent": True}
    return {
        "product_id": sku,
        "exemplars": [{"exemplar_id": sku * 10, "marks": [], **flags, **blank, **checks, **errors}],
    }


def _methods(call: Call) -> Body:
    """The rFBS methods only; plain FBS ones have their warehouse's id and are in no list."""
    asked = section(call.body, "filter")
    rows = [
        method_row(method) for method in call.world.methods[call.shop.client_id].values() if method.warehouse.is_rfbs
    ]
    for field, name in (
        ("id", "delivery_method_ids"),
        ("provider_id", "provider_ids"),
        ("warehouse_id", "warehouse_ids"),
        ("status", "status"),
    ):
        rows = _chosen(rows, field, wanted=asked.get(name))
    return _slice(call.body, "delivery_methods", rows=rows, most=100)


def _warehouses(call: Call) -> Body:
    rows = [warehouse_row(house) for house in call.world.warehouses[call.shop.client_id].values()]
    return _slice(
        call.body, "warehouses", rows=_chosen(rows, "warehouse_id", wanted=call.body.get("warehouse_ids")), most=200
    )


def _chosen(rows: list[Body], field: str, *, wanted: Any) -> list[Body]:
    if not isinstance(wanted or [], list):
        raise bad_request(f"invalid {field}: value must be a list")
    texts = {str(value) for value in wanted or ()}
    return [row for row in rows if not texts or str(row[field]) in texts]


def _slice(body: Body, name: str, *, rows: list[Body], most: int) -> Body:
    """A page whose cursor is an offset."""
    limit, start = integer(body.get("limit") or 0, "limit"), integer(body.get("cursor") or 0, "cursor")
    if not 1 <= limit <= most:
        raise bad_request(f"invalid limit: value must be inside range [1, {most}]")
    more = start + limit < len(rows)
    return {name: rows[start : start + limit], "has_next": more, "cursor": str(start + limit) if more else ""}


def _roles(call: Call) -> Body:
    expires = call.shop.key_expires_at
    return {
        "expires_at": stamp(expires) if expires else None,
        "roles": [{"name": role.name, "methods": list(role.methods)} for role in call.shop.roles],
    }


def _seller(call: Call) -> Body:
    shop = call.shop
    return {
        "company": {
            "name": shop.name,
            "legal_name": shop.legal_name,
            "country": shop.country,
            "currency": shop.currency,
            "inn": "",
            "ogrn": "",
            "ownership_form": "",
            "tax_system": "UNSPECIFIED",
        },
        "ratings": [],
        "subscription": {"is_premium": False, "type": "UNSPECIFIED"},
    }


METHODS: Mapping[str, Callable[[Call], Body | bytes]] = {
    "/v4/posting/fbs/unfulfilled/list": _unfulfilled,
    "/v4/posting/fbs/list": _list,
    "/v3/posting/fbs/get": _get,
    "/v3/posting/fbs/package-label/create": lambda call: call.delivery.create(call.shop, call.body),
    "/v2/posting/fbs/package-label/get": lambda call: call.delivery.get(call.shop, call.body),
    "/v2/delivery-method/list": _methods,
    "/v2/warehouse/list": _warehouses,
    "/v1/posting/fbs/restrictions": _restrictions,
    "/v5/fbs/posting/product/exemplar/status": _exemplars,
    "/v1/roles": _roles,
    "/v1/seller/info": _seller,
    "/v1/rating/index/fbs/info": error_index.info,
    "/v1/rating/index/fbs/posting/list": error_index.postings,
    "/v4/posting/fbs/ship": actions.ship,
    "/v3/posting/multiboxqty/set": actions.set_boxes,
    "/v1/posting/cutoff/set": actions.set_cutoff,
    "/v2/fbs/posting/tracking-number/set": actions.set_tracking,
}
