"""One round of telling, over every channel at once:

    claim | bundle | render | send | mark

    claim    what is due for a channel, under a lease: nobody else sends it meanwhile         store
    bundle   of each alert only the newest telling; what was overtaken is superseded          sift
    render   one message in the channel's language, and its alerts as JSON                    messages, view
    send     once, within a deadline                                                          channels
    mark     sent, unverified, to be tried again, or dead and reported through another one    store

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

from labelwatch.core.model import Destination, Reason
from labelwatch.notify.channels.outcome import (
    Ambiguous,
    BadMessage,
    Channel,
    Delivered,
    Parcel,
    Permanent,
    RateLimited,
    Result,
    Retry,
)
from labelwatch.notify.message import Message
from labelwatch.notify.messages import dead_channel, render
from labelwatch.notify.plain import plain
from labelwatch.notify.view import View, view
from labelwatch.store import OutboxRow, OutboxState, Store
from labelwatch.store.outbox import LONGEST_LEASE, SKEW

log = logging.getLogger(__name__)

Channels = Mapping[str, tuple[Destination, Channel]]

LEASE = timedelta(minutes=2)
"""Far longer than a channel's own deadline for one message."""
ROUND = timedelta(minutes=1)
"""After so long no further message is begun; the next round goes on."""
LOOK_AGAIN = timedelta(seconds=1)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_WISH = timedelta(hours=1)
"""No service gets to silence us for longer with its Retry-After."""
REPORT_EVERY = timedelta(hours=1)

_CHANCE = random.SystemRandom()
_TOLD_ELSEWHERE = " (reported through {channel})"
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
    fallbacks: Mapping[str, str] | None = None,
    at: Callable[[str], None] = lambda point: None,
    chance: random.Random = _CHANCE,
) -> Round:
    """Send everything that is due, each channel in a thread of its own, so that a slow one delays no other.

    `fallbacks` names for a channel the one that is told when it is dead (else any other). `at` is called with
    "claimed" and "sent" where a crash is worth trying. Raises StoreError after the other channels are done.
    """
    if not channels or not _is_due(store, now()):
        return Round()
    desk = _Desk(store, channels, fallbacks or {}, now, stop, at, chance)
    crowd = _Crowd(channels)
    with ThreadPoolExecutor(len(channels), thread_name_prefix="tell") as pool:
        clerks = [pool.submit(_serve, desk, crowd, name) for name in channels]
    done = [clerk.result() for clerk in clerks]
    return Round(
        {name: told for name, told, _ in done if told},
        {name: error for name, _, error in done if error},
    )


def _is_due(store: Store, now: datetime) -> bool:
    """Whether anything can be claimed: its time has come, or the clock was set back after that time was written."""
    due = store.next_due()
    if due is None or due <= now:
        return due is not None
    leased = store.notifications(states=[OutboxState.LEASED], limit=50)
    queued = [OutboxState.PENDING, OutboxState.RETRY]
    return any(_is_unbelievable(row, now) for row in leased) or bool(
        store.notifications(states=queued, since=now + SKEW, limit=1)
    )


def _is_unbelievable(row: OutboxRow, now: datetime) -> bool:
    """Whether a wait must be from before the clock was set back: it is longer than any, or began in the future."""
    if row.lease_until is not None:
        return row.lease_until > now + LONGEST_LEASE + SKEW
    return row.created_at > now + SKEW or row.notification.due_at > now + LONGEST_WISH + LEASE


def recover(store: Store, *, now: datetime) -> int:
    """Make what a dead process left under lease due at once, as the messages they were; how many rows.

    Only for the one process that holds the database alone: for it no other sender can be alive.
    """
    left = store.notifications(states=[OutboxState.LEASED], limit=100_000)
    error = "the program ended while it was being sent"
    ids = [row.id for row in left]
    return store.settle(ids, state=OutboxState.RETRY, at=now, error=error, next_try=now, keep_key=True) if ids else 0


def sift(rows: Sequence[OutboxRow], told_before: Collection[int]) -> tuple[list[OutboxRow], list[OutboxRow]]:
    """What is worth sending, and what is superseded: of each alert only the newest telling counts, and an alert
    that is over is no news to a channel that never heard of it."""
    newest = {_alert_id(row): row for row in sorted(rows, key=lambda row: (row.notification.telling, row.id))}
    sent = {row.id for alert, row in newest.items() if not _is_over(row) or alert in told_before}
    return [row for row in rows if row.id in sent], [row for row in rows if row.id not in sent]


def pause(attempts: int, after: timedelta | None, chance: random.Random) -> timedelta:
    """How long to leave a channel alone after so many attempts; the service's own wish goes first."""
    if after is not None:
        return min(after, LONGEST_WISH)
    grown = FIRST_PAUSE * float(2 ** min(attempts - 1, 10)) * (1 + chance.random() / 4)
    return min(grown, LONGEST_PAUSE)


class _Crowd:
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


@dataclass(frozen=True, slots=True)
class _Desk:
    """What all channels of a round share."""

    store: Store
    channels: Channels
    fallbacks: Mapping[str, str]
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    at: Callable[[str], None]
    chance: random.Random
    turns: Mapping[str, threading.Lock] = field(init=False)
    """One message at a time to each channel, reports about another one included."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", {name: threading.Lock() for name in self.channels})

    def new_key(self) -> str:
        return f"{self.chance.getrandbits(128):032x}"


def _serve(desk: _Desk, crowd: _Crowd, name: str) -> tuple[str, int, str]:
    """Send message after message over one channel; returns its name, alerts told, and the last error."""
    began, told, error = desk.now(), 0, ""
    try:
        while not desk.stop() and abs(desk.now() - began) < ROUND:
            rows = _claimed(desk, name)
            if rows:
                count, error = _tell(desk, name, rows)
                told += count
            elif crowd.rest(name):
                break
    finally:
        crowd.leave(name)
    return name, told, error


def _claimed(desk: _Desk, name: str) -> list[OutboxRow]:
    """The rows of the next message, or none while an earlier one is under way or waits for its next try: order is
    kept, and a service that asked for a pause gets it."""
    now = desk.now()
    ahead = desk.store.notifications(channel=name, states=[OutboxState.LEASED, OutboxState.RETRY], limit=50)
    waits = [row for row in ahead if not _is_unbelievable(row, now)]
    if any((row.lease_until or row.notification.due_at) > now for row in waits):
        return []
    return desk.store.claim(name, now=now, lease_until=now + LEASE, key=desk.new_key())


def _tell(desk: _Desk, name: str, rows: Sequence[OutboxRow]) -> tuple[int, str]:
    """One message made of claimed rows; returns how many alerts arrived, and what went wrong."""
    told_before = desk.store.told_before(name, [_alert_id(row) for row in rows])
    rows, overtaken = sift(rows, told_before)
    if overtaken:
        desk.store.supersede([row.id for row in overtaken], why=_OVERTAKEN)
    if not rows:
        return 0, ""
    desk.at("claimed")
    if desk.stop():
        desk.store.release([row.id for row in rows])
        return 0, ""
    try:
        message, views = _composed(desk, name, rows)
    except Exception as error:  # whatever it is: one alert that cannot be shown must not silence the channel
        return _told_singly(desk, name, rows) if len(rows) > 1 else (0, _given_up(desk, name, rows[0], error))
    key = rows[0].message_key
    assert key is not None, "claimed rows have the key of their message"
    with desk.turns[name]:
        result = desk.channels[name][1].send(Parcel(message, views, key))
    desk.at("sent")
    _mark(desk, name, rows, result)
    return (len(rows), "") if isinstance(result, Delivered) else (0, result.error)


def _told_singly(desk: _Desk, name: str, rows: Sequence[OutboxRow]) -> tuple[int, str]:
    """Tell rows that make no message together: those that cannot be shown are given up, the others are one message.

    Where each can be shown alone, the first goes alone and the others are given back.
    """
    sound, last = [], ""
    for row in rows:
        try:
            _composed(desk, name, [row])
            sound.append(row)
        except Exception as error:  # as above
            last = _given_up(desk, name, row, error)
    if len(sound) == len(rows):
        desk.store.release([row.id for row in sound[1:]])
        sound = sound[:1]
    told, error_of_rest = _tell(desk, name, sound) if sound else (0, "")
    return told, error_of_rest or last


def _given_up(desk: _Desk, name: str, row: OutboxRow, error: Exception) -> str:
    """End a row that cannot be shown, or it would come first again and again; returns why."""
    why = f"cannot be shown: {type(error).__name__}: {plain(str(error), 160)}"
    log.error("channel %s: notification %d %s", name, row.id, why)
    desk.store.settle([row.id], state=OutboxState.DEAD, at=desk.now(), error=why)
    return why


def _composed(desk: _Desk, name: str, rows: Sequence[OutboxRow]) -> tuple[Message, list[View]]:
    """The message made of these rows, and its alerts as JSON."""
    destination, channel = desk.channels[name]
    message = render([row.notification for row in rows], destination, now=desk.now(), limit=channel.limit)
    views = [
        view(
            row.notification.alert,
            language=destination.language,
            reason=row.notification.reason,
            zone=destination.timezone,
            shops=destination.shops,
        )
        for row in rows
    ]
    return message, views


def _mark(desk: _Desk, name: str, rows: Sequence[OutboxRow], result: Result) -> None:
    """Write down what became of a message."""
    ids, at, store = [row.id for row in rows], desk.now(), desk.store
    attempts = max(row.attempts for row in rows)
    match result:
        case Delivered(receipt=receipt, verified=verified):
            log.info("channel %s: told of %d alerts", name, len(rows))
            state = OutboxState.SENT if verified else OutboxState.UNVERIFIED
            store.settle(ids, state=state, at=at, receipt=receipt)
        case Retry(error) | RateLimited(error):
            log.warning("channel %s: not delivered, to be tried again: %s", name, error)
            after = result.after if isinstance(result, RateLimited) else None
            next_try = at + pause(attempts, after, desk.chance)
            store.settle(ids, state=OutboxState.RETRY, at=at, error=error, next_try=next_try)
        case Ambiguous(error):
            log.warning("channel %s: it may have arrived, to be sent again: %s", name, error)
            next_try = at + pause(attempts, None, desk.chance)
            store.settle(ids, state=OutboxState.RETRY, at=at, error=error, next_try=next_try, keep_key=True)
        case Permanent(error) | BadMessage(error):
            log.error("channel %s: does not work: %s", name, error)
            through = _reported(desk, name, error, undelivered=len(rows))
            store.settle(ids, state=OutboxState.DEAD, at=at, error=error + through)


def _reported(desk: _Desk, name: str, reason: str, *, undelivered: int) -> str:
    """Tell another channel that this one is dead, at most once an hour; returns a note of it for the dead rows."""
    now = desk.now()
    dead = desk.store.notifications(channel=name, states=[OutboxState.DEAD], since=now - REPORT_EVERY, limit=50)
    mark = _TOLD_ELSEWHERE.partition("{")[0]
    if any(mark in row.error for row in dead):
        return ""
    preferred = desk.fallbacks.get(name)
    for other in sorted(desk.channels.keys() - {name}, key=lambda other: (other != preferred, other)):
        destination, channel = desk.channels[other]
        message = dead_channel(name, reason, undelivered=undelivered, destination=destination, now=now)
        with desk.turns[other]:
            if isinstance(channel.send(Parcel(message, [], desk.new_key())), Delivered):
                return _TOLD_ELSEWHERE.format(channel=other)
    log.critical("channel %s does not work and no other channel could be told: %s", name, reason)
    return ""


def _alert_id(row: OutboxRow) -> int:
    assert row.notification.alert.id is not None, "what is stored has an id"
    return row.notification.alert.id


def _is_over(row: OutboxRow) -> bool:
    return row.notification.reason is Reason.RESOLVED
