"""Shell completion: names from the configuration, numbers of late postings.

It is fast and silent: if the configuration or the database cannot be read, it completes nothing. Every start loads
this module, so its functions import what they need.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import typer

Offer = Callable[[typer.Context, str], list[str]]


def names_of(table: str) -> Offer:
    """The names of the [[shop]] or [[channel]] tables, as written in the file."""

    def offer(context: typer.Context, incomplete: str) -> list[str]:
        import tomllib

        from labelwatch.config import ConfigError

        # Only the text: resolving its secrets takes longer, and the user may not be allowed to.
        with suppress(OSError, ValueError, ConfigError, KeyError, TypeError, AttributeError):
            document = tomllib.loads(_file(context).read_text("utf-8"))
            names = [one["name"] for one in document[table]]
            return [name for name in names if name.startswith(incomplete)]
        return []

    return offer


def late_postings(context: typer.Context, incomplete: str) -> list[str]:
    """The postings with an open alert."""
    from labelwatch.config import ConfigError, load
    from labelwatch.store import StoreError
    from labelwatch.store.completion import late_numbers

    with suppress(OSError, ConfigError, StoreError):
        config = load(_file(context), environ=os.environ, check_url=lambda url: None)
        return late_numbers(config.store.url.get_secret_value(), incomplete)
    return []


def causes(incomplete: str) -> list[str]:
    """The ids of the causes."""
    from labelwatch.core.rules import CAUSES

    return [cause for cause in CAUSES if cause.startswith(incomplete)]


def _file(context: typer.Context) -> Path:
    from labelwatch.config import find

    given = context.params.get("config") or context.find_root().params.get("config")
    return find(Path(given) if given else None, os.environ)
