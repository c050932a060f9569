"""What is handed to a channel, what became of it, as values, and what a channel is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, runtime_checkable

from labelwatch.messages.alert_json import View
from labelwatch.messages.message import Message, SizeLimit

STAMPED = "57a9"
"""How the keys of messages begin that show only a stamp; those that an earlier version began show the key itself."""


def stamp_of(key: str) -> str:
    """What a service and its receivers may know a message by: the same each time it is sent again, 32 hexadecimal
    digits, and it opens nothing, as the key does that the buttons of a message carry."""
    if not key.startswith(STAMPED):
        return key
    return hashlib.sha256(f"labelwatch stamp of a message\0{key}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that was sent over the same channel about one of the same alerts."""

    key: str
    ref: str
    """Where the service keeps it, to reply to it or to change it; empty = it cannot be found again."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; it is held in memory only."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """An open alert of a message, which somebody can take or snooze."""

    id: int
    subject: str
    """The number of the posting, or what else it is about."""
    links: Mapping[str, str] = field(default_factory=dict)
    """What can be done about it without buttons -> a signed link that does it."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message as it is handed to a channel."""

    message: Message
    views: Sequence[View]
    """The alerts of the message as JSON objects."""
    key: str
    """The same each time the message is sent again; 32 hexadecimal digits. Buttons carry it, headers its stamp."""
    about: str = "alerts"
    """What kind of message it is: alerts, handled (who took what), channel (does not work), handover or test."""
    earlier: tuple[Earlier, ...] = ()
    """What was told of the same alerts before, oldest first: the message continues it."""
    buttons: bool = False
    """Whether people can take care of what it tells: something in it is still open."""
    targets: tuple[Target, ...] = ()
    """What people can take care of, the most urgent first."""
    keyboard: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Rows of other buttons than those: what stands on each, and what it carries."""
    links: Mapping[str, str] = field(default_factory=dict)
    """What people can do without buttons -> a signed link that does it; the message holds them, too."""
    quiet: bool = False
    """Whether it may arrive without a sound."""
    attachments: tuple[Attachment, ...] = ()

    @property
    def cabinet(self) -> Mapping[str, str]:
        """Of a message about several postings: number -> where it is in the seller cabinet."""
        known = {view["posting_number"]: view["link"] for view in self.views}
        return {number: link for number, link in known.items() if number and link} if len(self.views) > 1 else {}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Taken over. `verified`: the service itself said so, in `receipt`; else it only raised no objection."""

    receipt: str
    verified: bool
    ref: str = ""
    """Where the service keeps the message, if it can be changed or replied to later."""
    moved_to: str = ""
    """The address the destination has now, where the service said that it changed."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not delivered, and another try may help."""

    error: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Certainly not delivered: the service wants no more for a while, all channels of the same account included."""

    error: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may have arrived or not: only the same message under the same key may be sent again."""

    error: str


@dataclass(frozen=True, slots=True)
class Permanent:
    """The channel does not work, and will not until somebody changes something: its key, its address, its rights."""

    error: str


@dataclass(frozen=True, slots=True)
class BadMessage:
    """The channel works, but takes this very message in no form."""

    error: str


Result = Delivered | Retry | RateLimited | Ambiguous | Permanent | BadMessage


class Channel(Protocol):
    """One way out to one destination."""

    @property
    def limit(self) -> SizeLimit:
        """How much of title and body together the service takes in one message."""

    @property
    def account(self) -> str:
        """Channels of the same account are slowed down together; holds no secret, empty = it has none in common."""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """Send once, within the channel's own deadline; never raises for what a service may do.

        No error text and no receipt holds a secret.
        """


@runtime_checkable
class EditableChannel(Protocol):
    """A channel whose messages can be changed after they were sent."""

    def revise(self, ref: str, outgoing: OutgoingMessage) -> Result:
        """Have the message at `ref` read as this one; Delivered also when it does already.

        BadMessage: it is there no more or too old to be changed.
        """
