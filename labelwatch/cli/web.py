"""`web` and `password`: the board beside a service that runs elsewhere, and the key to it."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from labelwatch.cli.logs import of_a_service
from labelwatch.cli.options import ConfigFile, Verbose
from labelwatch.cli.terminal import complain, say
from labelwatch.cli.troubles import CONFIG_WRONG, UNREACHABLE

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.config import Web
    from labelwatch.web.server import Serving

log = logging.getLogger(__name__)

MISSING = "the board needs more packages: pip install 'labelwatch[web]'"

To = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="Where to keep it. Without it: it is printed."),
]


def web(config: ConfigFile = None, verbose: Verbose = False) -> None:
    """Serve the board alone.

    Over the database of a service that runs elsewhere.
    `labelwatch run` serves it by itself where the configuration has [web]. It ends with SIGTERM or Ctrl-C.
    """
    from labelwatch.cli.opening import configuration, opened
    from labelwatch.config import Web

    settings, stop = configuration(config), threading.Event()
    stop_on_signals(stop)
    level, form = logging.DEBUG if verbose else logging.INFO, of_a_service(os.environ)
    with opened(settings, log_level=level, log_form=form, stop=stop) as app:
        serving = board(app, settings.web or Web(), stop=stop)
        if serving is None:
            complain(f"labelwatch: {MISSING}")
            raise typer.Exit(CONFIG_WRONG)
        serving.ready.wait()
        if serving.trouble:
            raise typer.Exit(UNREACHABLE)
        while not stop.wait(1):
            pass
        serving.join()


def board(app: "App", settings: "Web", *, stop: threading.Event) -> "Serving | None":
    """Begin to serve the board in a thread; None = its packages are not installed."""
    try:
        from labelwatch.web.server import start
    except ImportError as error:
        log.critical("%s (no module %s)", MISSING, error.name)
        return None
    return start(app, settings, stop=stop)


def stop_on_signals(stop: threading.Event) -> None:
    """Set `stop` on SIGTERM and Ctrl-C; who asks a second time does not want to wait."""

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def password(file: To = None) -> None:
    """Make the password of the board.

    It is asked for twice, and only a hash of it is kept.
    In labelwatch.toml: [web] password = "file:/etc/labelwatch/board.hash". A new one logs everybody out.
    """
    try:
        from labelwatch.web.password import SHORTEST, hashed
    except ImportError:
        complain(f"labelwatch: {MISSING}")
        raise typer.Exit(CONFIG_WRONG) from None
    given = _asked()
    if len(given) < SHORTEST:
        raise typer.BadParameter(f"a password has {SHORTEST} characters or more", param_hint="password")
    if file is None:
        say(hashed(given))
        return
    _keep(hashed(given), file)
    say(f'Written to {file}. In labelwatch.toml: [web] password = "file:{file.absolute()}"; then restart labelwatch.')


def _asked() -> str:
    """From the keyboard, unseen and twice; in a pipe one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password of the board", hide_input=True, confirmation_prompt="Once more", err=True))


def _keep(text: str, file: Path) -> None:
    """Put it whole into a file that only its owner can read, in place of what was there."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"{text}\n")
    fresh.replace(file)
