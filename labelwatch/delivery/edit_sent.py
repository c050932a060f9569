"""Edits sent messages that are out of date, without a sound."""

import logging
from datetime import datetime

from labelwatch.channels.base import BadMessage, Delivered, EditableChannel, Permanent, RateLimited, Result
from labelwatch.core.alert import SUMMARIES, Reason
from labelwatch.core.text import Text
from labelwatch.delivery.compose import as_it_stands
from labelwatch.delivery.context import LONGEST_PAUSE, LONGEST_WISH, DeliveryContext, is_paused, outcome_of
from labelwatch.delivery.settle import pause_account
from labelwatch.i18n import translate

log = logging.getLogger(__name__)

AT_ONCE = 5
"""How many are edited before the outbox is checked again."""


def edit_due(delivery: DeliveryContext, name: str) -> bool:
    """Edit some of the messages of this channel that are out of date; whether there were any. What cannot be
    edited now is retried later, and nothing is tried while the channel does not work.

    A message that no longer exists is left alone: the next news about its alerts is sent in full.
    """
    channel, state = delivery.channels[name][1], delivery.store.channels.states().get(name)
    if not isinstance(channel, EditableChannel):
        return False
    if state is not None and (state.failing_since is not None or is_paused(state, delivery.now())):
        return False
    outdated = delivery.store.channels.outdated(name, delivery.now(), limit=AT_ONCE)
    for key, seen in outdated.items():  # not the time: what changed before now may be written after it was read
        if delivery.stop():
            break
        result = _revised(delivery, name, channel, key)
        _mark(delivery, name, key, result, seen)
        if not isinstance(result, Delivered | BadMessage):
            return False
    return bool(outdated)


def _revised(delivery: DeliveryContext, name: str, channel: EditableChannel, key: str) -> Result:
    rows = [row for row in delivery.store.channels.message(key) if row.notification.channel == name and row.ref]
    if not rows or rows[0].notification.reason in {Reason.TEST, *SUMMARIES}:
        return BadMessage(Text("no_message"))
    try:
        outgoing = as_it_stands(delivery, name, rows)
    except Exception as error:  # any error: one message that cannot be shown must not block the channel
        log.exception("channel %s: a message cannot be shown as it should read now", name)
        return BadMessage(Text("not_shown", {"raw": type(error).__name__}))
    return outcome_of(name, lambda: channel.revise(rows[0].ref, outgoing))


def _mark(delivery: DeliveryContext, name: str, key: str, result: Result, seen: datetime) -> None:
    again_at = None
    if isinstance(result, Permanent):  # the next message about its alerts shows whether the channel still fails
        log.warning("channel %s: a message cannot be changed: %s", name, translate(result.error, "en"))
    elif not isinstance(result, Delivered | BadMessage):
        wish = result.after if isinstance(result, RateLimited) else LONGEST_PAUSE
        again_at = delivery.now() + min(wish, LONGEST_WISH)
        log.info("channel %s: a message cannot be changed now: %s", name, translate(result.error, "en"))
    with delivery.store.write() as tx:
        if isinstance(result, RateLimited) and again_at is not None:
            pause_account(delivery, tx, name, again_at)
        tx.channels.revised(name, key, seen=seen, gone=isinstance(result, BadMessage), again_at=again_at)
