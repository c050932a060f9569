"""A process that dies between any two of its steps, as far as the store can tell."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labelwatch.store import Store
from labelwatch.store.repository import Repository


class Died(BaseException):
    """The end of the process, in every thread of it; no error, so that nobody catches it."""


class _Mortals:
    """A repository of such a store."""

    def __init__(self, repository: Repository, step: Callable[[], None]) -> None:
        self._repository = repository
        self._step = step

    def __getattr__(self, name: str) -> Callable[..., Any]:
        work = getattr(self._repository, name)

        def done(*args: Any, **kwargs: Any) -> Any:
            self._step()
            result = work(*args, **kwargs)
            self._step()
            return result

        return done


class Mortal:
    """A store that takes so many more steps and no other, sending is a step as well; or until a point is passed."""

    def __init__(self, store: Store, end: int | str) -> None:
        self._store = store
        self._left = end if isinstance(end, int) else 10**6
        self._end = end
        self._lock = threading.Lock()

    @property
    def is_dead(self) -> bool:
        return self._left < 0

    def step(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left < 0:
                raise Died

    def at(self, point: str) -> None:
        """A point of the round."""
        if point == self._end:
            self._left = 0
        self.step()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return _Mortals(found, self.step) if isinstance(found, Repository) else found

    @contextmanager
    def write(self) -> Iterator[Any]:
        """One transaction: it happens or does not, and the end comes before or after it."""
        self.step()
        with self._store.write() as tx:
            yield tx
        self.step()
