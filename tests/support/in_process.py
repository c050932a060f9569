"""A command called within the process of the tests, for tests that prove nothing about its process: much cheaper."""

import gc
import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from labelwatch.cli import outcome
from tests.support.forked import SCRIPT, Ended


def called(*args: str, folder: Path, environ: Mapping[str, str], typed: str = "") -> Ended:
    """A command called to its end without a terminal; `typed` is on its standard input."""
    given, out, err = (io.TextIOWrapper(io.BytesIO(text), "utf-8") for text in (typed.encode(), b"", b""))
    with _surroundings(folder, environ), _own_logging():
        before = sys.argv, sys.stdin, sys.stdout, sys.stderr
        sys.argv, sys.stdin, sys.stdout, sys.stderr = [str(SCRIPT), *args], given, out, err
        try:
            code = outcome()
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    return Ended(code, *(_written(stream) for stream in (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def _surroundings(folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """The directory and the environment of a command."""
    place, variables, threshold = Path.cwd(), dict(os.environ), gc.get_threshold()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(variables)
        gc.set_threshold(*threshold)


@contextmanager
def _own_logging() -> Iterator[None]:
    """A command sets up logging for itself; afterwards all is as pytest had it."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers, root.level
    root.handlers = []
    try:
        with warnings.catch_warnings():
            warnings.resetwarnings()
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logging.captureWarnings(False)
        root.handlers, root.level = handlers, level
        sys.excepthook, threading.excepthook = hooks
