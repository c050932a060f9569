"""What became of a message, as values, and what a channel is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from labelwatch.notify.messages import Message
from labelwatch.notify.view import View


@dataclass(frozen=True, slots=True)
class Delivered:
    """Taken over. `verified`: the service itself said so, in `receipt`; else it only raised no objection."""

    receipt: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not delivered, and another try may help; `after` is the service's own wish, if it had one."""

    error: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It may have arrived or not: only the same message under the same key may be sent again."""

    error: str


@dataclass(frozen=True, slots=True)
class Permanent:
    """Refused, and it will be refused again until somebody changes something."""

    error: str


Result = Delivered | Retry | Ambiguous | Permanent


class Channel(Protocol):
    """One way out to one destination."""

    @property
    def limit(self) -> int:
        """Characters of title and body together that the service takes in one message."""

    def send(self, message: Message, views: Sequence[View], key: str) -> Result:
        """Send once, within the channel's own deadline; never raises for what a service may do.

        `views` are the alerts of the message as JSON objects; `key` is the same each time it is sent again.
        No error text holds a secret.
        """
