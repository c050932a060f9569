"""The condition of a database since it was opened: how often it failed, why it last did, and how much was written."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from labelwatch.store.errors import Fault, StoreError


class FailureCounts:
    """Part of Store, as `store.condition`; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = Counter[Fault]()
        self.written = 0
        """Committed transactions."""
        self.last: StoreError | None = None
        """The last failure of the database itself."""

    @property
    def failures(self) -> dict[Fault, int]:
        """Failures by kind; kinds that never occurred are missing."""
        with self._lock:
            return dict(self._failures)

    @contextmanager
    def counting(self, *, writes: bool) -> Iterator[None]:
        """Count the outcome of a transaction."""
        try:
            yield
        except StoreError as error:
            with self._lock:
                self._failures[error.fault] += 1
                self.last = error if error.fault.is_condition else self.last
            raise
        if writes:
            with self._lock:
                self.written += 1
