"""The channels: can each be reached, does it know us, and what became of what it was to tell."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from labelwatch.config import Channel
from labelwatch.doctor.door import door_of, door_to, knocked
from labelwatch.doctor.finding import Finding, Level, Value
from labelwatch.doctor.patient import Patient
from labelwatch.notify.channels import open_channel
from labelwatch.notify.channels.mail import Mail
from labelwatch.notify.channels.mail_talk import log_in
from labelwatch.notify.channels.outcome import Delivered
from labelwatch.notify.channels.telegram import Telegram
from labelwatch.notify.channels.telegram_api import Done, Refusal, Said, meaning
from labelwatch.notify.desk import is_paused
from labelwatch.store import ChannelState, OutboxRow, OutboxState, Store

ANSWERS_WITHIN = timedelta(seconds=15)
DEAD_LATELY = timedelta(days=7)
WAITS_TOO_LONG = timedelta(minutes=10)
AT_ONCE = 8


def channels(patient: Patient) -> Iterator[Finding]:
    """Of each channel: what failed or waits in the outbox, whether its server is there and takes our token."""
    enabled = [channel for channel in patient.config.channels if channel.enabled]
    states: dict[str, ChannelState] = {}
    if patient.store is not None:
        states = patient.store.outgoing.states()
        dead = patient.store.notifications(states=[OutboxState.DEAD], since=patient.now - DEAD_LATELY)
        for channel in enabled:
            yield from _telling(patient, patient.store, channel.name, states.get(channel.name), dead)
            yield from _moved(channel, states.get(channel.name))
        yield from _gone({channel.name for channel in enabled}, dead)
        if enabled and patient.store.outgoing.troubles().keys() >= {channel.name for channel in enabled}:
            yield Finding("channel", Level.WRONG, "channel_mute")
    if patient.knock is not None:
        addresses = [state.address if (state := states.get(channel.name)) else "" for channel in enabled]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(_asked, enabled, addresses)


def heartbeat(patient: Patient) -> Iterator[Finding]:
    """Would anybody notice the end of this machine. It is not pinged: that would say that all is well."""
    beat = patient.config.heartbeat
    if beat is None:
        yield Finding("heartbeat", Level.OK, "heartbeat_none")
        return
    door = door_to(beat.url.get_secret_value()) if patient.knock is not None else None
    why = knocked(door) if door else ""
    if why:
        yield Finding("heartbeat", Level.WRONG, "heartbeat_unreachable", {"said": why})
    else:
        yield Finding("heartbeat", Level.OK, "heartbeat_reached" if door else "heartbeat_set")


def _telling(
    patient: Patient, store: Store, name: str, state: ChannelState | None, dead: Sequence[OutboxRow]
) -> Iterator[Finding]:
    values: dict[str, Value]
    if state is not None and is_paused(state, patient.now) and state.paused_until is not None:
        values = {"until": state.paused_until, "said": state.error or "-"}
        yield Finding("channel", Level.WARNING, "channel_paused", values, name=name)
    elif state is not None and state.failing_since is not None:
        values = {"since": state.failing_since, "said": state.error}
        level = Level.WRONG if state.is_final else Level.WARNING
        yield Finding("channel", level, "channel_failing", values, name=name)
    lost = [row for row in dead if row.notification.channel == name]
    if lost:
        yield Finding(
            "channel", Level.WARNING, "channel_dead", {"count": len(lost), "said": lost[0].error}, name=name
        )
    waiting = [row for row in store.outgoing.waiting(name) if _is_stuck(row, patient)]
    if waiting:
        values = {"count": len(waiting), "since": min(row.notification.due_at for row in waiting)}
        yield Finding("channel", Level.WARNING, "channel_waiting", values, name=name)


def _moved(channel: Channel, state: ChannelState | None) -> Iterator[Finding]:
    """Followed on its own, but a new database would not know where to."""
    if state is not None and state.address and state.address not in channel.url.get_secret_value():
        yield Finding("channel", Level.WARNING, "channel_moved", {"address": state.address}, name=channel.name)


def _gone(names: Collection[str], dead: Sequence[OutboxRow]) -> Iterator[Finding]:
    """What waited for channels that were taken out of the configuration, or are called otherwise now."""
    for name, count in Counter(row.notification.channel for row in dead).items():
        if name not in names:
            yield Finding("channel", Level.WARNING, "channel_gone", {"count": count}, name=name)


def _is_stuck(row: OutboxRow, patient: Patient) -> bool:
    return patient.now - row.notification.due_at > WAITS_TOO_LONG


def _asked(channel: Channel, address: str) -> Finding:
    door = door_of(channel)
    if door is None:
        return Finding("channel", Level.OK, "channel_unknown", name=channel.name)
    why = knocked(door)
    if why:
        values = {"server": f"{door[0]}:{door[1]}", "said": why}
        return Finding("channel", Level.WRONG, "channel_unreachable", values, name=channel.name)
    return _admission(channel, address)


def _admission(channel: Channel, address: str) -> Finding:
    """Whether the service knows us, where that can be asked without sending anything to anybody."""
    opened = open_channel(
        channel.url.get_secret_value(),
        api_base=channel.api_base or "",
        proxy=channel.proxy.get_secret_value() if channel.proxy else "",
        address=address,
        deadline=ANSWERS_WITHIN,
    )
    if isinstance(opened, Telegram):
        said, what = _telegram(opened), "channel_knows_bot"
    elif isinstance(opened, Mail):
        result = log_in(opened.server, opened.line)
        said = "" if isinstance(result, Delivered) else result.error
        what = "channel_knows_login" if opened.server.user else "channel_reached"
    else:
        return Finding("channel", Level.OK, "channel_reached", name=channel.name)
    if said:
        return Finding("channel", Level.WRONG, "channel_refuses", {"said": said}, name=channel.name)
    return Finding("channel", Level.OK, what, name=channel.name)


def _telegram(chat: Telegram) -> str:
    """What the bot or its chat lacks; empty = both are there."""
    bot = _complaint(chat.bot.ask("getMe", json={}))
    return bot or _complaint(chat.bot.ask("getChat", json={"chat_id": chat.address}))


def _complaint(said: Said) -> str:
    if isinstance(said, Done):
        return ""
    return meaning(said).error if isinstance(said, Refusal) else said.error
