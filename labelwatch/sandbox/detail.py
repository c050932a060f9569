"""A posting as /v3/posting/fbs/get returns it: the data of the lists, some with other types."""

from collections.abc import Mapping
from typing import Any

from labelwatch.sandbox.bodies import merged
from labelwatch.sandbox.shops import Body

_LISTS_ONLY = frozenset({"delivery_schema", "quantum_id", "volume_weight"})
_ON_REQUEST = ("analytics_data", "barcodes", "financial_data", "related_postings", "product_exemplars")


def detail(body: Body, *, previous_substatus: str, wanted: Mapping[str, Any]) -> Body:
    """The `result` of a get; `wanted` is the request's `with`."""
    plain = {key: value for key, value in body.items() if key[0] != "_" and key not in _LISTS_ONLY}
    answer = {
        **plain,
        "products": [_product(product) for product in body["products"]],
        "tariffication": _tariffication(body["tariffication"]),
        "financial_data": _finances(body["financial_data"]),
        "customer": _customer(body["customer"]),
        "prr_option": {"code": "", "price": "", "currency_code": "", "floor": ""},
        "previous_substatus": previous_substatus,
        "provider_status": "",
        "delivery_price": "",
        "fact_delivery_date": body["delivering_date"],
        "additional_data": [],
        "courier": None,
        "related_postings": {"related_posting_numbers": []},
        "related_weight_postings": [],
        "product_exemplars": {"products": [_exemplars(product) for product in body["products"]]},
    }
    hidden = {key: None for key in _ON_REQUEST if not wanted.get(key)}
    return merged({**answer, **hidden}, body.get("_detail", {}))


def _product(product: Body) -> Body:
    price = product["price"]
    return {
        **{key: product[key] for key in ("sku", "offer_id", "name", "quantity")},
        "price": f"{float(price['amount']):.4f}",
        "currency_code": price["currency"],
        "dimensions": {
            "height": "150.00",
            "length": "300.00",
            "width": "200.00",
            "weight": str(round(product["weight"] * 1000)),
        },
        "mandatory_mark": [],
        "jw_uin": [],
        "has_imei": bool(product["imei"]),
        "is_weight_needed": False,
        "weight_min": 0,
        "weight_max": product["weight"],
        "is_blr_traceable": product["is_blr_traceable"],
        "is_marketplace_buyout": product["is_marketplace_buyout"],
    }


def _tariffication(tariff: Body | None) -> Body | None:
    """Charges become text with a currency beside it."""
    if tariff is None:
        return None
    answer = {key: value for key, value in tariff.items() if "charge" not in key}
    for name in ("current_tariff_charge", "next_tariff_charge"):
        charge = tariff[name] or {"amount": "", "currency": ""}
        answer[name] = charge["amount"]
        answer[f"{name}_currency_code"] = charge["currency"]
    return answer


def _finances(finances: Body | None) -> Body | None:
    if finances is None:
        return None
    return {**finances, "products": [_finance(product) for product in finances["products"]]}


def _finance(product: Body) -> Body:
    commission, price = product["commission"], product["customer_price"]
    rest = {key: value for key, value in product.items() if key not in ("commission", "customer_price")}
    return {
        **rest,
        "customer_price": float(price["amount"]),
        "customer_currency_code": price["currency"],
        "currency_code": price["currency"],
        "commission_amount": commission["amount"],
        "commission_percent": commission["percent"],
        "commissions_currency_code": commission["currency"],
    }


def _customer(customer: Body | None) -> Body | None:
    return customer and {key: value for key, value in customer.items() if key != "customer_email"}


def _exemplars(product: Body) -> Body:
    return {
        "sku": product["sku"],
        "exemplars": [{"exemplar_id": product["sku"] * 10, "mandatory_mark": "", "gtd": "", "is_gtd_absent": False}],
    }
