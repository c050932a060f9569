"""Loads Apprise before the tests, as those of the channels do."""

from tests.channels.conftest import apprise_is_loaded

__all__ = ["apprise_is_loaded"]
