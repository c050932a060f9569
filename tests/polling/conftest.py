"""Of what is above the store, one database is enough."""

import pytest


@pytest.fixture
def kind() -> str:
    """SQLite: what the store does is proven for each kind of database; `test_poll` runs on both."""
    return "sqlite"
