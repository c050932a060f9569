"""A shop whose labels are to be had, and a source whose rests are the only time that passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from labelwatch.sandbox import At, Fault, World
from labelwatch.sandbox.scenarios.stage import HOME, OZON
from labelwatch.sources.ozon.client import Access, OzonSource
from tests.support.sandbox_player import Play, playing, world_of

OURS, NEIGHBOUR, UNREADY, GONE = "41517061-0214-1", "41517061-0214-2", "41517062-0001-1", "41517063-0001-1"


@contextmanager
def at_work(world: World, *, timeout: float = 5) -> Iterator[tuple[Play, OzonSource]]:
    """A shop's source and its sandbox, whose clock goes on only while the source rests."""
    with playing(world) as play:
        source = OzonSource(
            Access(
                HOME.client_id,
                HOME.api_key,
                base_url=play.sandbox.base_url,
                requests_per_second=100_000,
                timeout=timedelta(seconds=timeout),
                user_agent="labelwatch-test",
                proxy="",
            ),
            clock=play.clock.now,
            sleep=lambda seconds: play.wait(seconds=seconds),
            jitter=lambda: 0.5,
        )
        try:
            yield play, source
        finally:
            source.close()


def index(label: dict[str, Any] | None = None, number: str = OURS, *faults: Fault) -> World:
    """Two postings of one order that offer their labels, one that does not yet, one that is gone; `number` is printed
    as `label` says."""
    world = world_of(
        (OURS, OZON, "awaiting_deliver", True),
        (NEIGHBOUR, OZON, "awaiting_deliver", True),
        (UNREADY, OZON, "awaiting_deliver", False),
        (GONE, OZON, "delivering", False),
    )
    world.plan(At(minutes=0, posting=number, change={"_label": label} if label else {}))
    world.plan(*(At(minutes=0, fault=fault) for fault in faults))
    return world
