"""A process that dies between any two of its steps, as far as the store can tell."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labelwatch.store import Store


class Died(BaseException):
    """The end of the process, in every thread of it; no error, so that nobody catches it."""


class Mortal:
    """A store that takes so many more steps and no other, sending is a step as well; or until a point is passed."""

    def __init__(self, store: Store, end: int | str) -> None:
        self._store = store
        self._left = end if isinstance(end, int) else 10**6
        self._end = end
        self._lock = threading.Lock()
        self.outgoing = store.channels

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

    def __getattr__(self, name: str) -> Callable[..., Any]:
        work = getattr(self._store, name)

        def done(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = work(*args, **kwargs)
            self.step()
            return result

        return done

    @contextmanager
    def write(self) -> Iterator[Any]:
        """One transaction: it happens or does not, and the end comes before or after it."""
        self.step()
        with self._store.write() as tx:
            yield tx
        self.step()
