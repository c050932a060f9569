"""Every method of Ozon's that labelwatch calls, and which of these Ozon switches off."""

from collections.abc import Mapping
from datetime import date

from labelwatch.core.retirements import retiring
from labelwatch.sources.ozon import client, enrichment, error_index, shop_info

USED = enrichment.PATHS | {
    client.UNFULFILLED,
    client.LISTED,
    client.ROLES,
    shop_info.COMPANY,
    error_index.INDEX,
    error_index.CHARGED,
}


def retiring_methods() -> Mapping[str, date]:
    """Methods that labelwatch calls and Ozon switches off -> when."""
    return retiring(USED)
