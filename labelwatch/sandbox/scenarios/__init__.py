"""Named scenarios: each is a function from a start to a world with its timeline."""

from collections.abc import Callable, Mapping
from datetime import datetime

from labelwatch.sandbox.scenarios.causes import blind, causes
from labelwatch.sandbox.scenarios.day import day
from labelwatch.sandbox.scenarios.plain import many, quiet
from labelwatch.sandbox.world import World

NAMES: Mapping[str, Callable[[datetime], World]] = {
    "day": day,
    "causes": causes,
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


__all__ = ["NAMES", "blind", "build", "causes", "day", "many", "quiet"]
