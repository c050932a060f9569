"""A configuration of ten thousand shops, each named in every list of shops, is checked in no time."""

import time
from typing import Any

from labelwatch.config.tables import Channel, Config, Shop
from labelwatch.config.together import contradictions

SHOPS = [f"shop {number:05}" for number in range(10_000)]
SECONDS = 0.5
"""Of CPU: less than half of what comparing each name with each of the others takes."""


def test_each_name_is_looked_for_in_no_time() -> None:
    document: dict[str, Any] = {
        "shop": [{"name": name, "client_id": name, "channels": ["all"]} for name in SHOPS],
        "channel": [{"name": "all", "shops": SHOPS}],
        "group": [{"name": "every", "shops": SHOPS, "channels": ["all"]}],
        "escalation": [{"left": "1h", "channel": "all", "shops": SHOPS}],
    }
    began = time.process_time()
    assert list(contradictions(document, None)) == []
    assert time.process_time() - began < SECONDS


def test_which_shops_a_channel_is_told_of_is_found_in_no_time() -> None:
    channel = Channel(name="all", url="json://127.0.0.1/x", shops=tuple(SHOPS[1:]))  # type: ignore[arg-type]
    shops = tuple(Shop(name=name, client_id="1", api_key="k", channels=("all",)) for name in SHOPS)  # type: ignore[arg-type]
    config = Config(shops=shops, channels=(channel,))
    began = time.process_time()
    assert config.destinations()[0].shops == frozenset(SHOPS[1:])
    assert time.process_time() - began < SECONDS
