"""A board over a real database with alerts in it, asked as a browser would ask."""

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing

import pytest

from labelwatch.app import App
from labelwatch.store import Store
from labelwatch.web.application import create
from tests.web.asking import enter
from tests.web.build import ADDRESS, WEB, Board, Hands, clock, config, furnish

# The drawing library leaves a finder behind that Python warns of whenever a module is not there.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient` is deprecated")
    from starlette.testclient import TestClient


@pytest.fixture
def hands() -> Hands:
    """The hands of the clock: a test may move them."""
    return Hands()


@pytest.fixture
def app(sqlite_store: Store, hands: Hands) -> Iterator[App]:
    """An app that knows the shops, and nothing more."""
    settings = config()
    sqlite_store.shops.sync([(shop.name, shop.client_id) for shop in settings.shops])
    with closing(App(settings, sqlite_store, clock=clock(hands), stop=threading.Event())) as built:
        yield built


@pytest.fixture
def board(app: App) -> Iterator[Board]:
    """The board of a shop with some late postings, an incident, and a shop that cannot be read."""
    furnish(app.store)
    with TestClient(create(app, WEB), base_url=ADDRESS) as client:
        yield Board(app, enter(client, app))


@pytest.fixture
def calm_board(app: App) -> Iterator[Board]:
    """The same with nothing late."""
    with TestClient(create(app, WEB), base_url=ADDRESS) as client:
        yield Board(app, enter(client, app))
