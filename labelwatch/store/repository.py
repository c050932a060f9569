"""What the repositories share: each of their methods gets its connection here."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

Connect = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction and ends it; inside `Store.write()` it hands out the one that is open."""

P = ParamSpec("P")
T = TypeVar("T")


class Repository:
    """Reads and writes of one noun: `store.postings.known(...)`, or `tx.postings.put(...)` inside `Store.write()`."""

    def __init__(self, read: Connect, write: Connect) -> None:
        self._read = read
        self._write = write


def reads(function: Callable[Concatenate[Connection, P], T]) -> Callable[Concatenate[Repository, P], T]:
    """Make a function over a connection a method that runs in a read transaction."""

    def method(self: Repository, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._read() as conn:
            return function(conn, *args, **kwargs)

    update_wrapper(method, function)
    return method


def writes(function: Callable[Concatenate[Connection, P], T]) -> Callable[Concatenate[Repository, P], T]:
    """Make a function over a connection a method that runs in a write transaction."""

    def method(self: Repository, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._write() as conn:
            return function(conn, *args, **kwargs)

    update_wrapper(method, function)
    return method
