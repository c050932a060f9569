"""Opens the configuration and the app for a command."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labelwatch.cli.logs import OF_A_COMMAND, set_up
from labelwatch.config import Config, find, load

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.service.clock import Clock


def configuration(path: Path | None) -> Config:
    """The configuration that `path` or the usual places hold; ConfigError names all of its mistakes."""
    # Imported here: Apprise takes time, which only commands with a configuration must spend.
    from labelwatch.channels import check_url, check_way

    return load(find(path, os.environ), environ=os.environ, check_url=check_url, check_way=check_way)


@contextmanager
def opened_beside_service(config: Config, *, stop: threading.Event | None = None) -> Iterator[tuple["App", bool]]:
    """The app and whether this process has the database to itself: else a running service sends what is queued."""
    from labelwatch.store import AlreadyRunning

    with ExitStack() as opening:
        try:
            app, is_alone = opening.enter_context(opened(config, alone=True, stop=stop)), True
        except AlreadyRunning:
            app, is_alone = opening.enter_context(opened(config, stop=stop)), False
        yield app, is_alone


@contextmanager
def opened(
    config: Config,
    *,
    alone: bool = False,
    log_level: int = logging.WARNING,
    log_form: str = OF_A_COMMAND,
    clock: "Clock | None" = None,
    stop: threading.Event | None = None,
    first: Callable[[Config, datetime], None] = lambda config, now: None,
) -> Iterator["App"]:
    """The app over a configuration, all else as in labelwatch.app.build; logs to stderr."""
    # Imported here: a mistake in the configuration is reported without loading a database library.
    from labelwatch.app import build

    set_up(config, level=log_level, form=log_form)
    with build(config, clock=clock, stop=stop, alone=alone, first=first) as app:
        yield app
