"""The channel protocol: the outgoing message, the results of sending, and the channel itself."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol, runtime_checkable

from labelwatch.core.text import Text
from labelwatch.messages.alert_json import View
from labelwatch.messages.message import Message, SizeLimit

STAMPED = "57a9"
"""Prefix of keys that are shown as a stamp; keys of an earlier version are shown as they are."""


def stamp_of(key: str) -> str:
    """The public id of a message for a service and its recipients: the same for every retry, 32 hexadecimal digits.
    Unlike the key in its buttons, it gives access to nothing."""
    if not key.startswith(STAMPED):
        return key
    return hashlib.sha256(f"labelwatch stamp of a message\0{key}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that was sent over the same channel about one of the same alerts."""

    key: str
    ref: str
    """The service's reference to it, to reply to it or edit it; empty = unknown."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; it is held in memory only."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """An open alert of a message, which somebody can acknowledge or snooze."""

    id: int
    subject: str
    """The number of the posting, or another subject."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Action -> a signed link that does it, for channels without buttons."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message as it is passed to a channel."""

    message: Message
    views: Sequence[View]
    """The alerts of the message as JSON objects."""
    key: str
    """The same for every retry; 32 hexadecimal digits. Buttons carry it, headers carry its stamp."""
    about: str = "alerts"
    """The kind of message: alerts, handled (who acknowledged what), channel (does not work), handover or test."""
    earlier: tuple[Earlier, ...] = ()
    """Earlier messages about the same alerts, oldest first: the message continues them."""
    buttons: bool = False
    """Whether it can be acknowledged: something in it is still open."""
    targets: tuple[Target, ...] = ()
    """What can be acknowledged, the most urgent first."""
    keyboard: tuple[tuple[tuple[str, str], ...], ...] = ()
    """Rows of further buttons: the label of each and the data it carries."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Action -> a signed link that does it, for channels without buttons; the message has them, too."""
    quiet: bool = False
    """Whether it may arrive without a sound."""
    attachments: tuple[Attachment, ...] = ()

    @property
    def cabinet(self) -> Mapping[str, str]:
        """In a message about several postings: number -> its link into the seller cabinet."""
        known = {view["posting_number"]: view["link"] for view in self.views}
        return {number: link for number, link in known.items() if number and link} if len(self.views) > 1 else {}


@dataclass(frozen=True, slots=True)
class Delivered:
    """Accepted. `verified`: the service confirmed it, in `receipt`; else it only reported no error."""

    receipt: str
    verified: bool
    ref: str = ""
    """The service's reference to the message, if it can be edited or replied to later."""
    moved_to: str = ""
    """The present address of the destination, if the service said that it changed."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not delivered; a retry may help."""

    error: Text


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Certainly not delivered: the service accepts no more for a while, from any channel of the same account."""

    error: Text
    after: timedelta


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may have arrived: only the same message under the same key may be sent again."""

    error: Text


@dataclass(frozen=True, slots=True)
class Permanent:
    """The channel does not work until somebody changes something: its key, its address, its rights."""

    error: Text


@dataclass(frozen=True, slots=True)
class BadMessage:
    """The channel works, but accepts this message in no form."""

    error: Text


Result = Delivered | Retry | RateLimited | Ambiguous | Permanent | BadMessage


class Channel(Protocol):
    """Sends messages to one destination."""

    @property
    def limit(self) -> SizeLimit:
        """How much the service accepts in one message, title and body together."""

    @property
    def account(self) -> str:
        """Channels of the same account share a rate limit; contains no secret, empty = shared with none."""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """Send once, within the channel's own deadline. Never raises for anything that a service does.

        Error texts and receipts contain no secret.
        """


@runtime_checkable
class EditableChannel(Protocol):
    """A channel whose messages can be edited after they were sent."""

    def revise(self, ref: str, outgoing: OutgoingMessage) -> Result:
        """Replace the message at `ref` with this one; Delivered also if it is the same already.

        BadMessage: it no longer exists or is too old to be edited.
        """
