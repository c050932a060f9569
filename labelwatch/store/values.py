"""The values of the store beyond those of the core."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.core.alert import Notification
from labelwatch.core.posting import DeliveryMethod, Posting, Track
from labelwatch.core.text import Text

UNSEEN_LABEL = "unseen"
"""In place of a stage: the label came between two readings, and nobody saw the posting wait for it."""


@dataclass(frozen=True, slots=True)
class ShopState:
    """One seller cabinet and the state of reading it; the times of the last complete sweep are None before it."""

    id: int
    name: str
    client_id: str
    policy: str
    """Hash of the delay policy with which all of its `late_at` were computed; empty = never."""
    read_from: datetime | None
    read_at: datetime | None
    failing_since: datetime | None
    """When the first poll failed since the last successful one."""
    failures: int
    cause: str
    detail: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """How far a machine's clock was ahead of Ozon's."""

    ahead: timedelta
    against_monotonic: timedelta
    """The wall clock, since 1970, minus the monotonic one: if it differs later, the clock was set."""
    at: datetime
    """When this was measured, by Ozon's time."""


@dataclass(frozen=True, slots=True)
class Change:
    """The new state of a posting to be stored."""

    posting: Posting
    track: Track
    digest: int
    is_open: bool
    """Still to be watched: on the list, or not yet known to have been handed over or cancelled."""
    seen_at: datetime
    not_before: datetime | None
    """When it was last seen in another state; None = never seen before."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """The state of a posting from `seen_at` on; it changed after `not_before` (None = it was never seen before)."""

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
    """The result and cost of one poll, or of the last of several."""

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
    polls: int = 1
    """How many polls this is."""
    first_at: datetime | None = None
    """When the first of several finished."""
    gap: timedelta = timedelta(0)
    """The longest time between two of them."""
    gap_from: datetime | None = None
    """When that began."""


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A posting that could not be read: where decoding failed, and since when."""

    shop: str
    path: str
    number: str
    problem: str
    first_seen: datetime
    last_seen: datetime


class EvidenceLevel(StrEnum):
    """How certain it is that a label exists."""

    OFFERED = "offered"
    """Ozon lists a download action."""
    PRINTED = "printed"
    """A label task succeeded for this posting."""
    VERIFIED = "verified"
    """The PDF was fetched and is this posting's."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """When a label was first known to exist: after `not_before`, not after `seen_at`."""

    level: EvidenceLevel
    not_before: datetime | None
    seen_at: datetime


class OutboxState(StrEnum):
    """The state of a notification; from `sent` on it does not change by itself."""

    PENDING = "pending"
    LEASED = "leased"
    RETRY = "retry"
    SENT = "sent"
    UNVERIFIED = "unverified"
    """Handed to a service without receipts."""
    DEAD = "dead"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


WAITING = frozenset({OutboxState.PENDING, OutboxState.LEASED, OutboxState.RETRY})


@dataclass(frozen=True, slots=True)
class Settled:
    """The result of sending a message."""

    state: OutboxState
    receipt: str = ""
    ref: str = ""
    error: Text | None = None
    next_try: datetime | None = None
    """Needed for `retry`, which holds what comes after it, and `pending`, which does not."""
    keep_key: bool = False
    """It may have arrived after all, so it is sent again unchanged."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One notification in the outbox."""

    id: int
    notification: Notification
    state: OutboxState
    created_at: datetime
    attempts: int
    """How often it was claimed."""
    lease_until: datetime | None
    message_key: str | None
    """The key of its last message: rows with the same key are sent together, again if need be."""
    possible_duplicate: bool
    """An earlier attempt may have arrived."""
    sent_at: datetime | None
    receipt: str
    error: Text | None
    ref: str = ""
    """The message's id at the service, while it can be edited or replied to."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The state of a channel."""

    name: str
    sent_at: datetime | None = None
    """When its last message was accepted."""
    paused_until: datetime | None = None
    failing_since: datetime | None = None
    is_final: bool = False
    """It fails until a person changes something."""
    error: Text | None = None
    address: str = ""
    """Where its destination has moved; empty = not moved."""
    handover_at: datetime | None = None
    """The end of the last shift summary."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a message."""

    channel: str
    at: datetime
    message_key: str
    outcome: str
    """delivered, unverified, retry, rate_limited, ambiguous, permanent or bad_message."""
    said: Text
    """The receipt as it is, or the error."""
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
    """How many rows a clean-up removed; a posting's history and evidence are removed with it and not counted."""

    postings: int = 0
    alerts: int = 0
    polls: int = 0
    attempts: int = 0
    quarantined: int = 0
    answers: int = 0
    settings: int = 0
    charges: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """The size of the database."""

    revision: str
    bytes_used: int
    bytes_free: int
    """Free space inside the file, to be reused; 0 if the database does not report it."""
    shops: int
    postings: int
    open_postings: int
    history: int
    open_alerts: int
    waiting_notifications: int
