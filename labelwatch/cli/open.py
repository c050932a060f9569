"""Opens the configuration, the database and the app for a command."""

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labelwatch.cli.logs import OF_A_COMMAND, set_up
from labelwatch.config import Config, ConfigError, NoConfigError, find, load

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.delivery.posting_actions import PostingActions
    from labelwatch.queries import Queries
    from labelwatch.service.clock import Clock
    from labelwatch.store import Store


USUAL_THRESHOLD = (700, 10, 10)
"""When Python looks for garbage, unless told otherwise."""

# What these functions import takes time: a command must spend it only if it gets that far.


def configuration(path: Path | None) -> Config:
    """The configuration that `path` or the usual places hold; ConfigError names all of its mistakes."""
    from labelwatch.channels import check_url, check_way

    return load(find(path, os.environ), environ=os.environ, check_url=check_url, check_way=check_way)


def settings_of_database(path: Path | None) -> Config:
    """The same for a command that sends nothing: only if something else is wrong are the channels' URLs checked."""
    try:
        return load(find(path, os.environ), environ=os.environ, check_url=lambda url: None)
    except NoConfigError:
        raise
    except ConfigError:
        return configuration(path)


@dataclass(frozen=True, slots=True)
class Database:
    """The database of a configuration, and what people can see and do there."""

    config: Config
    store: "Store"
    clock: "Clock"

    @property
    def queries(self) -> "Queries":
        from labelwatch.queries import Queries

        return Queries(self.config, self.store, now=self.clock.now)

    @property
    def actions(self) -> "PostingActions":
        from labelwatch.delivery.handled import audience
        from labelwatch.delivery.posting_actions import PostingActions

        return PostingActions(self.store, audience=audience(self.config), now=self.clock.now)


@contextmanager
def database(config: Config) -> Iterator[Database]:
    """The database as it is, for a command that neither polls nor sends; logs to stderr."""
    from labelwatch.service.clock import corrected, real_clock
    from labelwatch.store import open_store

    set_up(config, level=logging.WARNING, form=OF_A_COMMAND)
    store = open_store(config.store.url.get_secret_value(), makes_file=False)
    try:
        store.require_current()
        yield Database(config, store, corrected(real_clock(threading.Event()), store))
    finally:
        store.close()


@contextmanager
def opened(
    config: Config,
    *,
    alone: bool = False,
    log_level: int | None = logging.WARNING,
    clock: "Clock | None" = None,
    stop: threading.Event | None = None,
    first: Callable[[Config, datetime], None] = lambda config, now: None,
) -> Iterator["App"]:
    """The app over a configuration, all else as in labelwatch.app.build; logs to stderr, as it is set up already if
    `log_level` is None."""
    from labelwatch.app import build

    if log_level is not None:
        set_up(config, level=log_level, form=OF_A_COMMAND)
    gc.freeze()
    gc.set_threshold(*USUAL_THRESHOLD)  # it may run for months
    with build(config, clock=clock, stop=stop, alone=alone, first=first) as app:
        yield app


@contextmanager
def opened_beside_service(
    config: Config, *, log_level: int = logging.WARNING, stop: threading.Event | None = None
) -> Iterator[tuple["App", bool]]:
    """The app and whether this process has the database to itself: else a running service sends what is queued."""
    from labelwatch.store import AlreadyRunning

    with ExitStack() as opening:
        try:
            app, alone = opening.enter_context(opened(config, alone=True, log_level=log_level, stop=stop)), True
        except AlreadyRunning:
            app, alone = opening.enter_context(opened(config, log_level=log_level, stop=stop)), False
        yield app, alone
