"""A deadline for work that has none of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar

from labelwatch.core.text import Text

T = TypeVar("T")


def within_time(limit: timedelta, work: Callable[[], T]) -> T | None:
    """What `work` returned, or None if it was not done in time; what it raises is raised here.

    Work that hangs is abandoned in a daemon thread: a socket timeout restarts with each byte, so nothing else
    bounds a slow server.
    """
    done: SimpleQueue[Future[T]] = SimpleQueue()
    threading.Thread(target=lambda: done.put(_finished(work)), name="send", daemon=True).start()
    try:
        return done.get(timeout=limit.total_seconds()).result()
    except Empty:
        return None


def no_answer_within(limit: timedelta) -> Text:
    """The error of work that `within_time` abandoned."""
    return Text("no_answer_within", {"seconds": f"{limit.total_seconds():g}"})


def _finished(work: Callable[[], T]) -> Future[T]:
    """The result of the work, passed from one thread to the other."""
    outcome: Future[T] = Future()
    try:
        outcome.set_result(work())
    except Exception as error:  # any exception is raised in the caller
        outcome.set_exception(error)
    return outcome
