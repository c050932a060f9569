"""Records the result of an attempt to send: the rows of the message, the state of the channel, and the alert about a
channel that does not work, all in one transaction.

    delivered     sent or unverified; the channel works
    retry         again after a growing pause                  \\
    rate_limited  again when the service says; its account too  | for 15 minutes: reported through another channel
    ambiguous     again, as the same message under the same key/
    permanent     again after a long pause                       reported at once
    bad_message   half of it at a time; a single refused row waits, and is dead after some attempts
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from labelwatch.channels.base import Ambiguous, BadMessage, Delivered, Permanent, RateLimited, Result, Retry
from labelwatch.core.alert import Outcome, Reason
from labelwatch.core.lifecycle import close
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.text import Text
from labelwatch.delivery.channel_problems import TROUBLE_AFTER, report, row_about
from labelwatch.delivery.context import LONGEST_PAUSE, LONGEST_WISH, DeliveryContext, alert_id
from labelwatch.i18n import translate
from labelwatch.store import Attempt, ChannelState, OutboxRow, OutboxState, Store, Transaction
from labelwatch.store.values import Settled

log = logging.getLogger(__name__)

REFUSED_AFTER = 3
"""A single row that a working channel refuses so many times is given up."""
HALF = timedelta(seconds=10)
_OUTCOMES = {
    Retry: "retry",
    RateLimited: "rate_limited",
    Ambiguous: "ambiguous",
    Permanent: "permanent",
    BadMessage: "bad_message",
}


def settle(delivery: DeliveryContext, name: str, rows: Sequence[OutboxRow], result: Result, *, brief: bool) -> None:
    """Store the result of a message made of these rows; a `brief` one is never edited later."""
    at, ids = delivery.now(), [row.id for row in rows]
    _say(name, result, len(rows))
    with delivery.store.write() as tx:
        tx.channels.note(_attempt(name, rows, result, at), ids)
        # The same order as below, to avoid a deadlock.
        states = {one: tx.channels.state(one) for one in sorted({name, *_of_account(delivery, name)})}
        state = states[name]
        if isinstance(result, Delivered):
            _settle_delivered(tx, ids, result, at=at, brief=brief)
            _is_well(delivery, tx, _after_delivery(state, rows, result, at))
            return
        if isinstance(result, BadMessage) and state.sent_at is None:
            result = Permanent(result.error)  # nothing was ever delivered: the message is not the reason
        _settle_failed(delivery, tx, rows, result, at)
        if not isinstance(result, BadMessage) or is_given_up(rows):
            _fails(delivery, tx, state, result, at)


def forget_others(store: Store, names: Collection[str], *, now: datetime) -> int:
    """Give up what waits for channels that are no longer in the config, and end their alerts; how many rows."""
    count = store.outbox.abandon(names)
    with store.write() as tx:
        gone = [trouble for name, trouble in tx.alerts.open_of_channels().items() if name not in names]
        for trouble in gone:
            ended, _ = close(trouble, Outcome.OVER, policy=AlertPolicy(), now=now)
            tx.alerts.save(None, [ended])
    if count:
        log.warning("%d messages waited for channels that are no longer in the configuration: given up", count)
    return count


def _say(name: str, result: Result, alerts: int) -> None:
    said = "" if isinstance(result, Delivered) else translate(result.error, "en")
    match result:
        case Delivered():
            log.info("channel %s: told of %d alerts", name, alerts)
        case Retry() | RateLimited():
            log.warning("channel %s: not delivered, to be tried again: %s", name, said)
        case Ambiguous():
            log.warning("channel %s: it may have arrived, to be sent again: %s", name, said)
        case Permanent():
            log.error("channel %s: does not work: %s", name, said)
        case BadMessage():
            log.error("channel %s: refuses this message: %s", name, said)
        case _:
            assert_never(result)


def _attempt(name: str, rows: Sequence[OutboxRow], result: Result, at: datetime) -> Attempt:
    key = rows[0].message_key or ""
    if isinstance(result, Delivered):
        return Attempt(name, at, key, "delivered" if result.verified else "unverified", _as_is(result.receipt))
    return Attempt(name, at, key, _OUTCOMES[type(result)], result.error)


def _as_is(receipt: str) -> Text:
    return Text("as_is", {"text": receipt})


# --- the rows


def _settle_delivered(tx: Transaction, ids: Sequence[int], result: Delivered, *, at: datetime, brief: bool) -> None:
    state = OutboxState.SENT if result.verified else OutboxState.UNVERIFIED
    tx.outbox.settle(ids, Settled(state, receipt=result.receipt, ref="" if brief else result.ref), at=at)


def _settle_failed(
    delivery: DeliveryContext, tx: Transaction, rows: Sequence[OutboxRow], result: Result, at: datetime
) -> None:
    assert not isinstance(result, Delivered)
    ids, attempts = [row.id for row in rows], max(row.attempts for row in rows)
    if isinstance(result, BadMessage):
        _settle_refused(delivery, tx, rows, result.error, at)
        return
    if isinstance(result, Permanent) and _is_test(rows):  # the sender of a test repeats it
        tx.outbox.settle(ids, Settled(OutboxState.DEAD, error=result.error), at=at)
        return
    wait = delivery.pause(attempts)
    if isinstance(result, Permanent):
        wait = LONGEST_PAUSE
    if isinstance(result, RateLimited):
        wait = min(result.after, LONGEST_WISH)
    again = isinstance(result, Ambiguous)
    tx.outbox.settle(ids, Settled(OutboxState.RETRY, error=result.error, next_try=at + wait, keep_key=again), at=at)


def _settle_refused(
    delivery: DeliveryContext, tx: Transaction, rows: Sequence[OutboxRow], error: Text, at: datetime
) -> None:
    """Bisect a refused message: one half is tried at once and the other after it. A single row waits, without
    blocking others, and is given up after some attempts."""
    ids, half = [row.id for row in rows], len(rows) // 2
    if is_given_up(rows):
        tx.outbox.settle(ids, Settled(OutboxState.DEAD, error=error), at=at)
        return
    wait = HALF if half else delivery.pause(2 * rows[0].attempts)
    tx.outbox.settle(ids[:half], Settled(OutboxState.PENDING, error=error, next_try=at), at=at)
    tx.outbox.settle(ids[half:], Settled(OutboxState.PENDING, error=error, next_try=at + wait), at=at)


def is_given_up(rows: Sequence[OutboxRow]) -> bool:
    """Whether a single row was refused by a working channel often enough to give it up."""
    return len(rows) == 1 and rows[0].attempts >= REFUSED_AFTER


def _is_test(rows: Sequence[OutboxRow]) -> bool:
    return all(row.notification.reason is Reason.TEST for row in rows)


# --- the channel


def _after_delivery(state: ChannelState, rows: Sequence[OutboxRow], result: Delivered, at: datetime) -> ChannelState:
    return ChannelState(
        name=state.name,
        # A test does not count as a real notification.
        sent_at=state.sent_at if _is_test(rows) else at,
        # The service may have paused this account through another channel meanwhile.
        paused_until=_still(state.paused_until, at),
        address=result.moved_to or state.address,
        handover_at=state.handover_at,
    )


def _is_well(delivery: DeliveryContext, tx: Transaction, state: ChannelState) -> None:
    """Store that a channel works, and end its alert."""
    tx.channels.save(state)
    trouble = tx.alerts.open_of_channels().get(state.name)
    if trouble is None:
        return
    at = delivery.now()
    ended, reason = close(trouble, Outcome.OVER, policy=delivery.settings.policy, now=at)
    tx.alerts.save(None, [ended])
    if reason is not None and ended.id is not None:
        heard = tx.channels.told_of(ended.id).keys() & delivery.channels.keys()
        queued = [row for channel in heard for row in tx.channels.waiting(channel) if _is_unsent(row, ended.id)]
        tx.outbox.supersede([row.id for row in queued], why=Text("works_again"))
        tx.outbox.add([row_about(ended, reason, channel, at) for channel in sorted(heard)], created_at=at)


def _is_unsent(row: OutboxRow, alert: int) -> bool:
    """Whether it is about this alert, waits, and has certainly not been delivered."""
    return alert_id(row) == alert and row.state is not OutboxState.LEASED and not row.possible_duplicate


def _fails(delivery: DeliveryContext, tx: Transaction, state: ChannelState, result: Result, at: datetime) -> None:
    """Store that a channel does not work; if permanently or for long, report it through another one."""
    assert not isinstance(result, Delivered)
    since = state.failing_since if state.failing_since and state.failing_since <= at else at
    failing = replace(
        state,
        failing_since=since,
        error=result.error,
        is_final=isinstance(result, Permanent),
        paused_until=_still(state.paused_until, at),
    )
    if isinstance(result, RateLimited):
        until = at + min(result.after, LONGEST_WISH)
        failing = replace(failing, paused_until=until)
        pause_account(delivery, tx, failing.name, until)
    tx.channels.save(failing)
    if isinstance(result, Permanent | BadMessage) or at - since >= TROUBLE_AFTER:
        report(delivery, tx, failing, tx.channels.waiting(failing.name), at)


def pause_account(delivery: DeliveryContext, tx: Transaction, name: str, until: datetime) -> None:
    """Pause all channels of this one's account: the limit of the service is for the account.

    In an order that all writers share: on PostgreSQL two channels of one account may be paused at once.
    """
    for one in sorted({name, *_of_account(delivery, name)}):
        tx.channels.save(replace(tx.channels.state(one), paused_until=until))


def _still(until: datetime | None, at: datetime) -> datetime | None:
    return until if until is not None and until > at else None


def _of_account(delivery: DeliveryContext, name: str) -> list[str]:
    """The other channels of this one's account."""
    account = delivery.channels[name][1].account
    return [other for other, (_, channel) in delivery.channels.items() if account and channel.account == account]
