"""`web`, `board` and `password`: the board beside a service that runs elsewhere, its link and its password."""

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from labelwatch.cli.errors import CONFIG_WRONG, UNREACHABLE, language_of_errors
from labelwatch.cli.logs import of_a_service, set_up
from labelwatch.cli.options import ConfigFile, Verbose
from labelwatch.cli.terminal import complain, say
from labelwatch.cli.words import phrases

if TYPE_CHECKING:
    from labelwatch.app import App
    from labelwatch.config import Web
    from labelwatch.web.server import Serving

log = logging.getLogger(__name__)

_READY_WITHIN = 5.0
"""Seconds until a board listens, or cannot."""

To = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", show_default=False, help="The file to write it to. Without it: it is printed."),
]


def web(config: ConfigFile = None, verbose: Verbose = False) -> None:
    """Serve the board alone.

    Over the database of a service that runs elsewhere.
    `labelwatch run` serves it by itself if the configuration has [web]. It ends with SIGTERM or Ctrl-C.
    """
    from labelwatch.cli.open import configuration, opened
    from labelwatch.config import Web

    settings, stop = configuration(config), threading.Event()
    closed = closed_port(settings.web or Web(), settings.language)
    if closed:
        complain(f"labelwatch: {closed}")
        raise typer.Exit(UNREACHABLE)
    stop_on_signals(stop)
    set_up(settings, level=logging.DEBUG if verbose else logging.INFO, form=of_a_service(os.environ))
    with opened(settings, log_level=None, stop=stop) as app:
        serving = board(app, settings.web or Web(), stop=stop)
        if serving is None:
            complain(f"labelwatch: {phrases(settings.language, 'password')['missing']}")
            raise typer.Exit(CONFIG_WRONG)
        serving.ready.wait()
        if serving.trouble:
            raise typer.Exit(UNREACHABLE)
        tell_link(app, settings.web or Web(), serving)
        while not stop.wait(1):
            pass
        serving.join()


def board(app: "App", settings: "Web", *, stop: threading.Event) -> "Serving | None":
    """Start to serve the board in a thread; None = its packages are not installed."""
    try:
        from labelwatch.web.server import start
    except ImportError as error:
        log.critical("%s (no module %s)", phrases("en", "password")["missing"], error.name)
        return None
    return start(app, settings, stop=stop)


def link(app: "App", settings: "Web", url: str) -> str:
    """The address of the board: without a password a link that a browser can use once."""
    from labelwatch.web.auth.board_auth import board_auth

    return board_auth(app, settings).link(url)


def show_link(config: ConfigFile = None) -> None:
    """Print the link to the board.

    With a password it is just the address. A board without a password opens by this link only, once, within a day;
    the browser then stays logged in.
    """
    from labelwatch.cli.open import configuration, opened
    from labelwatch.config import Web

    settings = configuration(config)
    web = settings.web or Web()
    host = f"[{web.listen.host}]" if ":" in web.listen.host else web.listen.host
    try:
        with opened(settings) as app:
            say(link(app, web, f"http://{host}:{web.listen.port}"))
    except ImportError:
        complain(f"labelwatch: {phrases(settings.language, 'password')['missing']}")
        raise typer.Exit(CONFIG_WRONG) from None


def tell_link(app: "App", settings: "Web", serving: "Serving") -> None:
    """Print the link if the board was started at a terminal; a log must not contain it."""
    serving.ready.wait(_READY_WITHIN)
    if serving.url and sys.stderr.isatty():
        complain(link(app, settings, serving.url))
    elif serving.url and settings.password is None:
        log.info("the board has no password: `labelwatch board` prints a link that opens it")


def closed_port(web: "Web", language: str, *, goes_on: bool = False) -> str:
    """Why the board cannot listen and what to do; empty = it can. `goes_on`: the service continues without it."""
    try:
        from labelwatch.web.server import listen
    except ImportError:  # the missing packages are reported elsewhere
        return ""
    try:
        for one in listen(web.listen):
            one.close()
    except OSError as error:
        said, what = phrases(language, "port"), "taken" if error.errno == errno.EADDRINUSE else "closed"
        why = (error.strerror or str(error)).partition(" (")[0]
        values = {"host": web.listen.host, "port": web.listen.port, "next": web.listen.port + 1, "why": why}
        lines = (said[what], said["goes_on"] if goes_on else "", said["todo"])
        return "\n  ".join(line.format(**values) for line in lines if line)
    return ""


def stop_on_signals(stop: threading.Event) -> None:
    """Set `stop` on SIGTERM and Ctrl-C; the second signal ends the process at once."""

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
    said = phrases(language_of_errors(sys.argv[1:], os.environ), "password")
    try:
        from labelwatch.web.auth.password import SHORTEST, hashed
    except ImportError:
        complain(f"labelwatch: {said['missing']}")
        raise typer.Exit(CONFIG_WRONG) from None
    given = _asked(said)
    if len(given) < SHORTEST:
        raise typer.BadParameter(said["short"].format(least=SHORTEST), param_hint="password")
    if file is None:
        say(hashed(given))
        return
    _keep(hashed(given), file)
    say(said["written"].format(file=file, path=file.absolute()))


def _asked(said: Mapping[str, str]) -> str:
    """From the keyboard twice without echo; from a pipe one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(said["ask"], hide_input=True, confirmation_prompt=said["again"], err=True))


def _keep(text: str, file: Path) -> None:
    """Replace a file atomically with one that only its owner can read."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"{text}\n")
    fresh.replace(file)
