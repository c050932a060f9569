"""Named scenarios: each is a function from a start to a world with its timeline."""

from collections.abc import Callable, Mapping
from datetime import datetime

from labelwatch.sandbox.scenarios.blind import blind
from labelwatch.sandbox.scenarios.causes import causes
from labelwatch.sandbox.scenarios.day import day
from labelwatch.sandbox.scenarios.incidents import carrier_incident, platform_incident, shop_incident
from labelwatch.sandbox.scenarios.past import always_labelled, never_labelled
from labelwatch.sandbox.scenarios.plain import many, quiet
from labelwatch.sandbox.world import World

NAMES: Mapping[str, Callable[[datetime], World]] = {
    "day": day,
    "causes": causes,
    "carrier_incident": carrier_incident,
    "platform_incident": platform_incident,
    "shop_incident": shop_incident,
    "never_labelled": never_labelled,
    "always_labelled": always_labelled,
    "blind": blind,
    "quiet": quiet,
    "many": many,
}


def build(name: str, start: datetime) -> World:
    """The world of a scenario; `many:500` asks for another number of postings. ValueError for an unknown name."""
    plain, _, number = name.partition(":")
    if plain not in NAMES or (number and plain != "many"):
        raise ValueError(f"no such scenario: {name}; there are {', '.join(NAMES)}")
    return many(start, int(number)) if number else NAMES[plain](start)


__all__ = [
    "NAMES",
    "always_labelled",
    "blind",
    "build",
    "carrier_incident",
    "causes",
    "day",
    "many",
    "never_labelled",
    "platform_incident",
    "quiet",
    "shop_incident",
]
