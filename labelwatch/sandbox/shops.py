"""A shop of the sandbox: its key, its warehouses and its delivery methods."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Body = dict[str, Any]

OPENED = datetime(2025, 9, 1, 6, 0, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`, whole seconds, as Ozon writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Flow(StrEnum):
    """Who integrates with the carrier; `integration_type_flow` of a posting."""

    OZON = "ozon"
    AGGREGATOR = "aggregator"
    TRACKING = "3pl_tracking"
    NON_INTEGRATED = "non_integrated"
    HYBRID = "hybrid"
    HYBRID_AGGREGATOR = "hybrid_aggregator"
    HYBRID_NON_INTEGRATED = "hybrid_non_integrated"
    HYBRID_TRACKING = "hybrid_3pl_tracking"
    CLICK_AND_COLLECT = "click_and_collect"
    FBP = "FBP"


# Postings know fewer integration types than flows, and spell the hybrid one with a y.
INTEGRATION = {
    Flow.OZON: "ozon",
    Flow.AGGREGATOR: "aggregator",
    Flow.TRACKING: "3pl_tracking",
    Flow.NON_INTEGRATED: "non_integrated",
    Flow.CLICK_AND_COLLECT: "non_integrated",
    Flow.FBP: "ozon",
}
REGISTERED_BY_CARRIER = frozenset({Flow.AGGREGATOR, Flow.HYBRID_AGGREGATOR, Flow.HYBRID})
SELLER_DELIVERS = frozenset({Flow.NON_INTEGRATED, Flow.HYBRID_NON_INTEGRATED})


class KeyState(StrEnum):
    """The state at Ozon of a key that is otherwise right."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    IP_RESTRICTED = "ip_restricted"
    OFFER_NOT_SIGNED = "offer_not_signed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a key: its name in the cabinet and the prefixes of the paths it allows."""

    name: str
    methods: tuple[str, ...]

    def opens(self, path: str) -> bool:
        return path.startswith(self.methods)


ADMIN = Role("Admin", ("/",))
POSTINGS = Role(
    "Posting FBS",
    ("/v1/posting", "/v2/posting", "/v3/posting", "/v4/posting", "/v2/fbs/posting", "/v5/fbs/posting"),
)
WAREHOUSES = Role("Warehouse", ("/v2/warehouse", "/v2/delivery-method"))
RATINGS = Role("Rating", ("/v1/rating",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A seller's cabinet and its key. A key past `key_expires_at` answers as a deactivated one."""

    client_id: str
    api_key: str
    name: str
    legal_name: str
    currency: str = "RUB"
    country: str = "RU"
    key_expires_at: datetime | None = None
    key_state: KeyState = KeyState.ACTIVE
    roles: tuple[Role, ...] = (ADMIN,)
    index_days: tuple[float, ...] = ()
    """The error index of the last days, today's at the end; without any it is 0."""
    errors: tuple[Body, ...] = ()
    """What the orders are that moved it, as Ozon lists them; `error_at` decides in which period."""


def error_row(number: str, *, at: datetime, cost: float, kind: str = "SELLER_DELAY") -> Body:
    """One row of /v1/rating/index/fbs/posting/list."""
    return {
        "posting_number": number,
        "posting_error_type": kind,
        "error_at": stamp(at),
        "charge_percent": 3,
        "charge_price": cost,
        "charge_price_currency_code": "RUB",
        "delivery_schema": "rFBS",
        "has_grace_status": False,
        "index": 1,
        "product_price": 1890,
        "product_price_currency_code": "RUB",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """A warehouse; `status` created, new, disabled (archived), blocked, disabled_due_to_limit or error."""

    id: int
    name: str
    is_rfbs: bool = True
    status: str = "created"
    paused_at: datetime | None = None
    label_type: str = "SMALL"
    first_mile_is_changing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A delivery method; `status` NEW, EDITED, ACTIVE, DISABLED, WAITING or BROKEN."""

    id: int
    name: str
    carrier_id: int
    carrier: str
    warehouse: Warehouse
    flow: Flow
    status: str = "ACTIVE"
    crossborder: bool = False

    @property
    def integration(self) -> str:
        """`tpl_integration_type` as postings carry it."""
        return INTEGRATION.get(self.flow, "hybryd")


def method_row(method: Method) -> Body:
    """One row of /v2/delivery-method/list, where the hybrid type is spelled right."""
    return {
        "id": method.id,
        "name": method.name,
        "warehouse_id": method.warehouse.id,
        "provider_id": method.carrier_id,
        "template_id": method.carrier_id * 10,
        "status": method.status,
        "tpl_integration_type": method.integration.replace("hybryd", "hybrid"),
        "cutoff": "13:00",
        "sla_cut_in": 1440,
        "is_express": False,
        "tpl_dropoff_point": None,
        "created_at": stamp(OPENED),
        "updated_at": stamp(OPENED),
    }


def warehouse_row(warehouse: Warehouse) -> Body:
    """One row of /v2/warehouse/list."""
    return {
        "warehouse_id": warehouse.id,
        "name": warehouse.name,
        "status": warehouse.status,
        "is_rfbs": warehouse.is_rfbs,
        "pause_at": stamp(warehouse.paused_at) if warehouse.paused_at else None,
        "carriage_label_type": warehouse.label_type,
        "first_mile": {
            "type": "DROP_OFF",
            "dropoff_point_id": str(warehouse.id + 7),
            "first_mile_is_changing": warehouse.first_mile_is_changing,
            "timeslot_from": "10:00",
            "timeslot_id": 41,
            "timeslot_to": "18:00",
        },
        "postings_limit": -1,
        "min_postings_limit": 0,
        "has_postings_limit": False,
        "sla_cut_in": 1440,
        "cut_in_time": 780,
        "warehouse_type": "rfbs" if warehouse.is_rfbs else "fbs",
        "working_days": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"],
        "address_info": {"address": "", "latitude": 0, "longitude": 0, "utc": "UTC+03:00"},
        "is_auto_assembly": False,
        "is_comfort": False,
        "is_express": False,
        "is_kgt": False,
        "is_waybill_enabled": False,
        "has_entrusted_acceptance": False,
        "with_item_list": False,
        "created_at": stamp(OPENED),
        "updated_at": stamp(OPENED),
    }
