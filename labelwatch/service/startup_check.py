"""Checks a SQLite file before the service starts, and handles a damaged one.

check it | rename it | notify people | restore the newest good copy, or do not start
"""

import logging
import secrets
from datetime import datetime

from labelwatch.config import Config
from labelwatch.core.alert import Alert, Outcome, Reason
from labelwatch.core.lifecycle import close, reconcile
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.system_problems import database_trouble
from labelwatch.delivery.configured import configured_channels
from labelwatch.delivery.direct import send_directly
from labelwatch.store import Fault, StoreError
from labelwatch.store.backup import damage, put_back_latest, set_aside

log = logging.getLogger(__name__)

_POLICY = AlertPolicy()
_HINT = "`labelwatch run --restore-latest` starts from the newest good copy"


def check_database(config: Config, *, restore_latest: bool, now: datetime) -> None:
    """StoreError unless the database is sound, or `restore_latest` restored a good copy.

    A damaged file is renamed and people are notified, once: at the next start it is no longer there.
    """
    url = config.store.url.get_secret_value()
    problem = damage(url)
    if not problem:
        return
    aside = set_aside(url, now)
    said = f"the database is damaged and is kept as {aside}: {problem}" if aside else problem
    trouble = database_trouble(said, since=now, now=now)
    alert, reason = reconcile(None, trouble, policy=_POLICY, now=now)
    if aside:
        log.critical("%s", said)
        _tell(config, alert, reason or Reason.FIRST, now)
    copy = put_back_latest(url) if restore_latest else None
    if copy is None:
        tried = "there is no good copy beside it" if restore_latest else _HINT
        raise StoreError(Fault.CORRUPT, f"{said}; {tried}" if aside or restore_latest else said)
    log.warning("the database was restored from %s; orders that became late since then are notified again", copy)
    ended, reason = close(alert, Outcome.OVER, policy=_POLICY, now=now)
    _tell(config, ended, reason or Reason.RESOLVED, now)


def _tell(config: Config, alert: Alert, reason: Reason, now: datetime) -> None:
    channels = configured_channels(config, {})
    send_directly(channels, channels.keys(), alert, reason, key=secrets.token_hex(16), now=now)
