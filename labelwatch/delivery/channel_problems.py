"""The alert about a channel that does not work, reported through another one.

A permanent failure is reported at once. Any other is reported 15 minutes after the first failed attempt, whether or
not another attempt was made: a service may ask for a pause of hours.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Notification, Reason
from labelwatch.core.lifecycle import reason_to_tell, reconcile
from labelwatch.core.routing import WORTH_TELLING_FOR
from labelwatch.core.subject import Channel
from labelwatch.core.system_problems import channel_dead
from labelwatch.core.text import Text
from labelwatch.delivery.context import DeliveryContext, is_paused
from labelwatch.i18n import translate
from labelwatch.store import ChannelState, OutboxRow, Transaction

log = logging.getLogger(__name__)

TROUBLE_AFTER = timedelta(minutes=15)
_SILENCE = Text("service_pause")


def report_overdue(delivery: DeliveryContext) -> None:
    """Report every channel that has delivered nothing for 15 minutes although something waits for it."""
    now, states = delivery.now(), delivery.store.channels.states()
    recorded = delivery.channels.keys() - delivery.unsettled.keys()
    suspects = [name for name in recorded if name in states and _is_silent(states[name], now)]
    troubles = delivery.store.alerts.open_of_channels() if suspects else {}
    for name in suspects:
        known = troubles.get(name)
        is_news = known is None or reason_to_tell(known, delivery.settings.policy, now) is not None
        if not is_news or (known is not None and _through(delivery, name, states, troubles) is None):
            continue
        waiting = delivery.store.channels.waiting(name)
        since = _silent_since(states[name], waiting, now)
        if since is None or now - since < TROUBLE_AFTER:
            continue
        with delivery.store.write() as tx:
            state = tx.channels.state(name)
            if state == states[name]:  # else it was only tested just now
                report(
                    delivery,
                    tx,
                    replace(state, failing_since=since, error=_why(delivery, state, states)),
                    waiting,
                    now,
                )


def _is_silent(state: ChannelState, now: datetime) -> bool:
    return state.failing_since is not None or is_paused(state, now)


def _silent_since(state: ChannelState, waiting: Sequence[OutboxRow], now: datetime) -> datetime | None:
    """The first failure among the rows that still wait, or the due time of the oldest message that a pause of the
    account holds back; None = nothing waits."""
    if state.failing_since is not None and any(row.attempts for row in waiting):
        return min(state.failing_since, now)
    due = [row.notification.due_at for row in waiting if row.notification.due_at <= now]
    return min(due) if due and is_paused(state, now) else None


def _why(delivery: DeliveryContext, state: ChannelState, states: Mapping[str, ChannelState]) -> Text:
    """The error of the service, for this channel or for another one of its account."""
    account = delivery.channels[state.name][1].account
    mates = [other for other, (_, channel) in delivery.channels.items() if account and channel.account == account]
    return next((one.error for name in (state.name, *mates) if (one := states.get(name)) and one.error), _SILENCE)


def report(
    delivery: DeliveryContext, tx: Transaction, failing: ChannelState, waiting: Sequence[OutboxRow], at: datetime
) -> None:
    """Open or update the alert about a channel and queue its notification for another one."""
    troubles = tx.alerts.open_of_channels()
    error = failing.error or _SILENCE
    diagnosis = channel_dead(failing.name, error, since=failing.failing_since or at, waiting=len(waiting), now=at)
    alert, reason = reconcile(troubles.get(failing.name), diagnosis, policy=delivery.settings.policy, now=at)
    through = _through(delivery, failing.name, delivery.store.channels.states(), troubles)
    if through is None:
        log.critical(
            "channel %s does not work and no other channel can be told: %s", failing.name, translate(error, "en")
        )
        before = troubles.get(failing.name)  # not reported, so it stays news
        alert = replace(alert, told=before.told if before else None)
    (id_,) = tx.alerts.save(None, [alert])
    alert = replace(alert, id=id_)
    rows = [row_about(alert, reason, through, at)] if reason is not None and through is not None else []
    if through is not None:
        rows += _passed_on(delivery, tx, waiting, at)
    tx.outbox.add(rows, created_at=at)


def _through(
    delivery: DeliveryContext, name: str, states: Mapping[str, ChannelState], troubles: Mapping[str, Alert]
) -> str | None:
    """The channel to report through: the fallback or one whose readers may know of this channel, else any other,
    which does not read its name. Prefers channels outside quiet hours, then the fallback. None = there is none."""
    preferred, now = delivery.settings.fallbacks.get(name), delivery.now()

    def rank(other: str) -> tuple[bool, bool, bool, str]:
        state, is_stranger = states.get(other), not delivery.may_be_named(name, other)
        return is_stranger, state is not None and _is_silent(state, now), other != preferred, other

    others = sorted(delivery.channels.keys() - {name} - troubles.keys(), key=rank)
    return next(iter(others), None)


def _passed_on(
    delivery: DeliveryContext, tx: Transaction, waiting: Sequence[OutboxRow], at: datetime
) -> Iterator[Notification]:
    """Redirect the notifications about other channels that wait for this one."""
    states, troubles = delivery.store.channels.states(), tx.alerts.open_of_channels()
    for told in (row.notification for row in waiting):
        about = told.alert.diagnosis.subject
        through = _through(delivery, about.name, states, troubles) if isinstance(about, Channel) else None
        if through is not None:
            yield replace(told, channel=through, due_at=at)


def row_about(alert: Alert, reason: Reason, channel: str, at: datetime) -> Notification:
    assert alert.told is not None, "a notification has a number"
    return Notification(alert, alert.told.count, reason, channel, due_at=at, expires_at=at + WORTH_TELLING_FOR)
