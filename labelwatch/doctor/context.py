"""The context of the checks: a configuration, its database, and the machine."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from labelwatch import __version__
from labelwatch.config import Config
from labelwatch.doctor.systemd import unit_of
from labelwatch.service.clock import Clock, corrected, real_clock
from labelwatch.sources.ozon.connectivity import Connectivity, check_connectivity
from labelwatch.sources.ozon.used import retiring_methods
from labelwatch.store import Store, StoreError, open_store
from labelwatch.store.health import Health, health


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """Everything that a check may use."""

    config: Config
    file: Path
    """The configuration file."""
    clock: Clock
    user: int | None
    """The user id of this process; None if the system has none."""
    unit: Mapping[str, str]
    """The properties of the systemd unit; empty = no systemd or no such unit."""
    health: Health | StoreError
    store: Store | None
    """None: no tables that this version can read."""
    check_connectivity: Connectivity | None
    """Whether Ozon can be reached; None = offline."""

    retiring: Mapping[str, date] = field(default_factory=retiring_methods)
    """Methods of Ozon's that labelwatch uses -> when Ozon switches them off."""

    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def may_ask(self) -> bool:
        """Whether requests to Ozon make sense."""
        return self.check_connectivity is not None and self.check_connectivity.barrier is None


@contextmanager
def open_context(
    config: Config,
    file: Path,
    *,
    online: bool,
    user: int | None,
    clock: Clock | None = None,
    ask_systemd: Callable[[], Mapping[str, str]] = unit_of,
) -> Iterator[DoctorContext]:
    """The context for a configuration; `online` connects to Ozon at once, and to others in later checks."""
    clock = clock or real_clock(threading.Event())
    url = config.store.url.get_secret_value()
    found = _health(url)
    is_readable = isinstance(found, Health) and found.revision == found.wanted and not found.problems
    store = open_store(url, makes_file=False) if is_readable else None
    try:
        yield DoctorContext(
            config,
            file,
            clock=corrected(clock, store) if store is not None else clock,
            user=user,
            unit=ask_systemd(),
            health=found,
            store=store,
            check_connectivity=_knock(config, clock) if online else None,
        )
    finally:
        if store is not None:
            store.close()


def _health(url: str) -> Health | StoreError:
    try:
        return health(url)
    except StoreError as error:
        return error


def _knock(config: Config, clock: Clock) -> Connectivity:
    agent = f"labelwatch/{__version__}"
    return check_connectivity(config.ozon.base_url, timeout=config.ozon.timeout, user_agent=agent, now=clock.now)
