"""What all channels of a round of telling share: the store, the ways out, the clock, and how things are done here."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.channels.base import STAMPED, Ambiguous, Attachment, Channel, Result
from labelwatch.core.policy import AlertPolicy, Destination
from labelwatch.delivery.action_links import Links
from labelwatch.store import ChannelState, OutboxRow, Store

log = logging.getLogger(__name__)

Channels = Mapping[str, tuple[Destination, Channel]]

LONGEST_WISH = timedelta(hours=1)
"""No service gets to silence us for longer with its Retry-After."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


def no_label(shop: str, number: str) -> Attachment | None:
    """Labels are not sent along."""
    return None


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How people are told here, beyond what each channel wants for itself."""

    fallbacks: Mapping[str, str] = field(default_factory=dict)
    """Channel -> the one that is told when it does not work (else any other)."""
    intervals: Mapping[str, timedelta] = field(default_factory=dict)
    """Shop -> how often it is read: older data are dated in the message."""
    policy: AlertPolicy = field(default_factory=AlertPolicy)
    """For the alerts about channels themselves."""
    with_labels: frozenset[str] = frozenset()
    """Channels that get the label itself once it is there."""
    links: Links | None = None
    """What signs links into the board, where there is one that can be reached from outside."""
    sheet: Callable[[str, str], Attachment | None] = no_label
    """(shop, posting number) -> its label, proven to be that; None = there is none to be had."""


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """One round of telling."""

    store: Store
    channels: Channels
    settings: DeliverySettings
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    at: Callable[[str], None]
    """Called with "claimed" and "sent", where a crash is worth trying."""
    chance: random.Random
    unsettled: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Channel -> what writes down how its last message fared, where the database could not take it."""

    def new_key(self) -> str:
        return f"{STAMPED}{self.chance.getrandbits(112):028x}"

    @property
    def board(self) -> str:
        """Where everything can be seen; empty = nowhere."""
        return f"{self.settings.links.board}/" if self.settings.links else ""

    def pause(self, attempts: int) -> timedelta:
        return pause(attempts, self.chance)


def pause(attempts: int, chance: random.Random) -> timedelta:
    """How long to leave a channel alone after so many attempts, with some chance in it."""
    grown = FIRST_PAUSE * float(2 ** min(attempts - 1, 10)) * (1 + chance.random() / 4)
    return min(grown, LONGEST_PAUSE)


def is_paused(state: ChannelState, now: datetime) -> bool:
    """Whether its service wants silence; what is longer than any such wish is from before the clock was set back."""
    return state.paused_until is not None and now < state.paused_until <= now + LONGEST_WISH


def outcome_of(name: str, work: Callable[[], Result]) -> Result:
    """What became of a message. A channel that fails as nobody foresaw leaves that open, and is reported like any
    other that does not work: it must not go silent, nor take the round with it."""
    try:
        return work()
    except Exception as error:  # whatever it is
        log.exception("channel %s: a fault of this program while sending", name)
        return Ambiguous(f"a fault of labelwatch itself while sending: {type(error).__name__}; the log says more")


def alert_id(row: OutboxRow) -> int:
    """The alert that a stored notification is about."""
    assert row.notification.alert.id is not None, "what is stored has an id"
    return row.notification.alert.id
