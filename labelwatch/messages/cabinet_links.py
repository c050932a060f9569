"""Links into the seller cabinet, and where to paste a letter."""

from urllib.parse import quote

from labelwatch.core.alert import Diagnosis
from labelwatch.core.subject import Channel, Database, Polls, PostingId
from labelwatch.messages.plain import plain

_CABINET = "https://seller.ozon.ru/app"
FBS_LINK = _CABINET + "/postings/fbs?postingDetails={number}"
CROSSBORDER_LINK = _CABINET + "/postings/crossborder/fbs?postingDetails={number}"
"""The seller cabinet of a shop abroad keeps its postings apart."""
KEYS_LINK = _CABINET + "/settings/api-keys"
WAREHOUSES_LINK = _CABINET + "/warehouse"
"""Warehouses, each with its delivery methods."""
SUPPORT_LINK = _CABINET + "/messenger?group=support_v2"
"""The chat with Ozon's support, the only way to contact it."""

_KEY_TROUBLES = frozenset({"key_rejected", "key_expired", "role_missing", "ip_not_allowed"})
_SETTINGS = frozenset(
    {
        "no_label_in_this_flow",
        "method_broken",
        "method_disabled",
        "method_never_labelled",
        "over_dropoff_limits",
        "shop_incident",
        "warehouse_archived",
        "warehouse_paused",
    }
)
"""Causes whose remedy is in the settings of the warehouse or of its delivery method."""


def link(diagnosis: Diagnosis) -> str:
    """The posting; for a shop that cannot be read, its API keys; else the cabinet; empty for what is our own."""
    match diagnosis.subject:
        case Channel() | Database() | Polls():
            return ""
        case PostingId(number=number):
            template = CROSSBORDER_LINK if _is_crossborder(diagnosis) else FBS_LINK
            return template.format(number=quote(plain(number), safe=""))
        case _:
            return KEYS_LINK if diagnosis.cause in _KEY_TROUBLES else _CABINET


def settings_link(diagnosis: Diagnosis) -> str:
    """The settings to look at, or nothing if they are not the cause."""
    return WAREHOUSES_LINK if diagnosis.cause in _SETTINGS else ""


def _is_crossborder(diagnosis: Diagnosis) -> bool:
    """By the schema; if Ozon names none, every flow but its own counts as one from abroad."""
    schema = diagnosis.schema.lower()
    return "crossborder" in schema or (not schema and diagnosis.flow not in ("ozon", ""))
