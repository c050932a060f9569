"""One round of telling, over every channel at once:

    claim | bundle | render | send | mark | revise

    claim    what is due for a channel, under a lease: nobody else sends it meanwhile          store
    bundle   of each alert only the newest telling; what was overtaken is superseded; what     parcels
             would disturb the channel's quiet hours is held back
    render   one message in the channel's language, and its alerts as JSON                     parcels, messages
    send     once, within a deadline                                                           channels
    mark     sent, or to be tried again; a channel that does not work is reported              marking
    revise   messages that were sent before and say what is no longer so                       revising

A crash before `mark` lets the lease run out: the same rows go out again under the same key, so at most that one
message comes twice, and whoever gets it can tell.
"""

import logging
import random
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from labelwatch.channels.base import Delivered
from labelwatch.core.alert import Reason
from labelwatch.core.routing import due_at, gathers_until, quiet_until
from labelwatch.core.visibility import narrowed
from labelwatch.delivery.channel_problems import report_overdue
from labelwatch.delivery.compose import compose, is_brief, newest_of_each, one_message
from labelwatch.delivery.context import (
    LONGEST_WISH,
    Channels,
    DeliveryContext,
    DeliverySettings,
    alert_id,
    is_paused,
    outcome_of,
)
from labelwatch.delivery.edit_sent import edit_due
from labelwatch.delivery.follow_ups import current, is_follow_up
from labelwatch.delivery.settle import settle
from labelwatch.messages.plain import plain
from labelwatch.store import ChannelState, OutboxRow, OutboxState, Store, StoreError
from labelwatch.store.outbox import LONGEST_LEASE, SKEW

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Far longer than a channel's own deadline for one message."""
ROUND = timedelta(minutes=1)
"""After so long no further message is begun; the next round goes on."""
LOOK_AGAIN = timedelta(seconds=1)
PASSES = 3
"""What one channel has to say of another may come when that one has just gone to rest."""

_CHANCE = random.SystemRandom()
_NO_SETTINGS = DeliverySettings()
_NOT_FOR_IT = "it concerns no shop that this channel may see"
_OVERTAKEN = "overtaken: a newer telling replaces it, or it was over before this channel was told"


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: channel -> how many alerts it was told of, and channel -> what went wrong last."""

    told: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


def send_due(
    store: Store,
    channels: Channels,
    *,
    now: Callable[[], datetime],
    stop: Callable[[], bool],
    settings: DeliverySettings = _NO_SETTINGS,
    at: Callable[[str], None] = lambda point: None,
    chance: random.Random = _CHANCE,
    unsettled: dict[str, Callable[[], None]] | None = None,
) -> Round:
    """Send everything that is due, each channel in a thread of its own, so that a slow one delays no other.

    `at` is called with "claimed" and "sent" where a crash is worth trying. `unmarked` is kept from round to round.
    Raises StoreError after the other channels are done.
    """
    told, errors = dict[str, int](), dict[str, str]()
    delivery = DeliveryContext(
        store, channels, settings, now, stop, at, chance, {} if unsettled is None else unsettled
    )
    for name in list(delivery.unsettled):
        _settle_left(delivery, name)
    report_overdue(delivery)
    for _ in range(PASSES):
        if not channels or stop() or not _is_due(store, now()):
            break
        done = _pass(delivery)
        told = {name: told.get(name, 0) + done.told.get(name, 0) for name in told.keys() | done.told.keys()}
        errors |= done.errors
        if not done.told and not done.errors:
            break
    return Round(told, errors)


def _pass(delivery: DeliveryContext) -> Round:
    """All channels at once, until none of them has anything to do."""
    barrier = _Barrier(delivery.channels)
    with ThreadPoolExecutor(len(delivery.channels), thread_name_prefix="tell") as pool:
        workers = [pool.submit(_serve, delivery, barrier, name) for name in delivery.channels]
    done = [worker.result() for worker in workers]
    return Round(
        {name: told for name, told, _ in done if told},
        {name: error for name, _, error in done if error},
    )


def _is_due(store: Store, now: datetime) -> bool:
    """Whether anything can be sent or changed: its time has come, or the clock was set back since it was written."""
    moments = [moment for moment in (store.outbox.next_due(), store.channels.next_revision()) if moment is not None]
    if not moments or min(moments) <= now:
        return bool(moments)
    leased = store.outbox.find(states=[OutboxState.LEASED], limit=50)
    queued = [OutboxState.PENDING, OutboxState.RETRY]
    return any(_is_unbelievable(row, now) for row in leased) or bool(
        store.outbox.find(states=queued, since=now + SKEW, limit=1)
    )


def _is_unbelievable(row: OutboxRow, now: datetime) -> bool:
    """Whether a wait must be from before the clock was set back: it is longer than any, or began in the future."""
    if row.lease_until is not None:
        return row.lease_until > now + LONGEST_LEASE + SKEW
    return row.created_at > now + SKEW or row.notification.due_at > now + LONGEST_WISH + LEASE


def recover(store: Store, *, now: datetime) -> int:
    """Make what a dead process left under lease due at once, as the messages they were; how many rows. What waits
    for a channel that somebody had to mend is due as well: that may be why we were started again.

    Only for the one process that holds the database alone: for it no other sender can be alive.
    """
    left = [row.id for row in store.outbox.find(states=[OutboxState.LEASED], limit=100_000)]
    error = "the program ended while it was being sent"
    mended = [name for name, state in store.channels.states().items() if state.is_final]
    waiting = [row.id for name in mended for row in store.channels.waiting(name)]
    with store.write() as tx:
        count = tx.outbox.settle(left, state=OutboxState.RETRY, at=now, error=error, next_try=now, keep_key=True)
        tx.outbox.hurry(waiting, at=now)
    return count


class _Barrier:
    """The channels of a round: it ends when none of them has anything to do."""

    def __init__(self, names: Collection[str]) -> None:
        self._busy = set(names)
        self._changed = threading.Condition()

    def rest(self, name: str) -> bool:
        """This one has nothing to do. True = neither has any other; False = a moment has passed, look again."""
        with self._changed:
            self._leave(name)
            if self._changed.wait_for(lambda: not self._busy, LOOK_AGAIN.total_seconds()):
                return True
            self._busy.add(name)
            return False

    def leave(self, name: str) -> None:
        with self._changed:
            self._leave(name)

    def _leave(self, name: str) -> None:
        self._busy.discard(name)
        if not self._busy:
            self._changed.notify_all()


def _serve(delivery: DeliveryContext, barrier: _Barrier, name: str) -> tuple[str, int, str]:
    """Send message after message over one channel; returns its name, alerts told, and the last error."""
    began, told, error = delivery.now(), 0, ""
    try:
        while not delivery.stop() and abs(delivery.now() - began) < ROUND:
            rows = _claimed(delivery, name)
            if rows:
                count, error = _tell(delivery, name, rows)
                told += count
            elif not edit_due(delivery, name) and barrier.rest(name):
                break
    finally:
        barrier.leave(name)
    return name, told, error


def _claimed(delivery: DeliveryContext, name: str) -> list[OutboxRow]:
    """The rows of the next message, or none while it is not this channel's time. A test is let through: who tries a
    channel that fails, or has just been told something, wants to see what happens."""
    now = delivery.now()
    states = delivery.store.channels.states()
    state = states.get(name)
    if state is not None and is_paused(state, now):
        return []
    if _waits_for_another(delivery, name, states, now):
        return []
    ahead = delivery.store.outbox.find(channel=name, states=[OutboxState.LEASED, OutboxState.RETRY], limit=50)
    waits = [row for row in ahead if not _is_unbelievable(row, now)]
    if any(row.lease_until is not None and row.lease_until > now for row in waits):
        return []
    # Order is kept: what failed goes first, when its time has come.
    held = any(row.lease_until is None and row.notification.due_at > now for row in waits)
    only = Reason.TEST if held or (state is not None and _is_paced(delivery, state, now)) else None
    key = delivery.new_key()
    rows = delivery.store.outbox.claim(name, now=now, lease_until=now + LEASE, key=key, only=only)
    if rows and rows[0].message_key == key and only is None and delivery.channels[name][0].calm_interval:
        rows += delivery.store.outbox.join(name, now=now, lease_until=now + LEASE, key=key)
    return rows


def _is_paced(delivery: DeliveryContext, state: ChannelState, now: datetime) -> bool:
    """Whether the channel was told something so lately that the rest is gathered first."""
    spoke = state.sent_at
    return spoke is not None and spoke <= now < spoke + delivery.channels[state.name][0].group_interval


def _waits_for_another(
    delivery: DeliveryContext, name: str, states: Mapping[str, ChannelState], now: datetime
) -> bool:
    """Whether it is to report a channel that is just tried again, as after a restart: that may have mended it."""
    others = [
        state for other, state in states.items() if other in delivery.channels and other != name and state.is_final
    ]
    if not others or (name in states and states[name].is_final):
        return False
    tried = {f"channel:{state.name}" for state in others if _is_being_tried(delivery, state, now)}
    return bool(tried) and any(
        row.notification.alert.diagnosis.incident in tried and row.notification.reason is not Reason.RESOLVED
        for row in delivery.store.channels.waiting(name)
    )


def _is_being_tried(delivery: DeliveryContext, state: ChannelState, now: datetime) -> bool:
    if is_paused(state, now) or _is_paced(delivery, state, now):
        return False
    waiting = delivery.store.channels.waiting(state.name)
    due = [one for one in waiting if one.notification.due_at <= now]
    # What waits for a later try holds all the rest.
    return bool(due) and all(one in due for one in waiting if one.state is OutboxState.RETRY)


def _tell(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> tuple[int, str]:
    """One message made of claimed rows; returns how many alerts arrived, and what went wrong."""
    rows = _worth_sending(delivery, name, rows)
    if not rows:
        return 0, ""
    delivery.at("claimed")
    if delivery.stop():
        delivery.store.outbox.release([row.id for row in rows])
        return 0, ""
    channel = delivery.channels[name][1]
    try:
        outgoing = compose(delivery, name, rows)
    except Exception as error:  # whatever it is: one alert that cannot be shown must not silence the channel
        return _told_singly(delivery, name, rows) if len(rows) > 1 else (0, _given_up(delivery, name, rows[0], error))
    result = outcome_of(name, lambda: channel.send(outgoing))
    delivery.at("sent")
    brief = is_brief(outgoing.earlier, rows, channel) or all(map(is_follow_up, rows))
    # It is on its way: for want of a note it must not go out again, so the note waits in memory if it has to.
    delivery.unsettled[name] = partial(settle, delivery, name, rows, result, brief=brief)
    _settle_left(delivery, name)
    return (len(rows), "") if isinstance(result, Delivered) else (0, result.error)


def _settle_left(delivery: DeliveryContext, name: str) -> None:
    """Write down what became of a channel's last message; it stays known while the database cannot."""
    is_known = False
    try:
        delivery.unsettled[name]()
    except StoreError as error:
        is_known = error.fault.is_condition
        raise
    finally:
        if not is_known:
            del delivery.unsettled[name]


def _worth_sending(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """The rows that are one message now; the others are superseded, held back until it is no longer quiet, or given
    back for the next message."""
    # Held back first: what may not go out yet must not take the place of what may.
    rows = _not_held(delivery, name, _concerning(delivery, name, rows))
    told_before = delivery.store.outbox.told_before(name, [alert_id(row) for row in rows])
    rows, overtaken = newest_of_each(rows, told_before)
    holding = current(delivery, name, rows)
    overtaken += [row for row in rows if row not in holding]
    rows = holding
    if overtaken:
        delivery.store.outbox.supersede([row.id for row in overtaken], why=_OVERTAKEN)
    rows = _not_gathered(delivery, name, rows)
    if not rows:
        return []
    message, others = one_message(rows)
    if others:
        _detach(delivery, others)
    return message


def _concerning(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Those of which the channel may see something: its shops may have changed since they were queued."""
    shops = delivery.channels[name][0].shops
    kept = [row for row in rows if narrowed(row.notification.alert, shops) is not None]
    if len(kept) < len(rows):
        delivery.store.outbox.supersede([row.id for row in rows if row not in kept], why=_NOT_FOR_IT)
    return kept


def _detach(delivery: DeliveryContext, rows: Sequence[OutboxRow]) -> None:
    """Have these be a message of their own, under a key of their own."""
    with delivery.store.write() as tx:
        tx.outbox.detach([row.id for row in rows])


def _not_held(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """Those that may go out now. What may have arrived already goes out again: it has disturbed, if it did."""
    destination, now, held = delivery.channels[name][0], delivery.now(), dict[datetime, list[int]]()
    for row in rows:
        if row.notification.reason in (Reason.TEST, Reason.HANDOVER) or row.possible_duplicate:
            continue
        reason = row.notification.reason
        follows = is_follow_up(row)
        until = quiet_until(destination, now) if follows else due_at(row.notification.alert, reason, destination, now)
        if until > now:
            held.setdefault(until, []).append(row.id)
    if held:
        with delivery.store.write() as tx:
            for until, ids in held.items():
                tx.outbox.postpone(ids, until=until)
    kept = {id_ for ids in held.values() for id_ in ids}
    return [row for row in rows if row.id not in kept]


def _not_gathered(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """All of them, or none: as long as nobody has to hurry for any, they wait for more. What was tried goes on."""
    to, now, state = delivery.channels[name][0], delivery.now(), delivery.store.channels.states().get(name)
    spoke = state.sent_at if state else None
    if not rows or spoke is None or spoke > now or any(row.attempts > 1 for row in rows):
        return list(rows)
    until = min(gathers_until(row.notification, to, spoke, now) for row in rows)
    if until <= now:
        return list(rows)
    with delivery.store.write() as tx:
        tx.outbox.postpone([row.id for row in rows], until=until)
    return []


def _told_singly(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> tuple[int, str]:
    """Tell rows that make no message together: those that cannot be shown are given up, the others are one message.

    Where each can be shown alone, the first goes alone and the others are given back.
    """
    sound, last = [], ""
    for row in rows:
        try:
            compose(delivery, name, [row])
            sound.append(row)
        except Exception as error:  # as above
            last = _given_up(delivery, name, row, error)
    if len(sound) == len(rows):
        _detach(delivery, sound[1:])
        sound = sound[:1]
    told, error_of_rest = _tell(delivery, name, sound) if sound else (0, "")
    return told, error_of_rest or last


def _given_up(delivery: DeliveryContext, name: str, row: OutboxRow, error: Exception) -> str:
    """End a row that cannot be shown, or it would come first again and again; returns why."""
    why = f"cannot be shown: {type(error).__name__}: {plain(str(error), 160)}"
    log.error("channel %s: notification %d %s", name, row.id, why)
    with delivery.store.write() as tx:
        tx.outbox.settle([row.id], state=OutboxState.DEAD, at=delivery.now(), error=why)
    return why
