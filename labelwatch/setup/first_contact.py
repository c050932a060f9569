"""First requests to a shop at Ozon: whether its key works, and what there is to watch."""

import threading
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice

from pydantic import SecretStr

from labelwatch.config import Config, Ozon, Shop
from labelwatch.core.lateness import OWN_CARRIER_FLOWS
from labelwatch.service.clock import real_clock
from labelwatch.service.shop_sources import open_source
from labelwatch.sources import KeyInfo
from labelwatch.sources.ozon.client import OzonSource
from labelwatch.sources.ozon.shop_info import Company, ShopDeliveryMethod

PATIENCE = timedelta(seconds=20)
"""Timeout of one request: a user is waiting."""


class Label(StrEnum):
    """Whether Ozon prints labels for a delivery method."""

    ALWAYS = "always"
    AFTER_REGISTRATION = "after_registration"
    PERHAPS = "perhaps"
    """Not documented by Ozon; the first label will show it."""
    NEVER = "never"
    """The seller's carrier prints it, and Ozon wants the tracking number."""


_NO_LABEL = OWN_CARRIER_FLOWS | {"click_and_collect", "fbp"}
_REGISTERED = frozenset({"aggregator", "hybrid", "hybryd", "hybrid_aggregator"})


@dataclass(frozen=True, slots=True)
class Met:
    """What a working key shows; `is_more`: `postings` fill a whole page and more may follow."""

    key: KeyInfo
    company: Company
    postings: int
    is_more: bool
    ways: tuple[ShopDeliveryMethod, ...] | None
    """None = the key may not list the delivery methods."""


def meet(client_id: str, api_key: str, *, base_url: str) -> Met:
    """Request everything that the wizard shows, a few requests in all; raises SourceError."""
    settings = Config(ozon=Ozon(base_url=base_url, timeout=PATIENCE))
    shop = Shop(name=client_id, client_id=client_id, api_key=SecretStr(api_key))
    source = open_source(settings, shop, real_clock(threading.Event()))
    assert isinstance(source, OzonSource)
    try:
        key = source.key_info()
        page = next(islice(source.sweep(), 1), ())
        shown = source.introduce()
    finally:
        source.close()
    return Met(key, shown.company, len(page), len(page) >= 100, shown.ways)


def label_of(way: ShopDeliveryMethod, *, currency: str) -> Label:
    """What to expect of a delivery method by its flow; of the integrated services those abroad give labels."""
    flow = way.flow.lower()
    if flow in _NO_LABEL:
        return Label.NEVER
    if flow in _REGISTERED:
        return Label.AFTER_REGISTRATION
    if flow == "3pl_tracking" and currency in ("RUB", ""):
        return Label.PERHAPS
    return Label.ALWAYS if flow in ("ozon", "3pl_tracking", "hybrid_3pl_tracking") else Label.PERHAPS
