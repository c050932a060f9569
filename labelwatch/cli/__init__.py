"""The command line: commands parse options and print results; they decide nothing."""

import gc
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from labelwatch import __version__
from labelwatch.cli.commands import COMMANDS
from labelwatch.cli.errors import CONFIG_WRONG, error_lines, language_of_errors, no_directory
from labelwatch.cli.lazy import lazy_app
from labelwatch.cli.options import ConfigFile
from labelwatch.cli.terminal import complain


def main() -> None:
    """The console script."""
    # Importing the libraries would trigger hundreds of collections that free nothing.
    gc.set_threshold(200_000)
    # No plugin of another package changes how the configuration is read: pydantic looks for one in every package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark instead of failing.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        Path.cwd()
    except FileNotFoundError:
        complain(f"labelwatch: {no_directory(language_of_errors(sys.argv[1:], os.environ))}")
        sys.exit(CONFIG_WRONG)
    try:
        code = outcome()
        logging.shutdown()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 1  # the reader of the output has closed it
    # What is left is memory, which the system takes back faster than Python.
    os._exit(code)


def outcome() -> int:
    """Run the command that sys.argv names; its exit code."""
    try:
        application()(standalone_mode=True)
    except SystemExit as end:
        sys.stdout.flush()
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        raise
    except Exception as error:
        found = error_lines(error, language_of_errors(sys.argv[1:], os.environ))
        if found is None:
            raise
        line, code = found
        complain(f"labelwatch: {line}")
        return code
    return 0


def application() -> typer.Typer:
    """The Typer application of all commands; its help is formatted for people and plain for programs."""
    app = lazy_app(
        COMMANDS,
        name="labelwatch",
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(epilog="Example: labelwatch demo")(_root)
    return app


def _version(asked: bool) -> None:
    if asked:
        print(f"labelwatch {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version and exit.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Watch Ozon postings and tell people which shipping labels are late, why, and what to do.

    \b
    Exit codes:
      0  done
      1  it found trouble
      2  wrong usage
     69  Ozon or the database cannot be reached
     75  another instance is using this database
     78  the configuration is wrong
    """


def _terminated(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
