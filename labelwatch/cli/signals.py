"""Signals of a running service: to end, or to reload its configuration."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from labelwatch.config import Config, ConfigError
from labelwatch.service.systemd import Notify

log = logging.getLogger(__name__)


class Signals:
    """`stop` is set when the service must end; it restarts with the result of `renewed`, if there is one."""

    def __init__(self, settings: Config, read: Callable[[], Config]) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._read = read
        self._next: Config | None = None
        self._ended = False
        self._asked = threading.Event()

    def listen(self) -> None:
        """Install the handlers. With a terminal, SIGHUP means that it was closed, and ends the program."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        if hasattr(signal, "SIGHUP") and not (sys.stdin and sys.stdin.isatty()):
            signal.signal(signal.SIGHUP, lambda number, frame: self._asked.set())
            threading.Thread(target=self._reload_when_asked, name="reload", daemon=True).start()

    def renewed(self) -> Config | None:
        """The configuration to restart with; None = end."""
        settings, self._next = self._next, None
        if settings is None or self._ended:
            return None
        self._settings, self.stop = settings, threading.Event()
        return settings

    def noting(self, notify: Notify) -> Notify:
        """Reports a reload to systemd in place of the stop, after which systemd would kill the process."""

        def noted(state: str) -> None:
            is_reload = state == "STOPPING=1" and not self._ended
            notify("RELOADING=1" if is_reload else state)

        return noted

    def _end(self, number: int, frame: FrameType | None) -> None:
        """The second signal ends the process at once."""
        self._ended = True
        self.stop.set()
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)

    def _reload_when_asked(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            self._reload()

    def _reload(self) -> None:
        try:
            settings = self._read()
        except ConfigError as error:
            for mistake in error.mistakes:
                log.error("configuration: %s", mistake)
            log.error("the new configuration is wrong: the old one stays in use")
            return
        if settings.store.url != self._settings.store.url:
            log.error("[store] url needs a restart to change: the old configuration stays in use")
            return
        log.info("configuration reloaded")
        self._next = settings
        self.stop.set()
