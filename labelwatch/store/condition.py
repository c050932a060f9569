"""How a database has fared since it was opened: how often it refused, why it did last, and how much was written."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from labelwatch.store.errors import Fault, StoreError


class FailureCounts:
    """Part of Store, as `store.condition`; any number of threads may count."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = Counter[Fault]()
        self.written = 0
        """Transactions that stand."""
        self.last: StoreError | None = None
        """The last time that the database itself refused."""

    @property
    def failures(self) -> dict[Fault, int]:
        """How often it refused, by kind; those that never came are missing."""
        with self._lock:
            return dict(self._failures)

    @contextmanager
    def counting(self, *, writes: bool) -> Iterator[None]:
        """Count what becomes of a transaction."""
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
