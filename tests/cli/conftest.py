"""Places with late postings: a fresh one for each test, and one that was polled for tests that only look."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from labelwatch.sandbox import World
from labelwatch.sandbox.scenarios import causes
from labelwatch.sandbox.scenarios.stage import AURORA, OZON, arrival, both_shops, packed
from tests.support.place import Place, now, place_for

LATE = "70000001-0001-1"
FINE = "70000002-0002-1"


def one_late() -> World:
    """A posting that nobody packs, two hours before its cutoff, and one that has its label."""
    world = both_shops(start := now())
    world.plan(
        arrival(start, LATE, method=OZON, minutes=-600, cutoff=timedelta(hours=2)),
        arrival(start, FINE, method=AURORA, minutes=-60, cutoff=timedelta(hours=31)),
        *packed(-30, FINE, method=AURORA),
    )
    return world


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_for(one_late(), tmp_path, in_process=True) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Every cause there is, read once and told."""
    with place_for(causes(now()), tmp_path_factory.mktemp("seen"), in_process=True) as polled:
        assert polled.run("poll").code == 1
        yield polled
