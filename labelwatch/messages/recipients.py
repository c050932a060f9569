"""To whom a letter about each cause goes."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """To whom a letter goes."""

    SUPPORT = "support"
    CARRIER = "carrier"
    BUYER = "buyer"


SUPPORT, CARRIER, BUYER = Kind

KINDS: Mapping[str, tuple[Kind, ...]] = {
    "no_label_in_this_flow": (CARRIER,),
    "method_broken": (SUPPORT,),
    "method_disabled": (SUPPORT,),
    "warehouse_archived": (SUPPORT,),
    "warehouse_paused": (SUPPORT,),
    "over_dropoff_limits": (SUPPORT,),
    "method_never_labelled": (CARRIER, SUPPORT),
    "passport_data_missing": (BUYER, SUPPORT),
    "split_pending": (SUPPORT,),
    "arbitration": (SUPPORT,),
    "not_accepted": (SUPPORT,),
    "marking_missing": (SUPPORT,),
    "customs_number_missing": (SUPPORT,),
    "country_missing": (SUPPORT,),
    "other_requirement": (SUPPORT,),
    "recipient_incomplete": (BUYER, SUPPORT),
    "label_refused": (SUPPORT,),
    "unknown_state": (SUPPORT,),
    "assembly_failed": (SUPPORT,),
    "assembly_running": (SUPPORT,),
    "ozon_accepting": (SUPPORT,),
    "registration_declined": (CARRIER, SUPPORT),
    "registration_pending": (CARRIER, SUPPORT),
    "tracking_missing": (CARRIER, SUPPORT),
    "carrier_incident": (CARRIER, SUPPORT),
    "platform_incident": (SUPPORT,),
    "shop_incident": (SUPPORT,),
    "label_pending": (SUPPORT,),
    "label_overdue": (SUPPORT,),
    "unexplained": (SUPPORT,),
}
"""Who else has to act, by cause; the one to write to first comes first. For other causes nobody has to."""
