"""The shift summary: at fixed times of day each channel that wants it gets a list of everything."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.policy import Destination
from labelwatch.core.quiet_hours import handovers_between
from labelwatch.core.subject import Summary
from labelwatch.core.summaries import summary
from labelwatch.core.visibility import OF_NO_SHOP
from labelwatch.delivery.schedule import has_begun, latest
from labelwatch.store import Store

WORTH_READING_FOR = timedelta(hours=4)
"""A summary that is later than this is skipped; the next one covers its time."""


def queue_shift_summaries(store: Store, destinations: Iterable[Destination], *, now: datetime) -> int:
    """Queue the shift summaries that are due; returns their number. If several are due, only the latest is queued.

    A new channel starts with the next one.
    """
    states, queued = store.channels.states(), 0
    for to in destinations:
        last = states[to.name].handover_at if to.name in states else None
        if to.handover and (not has_begun(last, now) or _due(to, last or now, now)):
            queued += _queue(store, to, now)
    return queued


def _due(to: Destination, last: datetime, now: datetime) -> datetime | None:
    """The latest summary time since the last one, if it is still worth reading."""
    return latest(handovers_between(to, last, now), now, WORTH_READING_FOR)


def _queue(store: Store, to: Destination, now: datetime) -> int:
    """In one transaction, so that no other process queues the same."""
    with store.write() as tx:
        state = tx.channels.state(to.name)
        last = state.handover_at
        if last is None or not has_begun(last, now):
            tx.channels.save(replace(state, handover_at=now))
            return 0
        at = _due(to, last, now)
        if at is None:
            return 0
        tx.channels.save(replace(state, handover_at=at))
        tx.needs.list_since(to.shops - OF_NO_SHOP, last, at)
        made = summary(Summary(to.name), since=last, at=at)
        tx.add_summary(made, due_at=at, expires_at=at + WORTH_READING_FOR, now=now)
        return 1
