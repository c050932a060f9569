"""What signals ask of a running service: to end, or to read its configuration again."""

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
    """`stop` is set when the service is to end; it is to begin anew with what `renewed` gives, if with anything."""

    def __init__(self, settings: Config, read: Callable[[], Config]) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._read = read
        self._next: Config | None = None
        self._ended = False
        self._asked = threading.Event()

    def listen(self) -> None:
        """From now on. Where a terminal is at the other end, SIGHUP says that it was closed, and ends the program."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        if hasattr(signal, "SIGHUP") and not (sys.stdin and sys.stdin.isatty()):
            signal.signal(signal.SIGHUP, lambda number, frame: self._asked.set())
            threading.Thread(target=self._reload_when_asked, name="reload", daemon=True).start()

    def renewed(self) -> Config | None:
        """The configuration to begin anew with; None = it is over."""
        settings, self._next = self._next, None
        if settings is None or self._ended:
            return None
        self._settings, self.stop = settings, threading.Event()
        return settings

    def noting(self, notify: Notify) -> Notify:
        """Tells systemd of a new beginning where the service would tell of an end, after which it would be killed."""

        def noted(state: str) -> None:
            is_reload = state == "STOPPING=1" and not self._ended
            notify("RELOADING=1" if is_reload else state)

        return noted

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Who asks a second time does not want to wait."""
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
            log.error("the new configuration is wrong: the one before stays in use")
            return
        if settings.store.url != self._settings.store.url:
            log.error("[store] url is changed by a restart only: the configuration before stays in use")
            return
        log.info("the configuration was read again")
        self._next = settings
        self.stop.set()
