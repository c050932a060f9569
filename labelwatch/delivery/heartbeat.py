"""The dead man's switch: an external service raises an alarm if this ping is missing.

The protocol of healthchecks.io: `/start` when a round over all shops begins, the bare address when it is complete,
`/fail` when no channel works. An address with a query gets the bare ping only.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

from labelwatch.channels.http import Answer, HttpOptions, exchange
from labelwatch.channels.redaction import redact_loggers
from labelwatch.i18n import translate

log = logging.getLogger(__name__)

DEADLINE = timedelta(seconds=10)
START, FAIL = "/start", "/fail"


def ping(url: str, signal: str = "", *, reason: str = "", deadline: timedelta = DEADLINE) -> int:
    """Send one signal ("" = all is well); returns the HTTP status, 0 = no answer. Never raises and does not log the
    address. `reason` is sent as the body, for the reader of the alarm.
    """
    # Private addresses are allowed: the ping holds no data, and the answer is shown to nobody.
    line, address = (
        HttpOptions(deadline, redact_loggers(url), private=True),
        url.rstrip("/") + signal if signal else url,
    )
    answer = exchange(line, "POST", address, content=reason.encode()) if reason else exchange(line, "GET", address)
    if isinstance(answer, Answer) and answer.is_good:
        return answer.status
    said = f"HTTP {answer.status}" if isinstance(answer, Answer) else translate(answer.error, "en")
    log.warning("the heartbeat%s was not taken: %s", signal and f" {signal}", said)
    return answer.status if isinstance(answer, Answer) else 0


class Heartbeat:
    """Sends the signals one after another without blocking the caller."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._signals: tuple[str, ...] = () if urlsplit(url).query else (START, FAIL)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="heartbeat")

    def start(self) -> None:
        """A round over all shops begins."""
        self._pool.submit(self._start)

    def complete(self) -> None:
        """Every shop was read."""
        self._pool.submit(ping, self._url)

    def fail(self, reason: str) -> None:
        """Something is wrong that no channel could report."""
        if FAIL in self._signals:
            self._pool.submit(ping, self._url, FAIL, reason=reason)

    def close(self, *, wait: bool = True) -> None:
        """Send nothing more; `wait` for the signal under way, or abandon it."""
        self._pool.shutdown(wait=wait, cancel_futures=not wait)

    def _start(self) -> None:
        if START in self._signals and ping(self._url, START) in (
            404,
            405,
        ):  # a service without /start: do not send it again
            self._signals = (FAIL,)
