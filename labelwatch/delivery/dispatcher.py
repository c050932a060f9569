"""The next message of one channel:

    claim    what is due for a channel, under a lease: no other process sends it meanwhile      store
    bundle   only the newest notification of each alert, older ones are superseded; what        compose
             would disturb the channel's quiet hours is postponed
    render   one message in the channel's language, and its alerts as JSON                      compose, messages
    send     once, within a deadline                                                            channels
    settle   sent, or to be retried; a channel that does not work is reported                   settle
    edit     sent messages that are out of date                                                 edit_sent

`due_channels` says which channels have something to do. A thread of its own serves each of them, message by message,
in the service (service/scheduler.py) and in `send_due`: none waits for another.

After a crash before `settle` the lease expires: the same rows are sent again under the same key, so at most that one
message is duplicated, and its recipient can tell.
"""

import logging
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from labelwatch.channels.base import Delivered
from labelwatch.core.alert import SUMMARIES, Reason
from labelwatch.core.routing import due_at, gathers_until, quiet_until
from labelwatch.core.subject import Channel
from labelwatch.core.text import Text
from labelwatch.core.visibility import is_for
from labelwatch.delivery.channel_problems import report_overdue
from labelwatch.delivery.compose import compose, is_brief, newest_of_each, one_message
from labelwatch.delivery.context import (
    LONGEST_WISH,
    DeliveryContext,
    alert_id,
    is_paused,
    outcome_of,
)
from labelwatch.delivery.edit_sent import edit_due
from labelwatch.delivery.follow_ups import current
from labelwatch.delivery.handled import is_follow_up
from labelwatch.delivery.settle import settle
from labelwatch.i18n import translate
from labelwatch.messages.plain import plain
from labelwatch.store import ChannelState, OutboxRow, OutboxState, Store, StoreError
from labelwatch.store.outbox import LONGEST_LEASE, SKEW
from labelwatch.store.values import Settled

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Far longer than a channel's own deadline for one message."""
LOOK_AGAIN = timedelta(seconds=1)

Sent = tuple[int, Text | None]
"""How many alerts a message delivered, and the error."""


@dataclass(frozen=True, slots=True)
class Round:
    """What was sent: channel -> number of alerts it was notified of, and channel -> the last error."""

    told: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)


def due_channels(delivery: DeliveryContext) -> set[str]:
    """The channels with something to send, to edit, or to record."""
    due = delivery.store.outbox.due_channels(delivery.now())
    return (due | delivery.unsettled.keys()) & delivery.channels.keys()


def send_next(delivery: DeliveryContext, name: str) -> Sent | None:
    """Send the next message of a channel, or edit some that are out of date; None = it has nothing to do now."""
    if delivery.stop():
        return None
    _settle_left(delivery, name)
    rows = _claimed(delivery, name)
    if rows:
        return _tell(delivery, name, rows)
    return (0, None) if edit_due(delivery, name) else None


def send_due(delivery: DeliveryContext) -> Round:
    """Send until nothing is due. Raises the first error after the other channels are done."""
    told, errors, failed = Counter[str](), dict[str, Text](), list[BaseException]()
    at_work, news, seen = dict[Future[Sent | None], str](), 0, dict[str, int]()
    report_overdue(delivery)
    with ThreadPoolExecutor(max(len(delivery.channels), 1), thread_name_prefix="tell") as pool:
        while True:
            # A channel with nothing to do is asked again after another one did something, or after some time.
            for name in sorted(due_channels(delivery) - {*at_work.values()}):
                if seen.get(name, -1) < news:
                    seen[name] = news
                    at_work[pool.submit(send_next, delivery, name)] = name
            if not at_work:
                break
            done = wait(at_work, LOOK_AGAIN.total_seconds(), FIRST_COMPLETED).done
            news += not done
            for one in done:
                name = at_work.pop(one)
                if error := one.exception():
                    seen[name] = sys.maxsize
                    failed.append(error)
                elif sent := one.result():
                    news += 1
                    told[name] += sent[0]
                    errors |= {name: sent[1]} if sent[1] else {}
    if failed:
        raise failed[0]
    return Round(dict(+told), errors)


def _is_unbelievable(row: OutboxRow, now: datetime) -> bool:
    """Whether a wait must be from before the clock was set back: it is longer than any, or began in the future."""
    if row.lease_until is not None:
        return row.lease_until > now + LONGEST_LEASE + SKEW
    return row.created_at > now + SKEW or row.notification.due_at > now + LONGEST_WISH + LEASE


def recover(store: Store, *, now: datetime) -> int:
    """Make the rows that a dead process left under lease due at once, as the same messages; returns their number.
    What waits for a channel that failed permanently is due as well: a repair may be the reason for the restart.

    Only for a process that holds the database alone: no other sender can be alive.
    """
    left = [row.id for row in store.outbox.find(states=[OutboxState.LEASED], limit=100_000)]
    error = Text("interrupted")
    failed = [name for name, state in store.channels.states().items() if state.is_final]
    waiting = [row.id for name in failed for row in store.channels.waiting(name)]
    with store.write() as tx:
        count = tx.outbox.settle(left, Settled(OutboxState.RETRY, error=error, next_try=now, keep_key=True), at=now)
        tx.outbox.hurry(waiting, at=now)
    return count


def _claimed(delivery: DeliveryContext, name: str) -> list[OutboxRow]:
    """The rows of the next message, or none while the channel must wait. A test is sent at once: its sender wants to
    see the result even if the channel fails or is gathering."""
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
    # Keep the order: what failed goes first, once it is due.
    held = any(row.lease_until is None and row.notification.due_at > now for row in waits)
    only = Reason.TEST if held or (state is not None and _is_paced(delivery, state, now)) else None
    key = delivery.new_key()
    rows = delivery.store.outbox.claim(name, now=now, lease_until=now + LEASE, key=key, only=only)
    if rows and rows[0].message_key == key and only is None and delivery.channels[name][0].calm_interval:
        rows += delivery.store.outbox.join(name, now=now, lease_until=now + LEASE, key=key)
    return rows


def _is_paced(delivery: DeliveryContext, state: ChannelState, now: datetime) -> bool:
    """Whether the last message of the channel is so recent that further notifications are gathered first."""
    spoke = state.sent_at
    return spoke is not None and spoke <= now < spoke + delivery.channels[state.name][0].group_interval


def _waits_for_another(
    delivery: DeliveryContext, name: str, states: Mapping[str, ChannelState], now: datetime
) -> bool:
    """Whether it is to report a channel that is just being retried, as after a restart: that one may work again."""
    others = [
        state for other, state in states.items() if other in delivery.channels and other != name and state.is_final
    ]
    if not others or (name in states and states[name].is_final):
        return False
    tried = {state.name for state in others if _is_being_tried(delivery, state, now)}
    return bool(tried) and any(
        isinstance(about := row.notification.alert.diagnosis.subject, Channel)
        and about.name in tried
        and row.notification.reason is not Reason.RESOLVED
        for row in delivery.store.channels.waiting(name)
    )


def _is_being_tried(delivery: DeliveryContext, state: ChannelState, now: datetime) -> bool:
    if is_paused(state, now) or _is_paced(delivery, state, now):
        return False
    waiting = delivery.store.channels.waiting(state.name)
    due = [one for one in waiting if one.notification.due_at <= now]
    # A row that waits for its retry blocks all the others.
    return bool(due) and all(one in due for one in waiting if one.state is OutboxState.RETRY)


def _tell(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> Sent:
    """Send claimed rows as one message; returns how many alerts were delivered, and the error."""
    rows = _worth_sending(delivery, name, rows)
    if not rows:
        return 0, None
    delivery.at("claimed")
    if delivery.stop():
        delivery.store.outbox.release([row.id for row in rows])
        return 0, None
    channel = delivery.channels[name][1]
    try:
        outgoing = compose(delivery, name, rows)
    except Exception as error:  # any error: one alert that cannot be shown must not block the channel
        return _told_singly(delivery, name, rows) if len(rows) > 1 else (0, _given_up(delivery, name, rows[0], error))
    result = outcome_of(name, lambda: channel.send(outgoing))
    delivery.at("sent")
    brief = is_brief(outgoing.earlier, rows, channel) or all(map(is_follow_up, rows))
    # It was sent and must not be sent again only because the database fails: the result is kept in memory until then.
    delivery.unsettled[name] = partial(settle, delivery, name, rows, result, brief=brief)
    _settle_left(delivery, name)
    return (len(rows), None) if isinstance(result, Delivered) else (0, result.error)


def _settle_left(delivery: DeliveryContext, name: str) -> None:
    """Store the result of a channel's last message; it is kept while the database cannot be written."""
    record = delivery.unsettled.pop(name, None)
    if record is None:
        return
    try:
        record()
    except StoreError as error:
        if error.fault.is_condition:
            delivery.unsettled[name] = record
        raise


def _worth_sending(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """The rows that are one message now; the others are superseded, postponed to the end of the quiet hours, or
    released for the next message."""
    # Postpone first: a postponed row must not supersede one that may be sent.
    rows = _not_held(delivery, name, _concerning(delivery, name, rows))
    told_before = delivery.store.outbox.told_before(name, [alert_id(row) for row in rows])
    rows, superseded = newest_of_each(rows, told_before)
    holding = current(delivery, name, rows)
    superseded += [row for row in rows if row not in holding]
    rows = holding
    if superseded:
        delivery.store.outbox.supersede([row.id for row in superseded], why=Text("superseded"))
    rows = _not_gathered(delivery, name, rows)
    if not rows:
        return []
    message, others = one_message(rows)
    if others:
        _detach(delivery, others)
    return message


def _concerning(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """The rows about shops of the channel, whose shops may have changed since they were queued."""
    shops = delivery.channels[name][0].shops
    kept = [row for row in rows if is_for(row.notification.alert, shops)]
    if len(kept) < len(rows):
        delivery.store.outbox.supersede([row.id for row in rows if row not in kept], why=Text("other_shops"))
    return kept


def _detach(delivery: DeliveryContext, rows: Sequence[OutboxRow]) -> None:
    """Make these rows a message of their own, under a key of their own."""
    with delivery.store.write() as tx:
        tx.outbox.detach([row.id for row in rows])


def _not_held(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """The rows that may be sent now, including those that may have arrived already: they can disturb no more."""
    destination, now, held = delivery.channels[name][0], delivery.now(), dict[datetime, list[int]]()
    for row in rows:
        if row.notification.reason in {Reason.TEST, *SUMMARIES} or row.possible_duplicate:
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
    """All rows or none: while none of them is urgent they wait for more. A retry does not wait."""
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


def _told_singly(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow]) -> Sent:
    """Send rows that cannot be rendered together: bad ones are given up, the others are one message.

    If each can be rendered alone, the first is sent alone and the others are released.
    """
    good, last = [], None
    for row in rows:
        try:
            compose(delivery, name, [row])
            good.append(row)
        except Exception as error:  # as above
            last = _given_up(delivery, name, row, error)
    if len(good) == len(rows):
        _detach(delivery, good[1:])
        good = good[:1]
    told, error_of_rest = _tell(delivery, name, good) if good else (0, None)
    return told, error_of_rest or last


def _given_up(delivery: DeliveryContext, name: str, row: OutboxRow, error: Exception) -> Text:
    """End a row that cannot be rendered, or it would come first every time; returns why."""
    why = Text("not_shown", {"raw": f"{type(error).__name__}: {plain(str(error), 160)}"})
    log.error("channel %s: notification %d %s", name, row.id, translate(why, "en"))
    with delivery.store.write() as tx:
        tx.outbox.settle([row.id], Settled(OutboxState.DEAD, error=why), at=delivery.now())
    return why
