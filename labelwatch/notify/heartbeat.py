"""The dead man's switch: somebody elsewhere raises the alarm when this ping stays away."""

import logging
from datetime import timedelta

import httpx

from labelwatch.notify.channels.deadline import within
from labelwatch.notify.channels.secrecy import hush, redact
from labelwatch.notify.plain import plain

log = logging.getLogger(__name__)


def ping(url: str, *, deadline: timedelta = timedelta(seconds=10)) -> bool:
    """GET the address once; True when it was taken. Never raises, and the log does not tell the address."""
    secrets = hush(url)
    try:
        answer = within(deadline, lambda: httpx.get(url, timeout=deadline.total_seconds()))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = redact(plain(str(error), 160), secrets) or type(error).__name__
    else:
        if answer is not None and answer.is_success:
            return True
        reason = f"HTTP {answer.status_code}" if answer is not None else "no answer in time"
    log.warning("the heartbeat was not taken: %s", reason)
    return False
