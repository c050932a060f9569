"""The metrics that /metrics offers, asked of an app over an empty database."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from labelwatch.app import App
from labelwatch.store import open_store
from labelwatch.web.metrics import Readings
from tests.web.build import Hands, clock, config


@dataclass(frozen=True, slots=True)
class Family:
    """One metric, by the name under which it is queried."""

    name: str
    labels: tuple[str, ...]
    about: str


@cache
def families() -> tuple[Family, ...]:
    """All of them, in the order of the page."""
    with (
        _quiet(),
        TemporaryDirectory() as folder,
        closing(open_store(f"sqlite:///{Path(folder, 'empty.db')}")) as store,
    ):
        store.upgrade()
        with closing(App(config(), store, clock=clock(Hands()), stop=threading.Event())) as app:
            return tuple(_families(app))


@contextmanager
def _quiet() -> Iterator[None]:
    """Logs nothing below ERROR for as long as it lasts."""
    log = logging.getLogger("labelwatch")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _families(app: App) -> Iterator[Family]:
    for metric in Readings(app).collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        yield Family(name, tuple(metric._labelnames), metric.documentation)  # type: ignore[attr-defined]
