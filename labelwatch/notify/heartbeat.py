"""The dead man's switch: an outside service that raises the alarm when our pings stop."""

import logging

import httpx

log = logging.getLogger(__name__)

WITHIN = 10.0
"""Seconds for the whole ping."""


def ping(url: str) -> bool:
    """One GET, no redirects; False when it did not arrive. The address is a secret and is not logged."""
    try:
        answer = httpx.get(url, timeout=WITHIN, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        log.warning("the heartbeat did not arrive: %s", type(e).__name__)
        return False
    if not answer.is_success:
        log.warning("the heartbeat was refused: HTTP %d", answer.status_code)
    return answer.is_success
