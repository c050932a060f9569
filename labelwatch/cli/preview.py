"""The message that a channel would get, for a terminal while no channel is configured."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.core.lifecycle import reason_to_tell
from labelwatch.core.policy import Destination
from labelwatch.messages.message import Message
from labelwatch.messages.render import render

if TYPE_CHECKING:
    from labelwatch.app import App


def untold(app: "App", shops: Collection[str]) -> Message | None:
    """The message about everything that is open in these shops, as a channel for all of it would get it; None = there
    is nothing to send. It does not count as sent: a channel that is set up later gets all of it."""
    overview, config = app.queries.overview(), app.config
    own = [alert for alert in overview.alerts if alert.diagnosis.shop in shops]
    wider = [one for one in overview.incidents if not set(shops).isdisjoint(one.diagnosis.shops)]
    told = [_notification(alert, overview.as_of) for alert in (*wider, *own) if _is_news(app, alert, overview.as_of)]
    if not told:
        return None
    terminal = Destination("", config.language, config.timezone)
    return render(told, terminal, now=overview.as_of, intervals=dict(app.shops()))


def _is_news(app: "App", alert: Alert, now: datetime) -> bool:
    return reason_to_tell(replace(alert, told=None), app.config.alert_policy(), now) is not None


def _notification(alert: Alert, now: datetime) -> Notification:
    return Notification(alert, 1, Reason.FIRST, "", due_at=now, expires_at=now)
