"""Sends one alert without the outbox, for when the database cannot be written: the caller must remember it."""

import logging
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from labelwatch.channels.base import Ambiguous, Channel, Delivered, OutgoingMessage
from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.core.policy import Destination
from labelwatch.delivery.context import Channels
from labelwatch.i18n import translate
from labelwatch.messages.alert_json import view
from labelwatch.messages.render import Layout, render

log = logging.getLogger(__name__)


def send_directly(
    channels: Channels, names: Collection[str], alert: Alert, reason: Reason, *, key: str, now: datetime
) -> set[str]:
    """Send an alert over all these channels at once; returns the names of those that took it, or may have.

    `key` is the same for every repetition and every channel.
    """
    with ThreadPoolExecutor(max(len(names), 1), thread_name_prefix="tell directly") as pool:
        told = {
            name: pool.submit(_tell, Notification(alert, 1, reason, name, now, now), *channels[name], key)
            for name in names
        }
    return {name for name, took in told.items() if took.result()}


def _tell(told: Notification, to: Destination, channel: Channel, key: str) -> bool:
    now, name = told.due_at, told.channel
    message = render([told], to, now=now, layout=Layout(channel.limit))
    views = [view(told.alert, language=to.language, now=now, reason=told.reason, zone=to.timezone, shops=to.shops)]
    result = channel.send(OutgoingMessage(message, views, key))
    if isinstance(result, Delivered | Ambiguous):
        log.info("channel %s: told directly", name)
        return True
    log.warning("channel %s: could not be told directly: %s", name, translate(result.error, "en"))
    return False
