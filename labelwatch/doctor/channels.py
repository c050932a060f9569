"""The channels: can each be reached, are its credentials valid, and what happened to its messages."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from labelwatch.channels.verify import checked, reachable
from labelwatch.config import Channel
from labelwatch.delivery.configured import open_configured
from labelwatch.delivery.context import is_paused
from labelwatch.doctor.context import DoctorContext
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.store import ChannelState, OutboxRow, OutboxState, Store

ANSWERS_WITHIN = timedelta(seconds=15)
DEAD_LATELY = timedelta(days=7)
WAITS_TOO_LONG = timedelta(minutes=10)
AT_ONCE = 8


def channels(context: DoctorContext) -> Iterator[Finding]:
    """Of each channel: what failed or waits in the outbox, whether its server answers and accepts our token."""
    enabled = [channel for channel in context.config.channels if channel.enabled]
    states: dict[str, ChannelState] = {}
    if context.store is not None:
        states = context.store.channels.states()
        dead = context.store.outbox.find(states=[OutboxState.DEAD], since=context.now - DEAD_LATELY)
        for channel in enabled:
            yield from _sending(context, context.store, channel.name, states.get(channel.name), dead)
            yield from _moved(channel, states.get(channel.name))
        yield from _gone({channel.name for channel in enabled}, dead)
        if enabled and context.store.alerts.open_of_channels().keys() >= {channel.name for channel in enabled}:
            yield Finding("channel", Level.WRONG, "channel_mute")
    if context.check_connectivity is not None:
        addresses = [state.address if (state := states.get(channel.name)) else "" for channel in enabled]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(_asked, enabled, addresses)


def heartbeat(context: DoctorContext) -> Iterator[Finding]:
    """Would a failure of this machine be noticed. The heartbeat is not pinged: that would say that all is well."""
    beat = context.config.heartbeat
    if beat is None:
        yield Finding("heartbeat", Level.OK, "heartbeat_none")
        return
    if context.check_connectivity is None:
        yield Finding("heartbeat", Level.OK, "heartbeat_set")
        return
    found = reachable(beat.url.get_secret_value(), ANSWERS_WITHIN)
    if found.ok:
        yield Finding("heartbeat", Level.OK, "heartbeat_reached")
    else:
        yield Finding("heartbeat", Level.WRONG, "heartbeat_unreachable", {"said": found.said})


def _sending(
    context: DoctorContext, store: Store, name: str, state: ChannelState | None, dead: Sequence[OutboxRow]
) -> Iterator[Finding]:
    values: dict[str, Value]
    if state is not None and is_paused(state, context.now) and state.paused_until is not None:
        values = {"until": state.paused_until, "said": state.error or "-"}
        yield Finding("channel", Level.WARNING, "channel_paused", values, name=name)
    elif state is not None and state.failing_since is not None:
        values = {"since": state.failing_since, "said": state.error or "-"}
        level = Level.WRONG if state.is_final else Level.WARNING
        yield Finding("channel", level, "channel_failing", values, name=name)
    lost = [row for row in dead if row.notification.channel == name]
    if lost:
        yield Finding(
            "channel", Level.WARNING, "channel_dead", {"count": len(lost), "said": lost[0].error or "-"}, name=name
        )
    waiting = [row for row in store.channels.waiting(name) if _is_stuck(row, context)]
    if waiting:
        values = {"count": len(waiting), "since": min(row.notification.due_at for row in waiting)}
        yield Finding("channel", Level.WARNING, "channel_waiting", values, name=name)


def _moved(channel: Channel, state: ChannelState | None) -> Iterator[Finding]:
    """The new address is used automatically, but a new database would not know it."""
    if state is not None and state.address and state.address not in channel.url.get_secret_value():
        yield Finding("channel", Level.WARNING, "channel_moved", {"address": state.address}, name=channel.name)


def _gone(names: Collection[str], dead: Sequence[OutboxRow]) -> Iterator[Finding]:
    """What waited for channels that were removed from the configuration or renamed."""
    for name, count in Counter(row.notification.channel for row in dead).items():
        if name not in names:
            yield Finding("channel", Level.WARNING, "channel_gone", {"count": count}, name=name)


def _is_stuck(row: OutboxRow, context: DoctorContext) -> bool:
    return context.now - row.notification.due_at > WAITS_TOO_LONG


def _asked(channel: Channel, address: str) -> Finding:
    """Whether it would deliver, as far as that can be checked without sending a message."""
    found = checked(open_configured(channel, address=address, deadline=ANSWERS_WITHIN))
    level = Level.OK if found.ok else Level.WRONG
    return Finding("channel", level, f"channel_{found.seen}", {"said": found.said}, name=channel.name)
