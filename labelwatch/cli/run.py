"""`run`: the service, until SIGTERM or Ctrl-C."""

import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from labelwatch.cli.logs import of_a_service, set_up
from labelwatch.cli.options import ConfigFile, Verbose
from labelwatch.cli.signals import Signals
from labelwatch.cli.terminal import complain
from labelwatch.cli.web import board, closed_port, tell_link
from labelwatch.config import Config

log = logging.getLogger(__name__)

RestoreLatest = Annotated[
    bool,
    typer.Option("--restore-latest", help="If the database is damaged: start from the newest good copy."),
]


def run(config: ConfigFile = None, verbose: Verbose = False, restore_latest: RestoreLatest = False) -> None:
    """Watch the shops and notify people: the service.

    If the configuration has [web], it serves the board as well.
    It ends with SIGTERM or Ctrl-C and logs to stderr. SIGHUP makes it reload its configuration and secrets; if
    they are wrong, it logs that and keeps the old ones. Under systemd it reports readiness, a status line, and
    that it makes progress (Type=notify, WatchdogSec=).
    """
    from labelwatch.cli.open import configuration
    from labelwatch.net.descriptors import raise_limit

    settings: Config | None = configuration(config)
    assert settings is not None
    signals = Signals(settings, partial(configuration, config))
    first: Callable[[Config, datetime], None] = partial(_see_to_damage, restore_latest)
    signals.listen()
    raise_limit()
    while settings is not None:
        _serve(settings, signals, verbose=verbose, first=first)
        settings, first = signals.renewed(), _nothing
    _end()


def _serve(settings: Config, signals: Signals, *, verbose: bool, first: Callable[[Config, datetime], None]) -> None:
    """The service over one configuration, until it is stopped."""
    from labelwatch.cli.open import opened
    from labelwatch.service.scheduler import Service
    from labelwatch.service.systemd import notifier

    set_up(settings, level=logging.DEBUG if verbose else logging.INFO, form=of_a_service(os.environ))
    with opened(settings, alone=True, log_level=None, stop=signals.stop, first=first) as app:
        _log_doubts(settings)
        _refuse_labels(settings)
        closed = closed_port(settings.web, settings.language, goes_on=True) if settings.web else ""
        if closed:
            complain(f"labelwatch: {closed}")
        app.serve()
        serving = board(app, settings.web, stop=signals.stop) if settings.web else None
        if serving and settings.web:
            tell_link(app, settings.web, serving)
        notify = signals.noting(notifier(os.environ.get("NOTIFY_SOCKET")))
        told = serving.noting(notify) if serving else notify
        service = Service(app, stop=signals.stop, notify=told, wall=time.time, monotonic=time.monotonic)
        app.stuck, app.lag = service.stuck, service.lag
        service.run()
        if serving:
            serving.join()


def _nothing(settings: Config, now: datetime) -> None:
    """What was done at the start is not repeated on a reload."""


def _see_to_damage(restore_latest: bool, settings: Config, now: datetime) -> None:
    from labelwatch.service.startup_check import check_database

    check_database(settings, restore_latest=restore_latest, now=now)


def _log_doubts(settings: Config) -> None:
    from labelwatch.i18n import translate
    from labelwatch.net.environment import problems

    for warning in settings.warnings:
        log.warning("configuration: %s", warning)
    for problem in problems():
        log.error("environment: %s", translate(problem, "en"))


def _refuse_labels(settings: Config) -> None:
    """Log at the start that labels cannot be read if their reader cannot be confined."""
    wanting = [channel.name for channel in settings.channels if channel.enabled and channel.attach_label]
    if wanting:
        from labelwatch.sources.ozon.label_pdf import unusable

        if why := unusable():
            log.error("no label can be attached (attach_label of %s): %s", ", ".join(wanting), why.detail)


def _end() -> None:
    """Exit at once: threads that the service abandoned must not delay the end of the process."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
