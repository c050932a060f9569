"""The JSON of one posting in the shape of the unfulfilled list, with the places that differ left open."""

import json
from typing import Any

_WANTED = ("gtd", "country", "mandatory_mark", "rnpt", "jw_uin", "imei", "weight", "change_country")
_WAREHOUSE_ID = "<102000100%(warehouse)04d>"


def _money(rubles: str) -> dict[str, str]:
    return {"amount": rubles + ".%(cents)02d", "currency": "CNY"}


def _product(name: str, sku: str) -> dict[str, Any]:
    return {
        "sku": f"<{sku}>",
        "offer_id": "SZ-%(offer)06d",
        "name": name,
        "quantity": 1,
        "price": _money("184"),
        "imei": [],
        "weight": 0.35,
        "product_color": "",
        "is_blr_traceable": False,
        "is_marketplace_buyout": False,
    }


def _step(until: str, rate: int) -> dict[str, Any]:
    return {
        "tariff_type": "fine",
        "tariff_rate": rate,
        "tariff_charge": _money("12"),
        "min_charge": _money("3"),
        "tariff_deadline_at": until,
    }


_POSTING: dict[str, Any] = {
    "posting_number": "%(number)s",
    "order_id": "<%(order_id)d>",
    "order_number": "%(order)s",
    "parent_posting_number": "",
    "status": "%(status)s",
    "substatus": "%(substatus)s",
    "integration_type_flow": "aggregator",
    "tpl_integration_type": "aggregator",
    "delivery_schema": "crossborder",
    "in_process_at": "%(ordered)s",
    "shipment_date": "%(cutoff)s",
    "shipment_date_without_delay": "%(hard_cutoff)s",
    "delivering_date": None,
    "tracking_number": "%(tracking)s",
    "scanit": "ii%(luck)d",
    "delivery_method": {
        "id": "<1020000%(method)04d>",
        "name": "%(carrier)s, %(method)d, доставка до пункта выдачи",
        "warehouse_id": _WAREHOUSE_ID,
        "warehouse": "Шэньчжэнь %(warehouse)d",
        "tpl_provider_id": 31,
        "tpl_provider": "%(carrier)s",
    },
    "available_actions": ["<%(actions)s>"],
    "requirements": {f"products_requiring_{what}": [] for what in _WANTED},
    "optional": {"products_with_possible_mandatory_mark": []},
    "products": [_product("%(goods)s", "%(sku)d"), _product("%(other)s, %(offer)d", "%(order_id)d")],
    "cancellation": {
        "cancel_reason_id": 0,
        "cancel_reason": "",
        "cancellation_type": "",
        "cancelled_after_ship": False,
        "affect_cancellation_rating": False,
        "cancellation_initiator": "",
    },
    "barcodes": {"upper_barcode": "%%101%%%(luck)d", "lower_barcode": "%(luck)d"},
    "customer": None,
    "addressee": None,
    "analytics_data": {
        "region": "",
        "city": "%(town)s",
        "delivery_type": "PVZ",
        "is_premium": False,
        "payment_type_group_name": "Карты",
        "warehouse_id": _WAREHOUSE_ID,
        "warehouse": "Шэньчжэнь %(warehouse)d",
        "tpl_provider_id": 31,
        "tpl_provider": "%(carrier)s",
        "delivery_date_begin": "%(later)s",
        "delivery_date_end": "%(much_later)s",
        "is_legal": False,
    },
    "tariffication_steps": [_step("%(cutoff)s", 0), _step("%(soon)s", 5)],
    "is_express": False,
    "is_multibox": False,
    "multi_box_qty": 0,
    "is_click_and_collect": False,
    "require_blr_traceable_attrs": False,
}

# What stands in <> becomes a bare value: a number, or a list of words.
TEMPLATE = json.dumps(_POSTING, ensure_ascii=False, separators=(",", ":")).replace('"<', "").replace('>"', "")
"""To be filled with `%`; see world.py for the names."""
