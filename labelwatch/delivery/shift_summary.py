"""The hand-over between shifts: at fixed times of day each channel that wants it gets a list of everything."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, AlertState, LastNotified, Notification, Outcome, Reason
from labelwatch.core.policy import Destination
from labelwatch.core.quiet_hours import handovers_between
from labelwatch.core.system_problems import handover_diagnosis
from labelwatch.store import Store

WORTH_READING_FOR = timedelta(hours=4)
"""Longer after its time nobody takes over: the next one tells what happened since the last that was told."""


def queue_shift_summaries(store: Store, destinations: Iterable[Destination], *, now: datetime) -> int:
    """Queue the hand-overs whose time has come since the last ones; how many. Of several only the latest is told.

    A channel that is seen for the first time has none behind it.
    """
    states, queued = store.channels.states(), 0
    for to in destinations:
        last = states[to.name].handover_at if to.name in states else None
        if to.handover and (_is_unbelievable(last, now) or _due(to, last or now, now)):
            queued += _queue(store, to, now)
    return queued


def _is_unbelievable(last: datetime | None, now: datetime) -> bool:
    """Whether the watch over hand-overs begins now: there was none, or it is from a clock that was far ahead. One
    that was set back by less doubles nothing: what was told stays told."""
    return last is None or last - now > timedelta(days=1)


def _due(to: Destination, last: datetime, now: datetime) -> datetime | None:
    """The latest hand-over since the last one, while anybody wants to read it."""
    moments = handovers_between(to, last, now)
    return moments[-1] if moments and now - moments[-1] <= WORTH_READING_FOR else None


def _queue(store: Store, to: Destination, now: datetime) -> int:
    """In one transaction, in which nobody else does the same."""
    with store.write() as tx:
        state = tx.channels.state(to.name)
        last = state.handover_at
        if last is None or _is_unbelievable(last, now):
            tx.channels.save(replace(state, handover_at=now))
            return 0
        at = _due(to, last, now)
        if at is None:
            return 0
        tx.channels.save(replace(state, handover_at=at))
        # Stored as resolved: a list is no alert, it only travels as one.
        diagnosis = handover_diagnosis(to.name, since=last, at=at)
        told = LastNotified(at=at, count=1, severity=diagnosis.severity, cause=diagnosis.cause)
        alert = Alert(None, AlertState.RESOLVED, at, diagnosis, cause_since=at, told=told, resolved_at=at)
        alert = replace(alert, outcome=Outcome.OVER)
        (id_,) = tx.alerts.save(None, [alert])
        one = Notification(
            replace(alert, id=id_), 1, Reason.HANDOVER, to.name, due_at=at, expires_at=at + WORTH_READING_FOR
        )
        tx.outbox.add([one], created_at=now)
        return 1
