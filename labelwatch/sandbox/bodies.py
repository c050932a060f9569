"""Posting bodies as the v4 lists give them: one builder with sensible values for every flow.

A key that begins with an underscore is not part of the lists; it sets how other methods answer about the posting:
`_detail` (merged into /v3/posting/fbs/get), `_label` (see labels.py), `_restrictions`, `_exemplars`, and `_ship`:
the changes after its assembly as (minutes, change) in order.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from labelwatch.sandbox.shops import SELLER_DELIVERS, Body, Flow, Method, stamp

FOR_EVER = "9999-12-31T23:59:59.999999900Z"
LABEL_ACTIONS = ("label_download", "label_download_small")

# Invented buyers, rFBS only. Each personal value contains one of these, so that tests can search for leaks.
CANARIES = ("Канарейкин", "kanareika", "+7000555", "Канареечная")
_FIRST_NAMES = ("Образец", "Пример", "Вымысел", "Небылица", "Макет", "Муляж")

SUBSTATUS = {
    "awaiting_verification": "posting_created",
    "awaiting_approve": "posting_created",
    "acceptance_in_progress": "posting_acceptance_in_progress",
    "awaiting_packaging": "posting_created",
    "awaiting_registration": "posting_awaiting_registration",
    "awaiting_deliver": "posting_transferring_to_delivery",
    "arbitration": "posting_in_arbitration",
    "client_arbitration": "posting_in_client_arbitration",
    "delivering": "posting_on_way_to_city",
    "driver_pickup": "posting_driver_pick_up",
    "delivered": "posting_received",
    "not_accepted": "posting_not_in_sort_center",
    "cancelled": "posting_canceled",
    "cancelled_from_split_pending": "posting_canceled",
}
_ACTIONS = {
    "awaiting_packaging": ("cancel", "product_cancel", "ship", "ship_async"),
    "awaiting_registration": ("cancel",),
    "awaiting_deliver": ("cancel", "has_barcode_for_printing"),
    "arbitration": ("arbitration", "awaiting_delivery"),
}
_REQUIREMENTS = ("gtd", "country", "mandatory_mark", "rnpt", "jw_uin", "change_country", "imei", "weight")


@dataclass(frozen=True, slots=True)
class Product:
    """A thing on sale: price in the shop's currency, weight in grams."""

    sku: int
    offer_id: str
    name: str
    price: int
    weight: int
    color: str = ""


GOODS = (
    Product(1904410001, "TD-PLED-140", "Плед вязаный «Северное утро», 140x200 см", 2490, 1350, "молочный"),
    Product(1904410002, "TD-LAMP-07", "Лампа настольная с тёплым светом", 1890, 980, "латунь"),
    Product(1904410003, "SS-HUB-7", "Хаб USB-C на семь портов, алюминий", 1490, 160, "серый"),
    Product(1904410004, "SS-DRONE-C", "Квадрокоптер складной с чехлом", 8990, 740, "чёрный"),
    Product(1904410005, "TD-TEA-500", "Чай листовой с чабрецом, 500 г", 760, 540),
    Product(1904410006, "SS-CASE-15", "Чехол силиконовый для телефона", 390, 45, "синий"),
)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> Body:
    """Base with the change merged into it, dictionaries key by key, all else replaced. Neither is modified."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def state(flow: Flow, status: str, *, substatus: str = "", label: bool = False) -> Body:
    """Status, substatus and the actions that go with them: the change when a posting moves on."""
    return {
        "status": status,
        "substatus": substatus or SUBSTATUS.get(status, ""),
        "available_actions": [*_actions(flow, status), *(LABEL_ACTIONS if label else ())],
    }


def _actions(flow: Flow, status: str) -> Iterator[str]:
    yield from _ACTIONS.get(status, ())
    if flow in SELLER_DELIVERS and status == "awaiting_deliver":
        yield from ("can_create_chat", "non_int_delivering", "set_track_number")


def needs(kind: str, *skus: int) -> Body:
    """The change that makes a posting wait for something about its products: gtd, country, mandatory_mark ..."""
    if kind not in _REQUIREMENTS:
        raise ValueError(f"no such requirement: {kind}; there are {', '.join(_REQUIREMENTS)}")
    return {"requirements": {f"products_requiring_{kind}": [str(sku) for sku in skus]}}


def posting(  # noqa: PLR0913 - whatever a scenario wants to differ
    number: str,
    *,
    method: Method,
    at: datetime,
    cutoff: datetime,
    status: str = "awaiting_packaging",
    label: bool = False,
    currency: str = "RUB",
    product: Product | None = None,
    change: Mapping[str, Any] | None = None,
) -> Body:
    """A posting that came `at` and must be assembled before `cutoff`; `change` is merged into the result."""
    seed = zlib.crc32(number.encode())
    product = product or GOODS[seed % len(GOODS)]
    body = {
        **_identity(number),
        **state(method.flow, status, label=label),
        **_carriage(method),
        **_times(at, cutoff=cutoff),
        **_contents(product, currency=currency),
        **_buyer(method.flow, seed=seed),
        **_tariffs(method, at=at, currency=currency),
        **_analytics(method, cutoff),
        **_RARELY_SAYING,
    }
    return merged(body, change or {})


def order_number(number: str) -> str:
    """The order a posting belongs to: its number without the last part."""
    return number.rsplit("-", 1)[0]


def _identity(number: str) -> Body:
    order = order_number(number)
    code = zlib.crc32(number.encode())
    return {
        "posting_number": number,
        "order_id": 30_000_000_000 + zlib.crc32(order.encode()),
        "order_number": order,
        "parent_posting_number": "",
        "tracking_number": "",
        "scanit": f"ii{code:011d}",
        "barcodes": {"upper_barcode": f"%101%{code}", "lower_barcode": f"2{code:011d}"},
    }


def _carriage(method: Method) -> Body:
    warehouse = method.warehouse
    return {
        "delivery_method": {
            "id": method.id,
            "name": method.name,
            "warehouse_id": warehouse.id,
            "warehouse": warehouse.name,
            "tpl_provider_id": method.carrier_id,
            "tpl_provider": method.carrier,
        },
        "tpl_integration_type": method.integration,
        "integration_type_flow": method.flow.value,
        "delivery_schema": "Crossborder" if method.crossborder else "FBS",
        "is_click_and_collect": method.flow is Flow.CLICK_AND_COLLECT,
        "sorting_center": {"code": "SC-01", "name": "Северный"} if method.flow is Flow.HYBRID_TRACKING else None,
    }


def _times(at: datetime, *, cutoff: datetime) -> Body:
    return {
        "in_process_at": stamp(at),
        "shipment_date": stamp(cutoff),
        "shipment_date_without_delay": stamp(cutoff),
        "delivering_date": None,
        "pickup_code_verified_at": None,
    }


def _contents(product: Product, *, currency: str) -> Body:
    price = {"amount": f"{product.price}.00", "currency": currency}
    return {
        "products": [
            {
                "sku": product.sku,
                "offer_id": product.offer_id,
                "name": product.name,
                "quantity": 1,
                "price": price,
                "imei": [],
                "weight": product.weight / 1000,
                "product_color": product.color,
                "is_blr_traceable": False,
                "is_marketplace_buyout": False,
            }
        ],
        "financial_data": _finances(product, price),
        "volume_weight": product.weight / 1000,
    }


def _finances(product: Product, price: Body) -> Body:
    return {
        "cluster_from": "Москва, МО и Дальние регионы",
        "cluster_to": "Урал",
        "products": [
            {
                "product_id": product.sku,
                "quantity": 1,
                "price": product.price,
                "old_price": product.price + 300,
                "payout": 0,
                "customer_price": price,
                "actions": [],
                "commission": {"amount": 0, "percent": 0, "currency": price["currency"]},
                "total_discount_percent": 0,
                "total_discount_value": 300,
            }
        ],
    }


def _buyer(flow: Flow, *, seed: int) -> Body:
    """Nobody for Ozon's own delivery (the buyer is masked there), an invented person if the seller delivers."""
    if flow in (Flow.OZON, Flow.FBP):
        return {"customer": None, "addressee": None}
    first = _FIRST_NAMES[seed % len(_FIRST_NAMES)]
    name = f"{first} Канарейкин-{seed % 1000:03d}"
    address = {
        "country": "Россия",
        "region": "Пермский край",
        "city": "Пермь",
        "district": "",
        "address_tail": f"ул. Канареечная, д. {seed % 90 + 1}",
        "comment": "",
        "zip_code": "614000",
        "latitude": 58.01,
        "longitude": 56.25,
        "provider_pvz_code": "",
        "pvz_code": 0,
    }
    contact = {"phone": f"+7000555{seed % 10000:04d}", "customer_email": f"kanareika-{seed % 1000}@example.invalid"}
    return {
        "customer": {"customer_id": 70_000_000 + seed % 999_983, "name": name, **contact, "address": address},
        "addressee": {"name": name},
    }


def _tariffs(method: Method, *, at: datetime, currency: str) -> Body:
    """What lateness costs; Ozon's own delivery only."""
    if method.flow is not Flow.OZON:
        return {"tariffication": None, "tariffication_steps": []}
    steps = [_step(hours, amount, at=at, currency=currency) for hours, amount in ((24, 0), (36, 50))]
    last = merged(_step(0, 100, at=at, currency=currency), {"tariff_deadline_at": FOR_EVER})
    return {
        "tariffication": {
            "current_tariff_rate": 0,
            "current_tariff_type": "no_discount",
            "current_tariff_charge": {"amount": "0", "currency": currency},
            "current_tariff_min_charge": None,
            "next_tariff_rate": 1,
            "next_tariff_type": "commission",
            "next_tariff_charge": {"amount": "50", "currency": currency},
            "next_tariff_min_charge": {"amount": "50", "currency": currency},
            "next_tariff_starts_at": stamp(at + timedelta(hours=24)),
        },
        "tariffication_steps": [*steps, last],
    }


def _step(hours: int, amount: int, *, at: datetime, currency: str) -> Body:
    charge = {"amount": str(amount), "currency": currency}
    return {
        "tariff_deadline_at": stamp(at + timedelta(hours=hours)),
        "tariff_rate": amount // 50,
        "tariff_type": "commission" if amount else "no_discount",
        "tariff_charge": charge,
        "min_charge": charge if amount else None,
    }


def _analytics(method: Method, cutoff: datetime) -> Body:
    return {
        "analytics_data": {
            "region": "",
            "city": "",
            "delivery_type": "PVZ",
            "is_premium": False,
            "is_legal": False,
            "payment_type_group_name": "Банковская карта",
            "warehouse_id": method.warehouse.id,
            "warehouse": method.warehouse.name,
            "tpl_provider_id": method.carrier_id,
            "tpl_provider": method.carrier,
            "delivery_date_begin": stamp(cutoff + timedelta(days=3)),
            "delivery_date_end": stamp(cutoff + timedelta(days=4)),
            "client_delivery_date_begin": None,
            "client_delivery_date_end": None,
        }
    }


_RARELY_SAYING: Body = {
    "requirements": {f"products_requiring_{kind}": [] for kind in _REQUIREMENTS},
    "optional": {"products_with_possible_mandatory_mark": []},
    "cancellation": {
        "cancel_reason_id": 0,
        "cancel_reason": "",
        "cancellation_type": "",
        "cancellation_initiator": "",
        "cancelled_after_ship": False,
        "affect_cancellation_rating": False,
    },
    "legal_info": {"company_name": "", "inn": "", "kpp": ""},
    "external_order": {"is_external": False, "platform_name": ""},
    "is_express": False,
    "is_multibox": False,
    "multi_box_qty": 1,
    "is_presortable": False,
    "require_blr_traceable_attrs": False,
    "prr_option": "",
    "destination_place_id": 0,
    "destination_place_name": "",
    "quantum_id": 0,
    "container": None,
    "container_sort_type": "sort",
}
