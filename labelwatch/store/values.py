"""What goes into the store and comes out of it beyond the words of the core."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.core.alert import Notification
from labelwatch.core.posting import DeliveryMethod, Posting, Track


@dataclass(frozen=True, slots=True)
class ShopState:
    """One seller cabinet and how reading it went; the times of the last complete sweep are None before the first."""

    id: int
    name: str
    client_id: str
    policy: str
    """Hash of the delay policy under which all of its `late_at` were computed; empty = never."""
    read_from: datetime | None
    read_at: datetime | None
    failing_since: datetime | None
    """When the first of the failed polls since the last good one failed."""
    failures: int
    cause: str
    detail: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """How far a machine's clock was ahead of Ozon's."""

    ahead: timedelta
    against_monotonic: timedelta
    """The wall clock, since 1970, less the monotonic one: another difference later tells that the clock was set."""
    at: datetime
    """When this was so, by Ozon's time."""


@dataclass(frozen=True, slots=True)
class Change:
    """A posting as it is to stand in the store from now on."""

    posting: Posting
    track: Track
    digest: int
    is_open: bool
    """Still to be watched: on the list, or not yet known to have been handed over or cancelled."""
    seen_at: datetime
    not_before: datetime | None
    """When it was last seen otherwise; None = never seen before."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """How a posting stood from `seen_at` on; it became so after `not_before` (None = it was never seen before)."""

    seen_at: datetime
    not_before: datetime | None
    status: str
    substatus: str
    flow: str
    actions: tuple[str, ...]
    requirements: tuple[str, ...]
    """The keys only."""
    method: DeliveryMethod
    cutoff: datetime | None
    tracking_number: str


@dataclass(frozen=True, slots=True)
class PollRow:
    """What one poll did and cost."""

    started_at: datetime
    finished_at: datetime
    complete: bool
    postings: int
    changed: int
    late: int
    told: int
    requests: int
    trouble: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A posting that could not be read: where it stopped making sense, and since when."""

    shop: str
    path: str
    number: str
    problem: str
    first_seen: datetime
    last_seen: datetime


class EvidenceLevel(StrEnum):
    """How sure it is that a label exists."""

    OFFERED = "offered"
    """Ozon lists a download action."""
    PRINTED = "printed"
    """A label task ended well for this posting."""
    VERIFIED = "verified"
    """The sheet was fetched and is this posting's."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """When a label was first known to exist: after `not_before`, not after `seen_at`."""

    level: EvidenceLevel
    not_before: datetime | None
    seen_at: datetime


class OutboxState(StrEnum):
    """Where a notification stands; from `sent` on nothing happens by itself any more."""

    PENDING = "pending"
    LEASED = "leased"
    RETRY = "retry"
    SENT = "sent"
    UNVERIFIED = "unverified"
    """Handed to a service that gives no receipt."""
    DEAD = "dead"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


WAITING = frozenset({OutboxState.PENDING, OutboxState.LEASED, OutboxState.RETRY})


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One notification on its way."""

    id: int
    notification: Notification
    state: OutboxState
    created_at: datetime
    attempts: int
    """How often it was claimed."""
    lease_until: datetime | None
    message_key: str | None
    """Names the message it was last put into: rows with the same key are told together, again if need be."""
    possible_duplicate: bool
    """An earlier attempt may have arrived."""
    sent_at: datetime | None
    receipt: str
    error: str
    ref: str = ""
    """Where the service keeps the message, while it can be changed or replied to."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel fares."""

    name: str
    sent_at: datetime | None = None
    """When its last message was taken over."""
    paused_until: datetime | None = None
    failing_since: datetime | None = None
    is_final: bool = False
    """It fails until somebody changes something."""
    error: str = ""
    address: str = ""
    """Where its destination has moved to; empty = as its URL says."""
    handover_at: datetime | None = None
    """Until when hand-overs were told."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a message."""

    channel: str
    at: datetime
    message_key: str
    outcome: str
    """delivered, unverified, retry, rate_limited, ambiguous, permanent or bad_message."""
    said: str
    """The receipt, or why there is none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that arrived, as far as one alert is in it."""

    alert_id: int
    message_key: str
    ref: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows a clean-up removed; a posting's own history and evidence go with it and are not counted."""

    postings: int = 0
    alerts: int = 0
    polls: int = 0
    attempts: int = 0
    quarantined: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """How big the database is."""

    revision: str
    bytes_used: int
    bytes_free: int
    """Inside the file, to be used again; 0 where the database does not tell."""
    shops: int
    postings: int
    open_postings: int
    history: int
    open_alerts: int
    waiting_notifications: int
