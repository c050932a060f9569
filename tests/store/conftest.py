"""A database that takes a while to fill, for tests that only read."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from labelwatch.store import Store, open_store
from tests.conftest import KINDS, Postgres
from tests.support.month import furnish


@pytest.fixture(scope="module", params=KINDS)
def month(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two months of two shops, the same database for all tests of a module: nothing may be written to it."""
    if request.param == "sqlite":
        yield from _furnished(f"sqlite:///{tmp_path_factory.mktemp('month')}/labelwatch.db")
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.empty()
    yield from _furnished(url)
    server.drop(url)


def _furnished(url: str) -> Iterator[Store]:
    with closing(open_store(url)) as store:
        store.upgrade()
        furnish(store, orders=400)
        yield store
