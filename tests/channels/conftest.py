"""Loads Apprise before the tests: on Python 3.11 and 3.12 it imports a module that Python calls deprecated."""

import warnings

import pytest
from apprise import Apprise


@pytest.fixture(scope="session", autouse=True)
def apprise_is_loaded() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        Apprise.instantiate("json://127.0.0.1")
