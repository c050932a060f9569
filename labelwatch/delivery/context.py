"""What all channels share: the store, the channels, the clock and the settings."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.channels.base import STAMPED, Ambiguous, Attachment, Channel, Result
from labelwatch.core.policy import AlertPolicy, Destination
from labelwatch.core.text import Text
from labelwatch.core.visibility import may_know
from labelwatch.delivery.action_links import Links
from labelwatch.store import ChannelState, OutboxRow, Store

log = logging.getLogger(__name__)

Channels = Mapping[str, tuple[Destination, Channel]]

LONGEST_WISH = timedelta(hours=1)
"""The longest Retry-After of a service that is respected."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


def no_label(shop: str, number: str) -> Attachment | None:
    """Labels are not sent along."""
    return None


_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Settings of delivery beyond those of each channel."""

    fallbacks: Mapping[str, str] = field(default_factory=dict)
    """Channel -> the one that reports when it does not work (else any other)."""
    intervals: Mapping[str, timedelta] = field(default_factory=dict)
    """Shop -> its poll interval: older data are dated in the message."""
    policy: AlertPolicy = field(default_factory=AlertPolicy)
    """For the alerts about channels themselves."""
    with_labels: frozenset[str] = frozenset()
    """Channels that get the label file once it is there."""
    links: Links | None = None
    """What signs links into the board, if it can be reached from outside."""
    label: Callable[[str, str], Attachment | None] = no_label
    """(shop, posting number) -> its label, checked to be that; None = not available."""


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """Everything that sending depends on."""

    store: Store
    channels: Channels
    now: Callable[[], datetime]
    stop: Callable[[], bool]
    settings: DeliverySettings = field(default_factory=DeliverySettings)
    at: Callable[[str], None] = lambda point: None
    """Called with "claimed" and "sent", points at which tests crash the process."""
    chance: random.Random = _CHANCE
    unsettled: dict[str, Callable[[], None]] = field(default_factory=dict)
    """Channel -> what records the result of its last message if the database could not."""

    def may_be_named(self, channel: str, reader: str) -> bool:
        """Whether the readers of a channel may know that another one does not work: it is their fallback for it, or
        they see all of its shops."""
        other = self.channels[channel][0].shops if channel in self.channels else None
        is_fallback = self.settings.fallbacks.get(channel) == reader
        return channel == reader or is_fallback or may_know(self.channels[reader][0].shops, other)

    def new_key(self) -> str:
        return f"{STAMPED}{self.chance.getrandbits(112):028x}"

    @property
    def board(self) -> str:
        """The address of the board; empty = there is none."""
        return f"{self.settings.links.board}/" if self.settings.links else ""

    def pause(self, attempts: int) -> timedelta:
        return pause(attempts, self.chance)


def pause(attempts: int, chance: random.Random) -> timedelta:
    """How long to pause a channel after so many attempts, with jitter."""
    grown = FIRST_PAUSE * float(2 ** min(attempts - 1, 10)) * (1 + chance.random() / 4)
    return min(grown, LONGEST_PAUSE)


def is_paused(state: ChannelState, now: datetime) -> bool:
    """Whether its service asked for a pause; a longer pause than any is from before the clock was set back."""
    return state.paused_until is not None and now < state.paused_until <= now + LONGEST_WISH


def outcome_of(name: str, work: Callable[[], Result]) -> Result:
    """The result of sending. An unexpected exception of a channel counts as ambiguous and is reported like any other
    failure: it must neither be lost nor end the sending."""
    try:
        return work()
    except Exception as error:  # a channel may raise anything
        log.exception("channel %s: a fault of this program while sending", name)
        return Ambiguous(Text("fault", {"raw": type(error).__name__}))


def alert_id(row: OutboxRow) -> int:
    """The id of the alert that a stored notification is about."""
    assert row.notification.alert.id is not None, "a stored alert has an id"
    return row.notification.alert.id
