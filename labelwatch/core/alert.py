"""Findings, diagnoses, alerts and notifications, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.core.posting import Deadline, DeliveryMethod, Interval, Limit, Posting, Product, Stage, TariffStep


class Severity(StrEnum):
    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _SEVERITY_RANK[self]


_SEVERITY_RANK = {Severity.NOTICE: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


class Family(StrEnum):
    BLIND = "blind"
    DELIVERY_METHOD = "delivery_method"
    ANOMALY = "anomaly"
    NOT_PROCESSED = "not_processed"
    CARRIER = "carrier"
    SYNC_LAG = "sync_lag"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    CERTAIN = "certain"
    """Ozon said so."""
    LIKELY = "likely"
    """Inferred from what Ozon said."""
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    WAIT = "wait"
    ACT = "act"


class AlertState(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Outcome(StrEnum):
    """How an alert ended."""

    LABELLED = "labelled"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"
    SPLIT = "split"
    TRACKING_ENTERED = "tracking_entered"
    """In a flow without a label from Ozon: the tracking number is there."""
    NOTHING_AWAITED = "nothing_awaited"
    """In its flow neither a label nor a tracking number is to come."""
    DISPUTED = "disputed"
    """In a dispute, after its label was there."""
    DEADLINE_MOVED = "deadline_moved"
    """The deadline is later than it was, and far enough away."""
    LIMITS_CHANGED = "limits_changed"
    """It waits as before, but the limits were changed, in the configuration or by what was learned."""
    EXCUSED = "excused"
    """No longer late for another reason."""
    SEEN_AGAIN = "seen_again"
    """A shop that could not be read is read again."""
    OVER = "over"
    """An incident: what it explained is labelled, or so little is left that each is told by itself."""


class Reason(StrEnum):
    """Why people are told."""

    FIRST = "first"
    ESCALATED = "escalated"
    MISSED = "missed"
    """The deadline has passed: once for each deadline, whoever takes care of it."""
    CAUSE_CHANGED = "cause_changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    TEST = "test"
    HANDOVER = "handover"
    """A list of everything for those who take over, at a fixed time of day."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody took it; told where the message about it cannot be changed."""
    SNOOZED = "snoozed"


CALM = frozenset({Reason.RESOLVED, Reason.ACKNOWLEDGED, Reason.SNOOZED})
"""It is over, or in somebody's hands: whoever hears of it has nothing to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A posting whose label is late, or whose cutoff is near with no label yet."""

    shop: str
    posting: Posting
    stage: Stage
    clock: Limit
    since: Interval
    """Since when it has been waiting in its stage."""
    limit: timedelta
    """How long that stage may last, whichever clock rang."""
    late_at: datetime
    """May lie ahead: an open alert whose posting moved on is still watched until its label is there."""
    severity: Severity
    deadline: Deadline | None
    overdue: bool
    """The stage itself has lasted longer than its limit (else only the cutoff is near)."""
    is_late: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing Ozon or our own watch said: a field, its value, and since when it is known to be so."""

    field: str
    value: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A cause that was considered and is not it, and the observation that excludes it."""

    cause: str
    because: str


@dataclass(frozen=True, slots=True)
class Part:
    """The share of one shop in an incident; `late` 0 = the shop has recovered while others have not.

    Of shops that cannot be read each counts one, and `detail` is what Ozon answered there.
    """

    shop: str
    late: int
    total: int
    carriers: tuple[str, ...] = ()
    since: datetime | None = None
    deadline: datetime | None = None
    well_since: datetime | None = None
    detail: str = ""
    as_of: datetime | None = None
    """When the shop was last read; filled in where an alert is read from the store."""
    act_by: datetime | None = None
    """From here on nothing is waited for in this shop."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a message can say about one late posting or, with posting_number None, a shop gone dark."""

    shop: str
    posting_number: str | None
    severity: Severity
    family: Family
    cause: str
    certainty: Certainty
    verdict: Verdict
    wait_until: datetime | None = None
    incident: str | None = None
    """The key of the incident that explains this posting, or (posting_number None) that this diagnosis is about."""
    kind: str = ""
    """What it waits for (registration, tracking, label), if nothing of its own explains why: many such ones together
    may be an incident."""
    evidence: tuple[Proof, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    is_late: bool = True
    """False while an alert is held open for a posting that moved on in time but has no label yet."""
    stage: Stage | None = None
    status: str = ""
    substatus: str = ""
    flow: str = ""
    schema: str = ""
    method: DeliveryMethod = field(default_factory=DeliveryMethod)
    tracking_number: str = ""
    requirements: tuple[tuple[str, tuple[str, ...]], ...] = ()
    products: tuple[Product, ...] = ()
    waiting_since: Interval | None = None
    deadline: datetime | None = None
    """What counts for people: Ozon's cutoff, or the last pick-up before it."""
    cutoff: datetime | None = None
    """Ozon's own cutoff."""
    warn_from: datetime | None = None
    act_by: datetime | None = None
    """From here on nothing is waited for."""
    next_tariff: TariffStep | None = None
    """What shipping costs from its `until` on, while the step before it still holds."""
    alternatives: tuple[str, ...] = ()
    """Other active delivery methods of the same warehouse that have given labels, by name."""
    asked: tuple[Proof, ...] = ()
    """What was tried: the questions put to Ozon about this posting, and its answers."""
    shops: tuple[str, ...] = ()
    """The shops that an incident concerns."""
    late: int = 0
    total: int = 0
    """Of an incident: how many labels are late, of how many that are due; of shops that cannot be read, how many of
    how many shops."""
    parts: tuple[Part, ...] = ()
    """An incident by shop, those that have recovered included; empty in alerts of earlier versions."""
    watched: tuple[str, ...] = ()
    """Of shops that cannot be read: all shops that are watched."""
    as_of: datetime | None = None
    """When Ozon was last read successfully."""


@dataclass(frozen=True, slots=True)
class LastNotified:
    """What people were last told: news is measured against this, never against the last poll."""

    at: datetime
    count: int
    severity: Severity
    cause: str
    left: timedelta | None = None
    """The last step of escalation that was told; None = none was."""
    verdict: Verdict | None = None
    """None = told by a version that did not note it."""
    missed: bool = False
    """Whether it was told that the deadline has passed."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of trouble of one posting (or of one shop)."""

    id: int | None
    state: AlertState
    opened_at: datetime
    diagnosis: Diagnosis
    cause_since: datetime
    """Since when the diagnosis names its present cause."""
    told: LastNotified | None = None
    handled_by: str = ""
    """Who acknowledged or snoozed it."""
    note: str = ""
    handled_at: datetime | None = None
    snoozed_until: datetime | None = None
    """Of a firing alert: the snooze that has just ended, until the next telling."""
    resolved_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert to be told over one channel: the n-th telling, due at a time, worthless after another."""

    alert: Alert
    """The alert as it was when the telling was decided."""
    telling: int
    reason: Reason
    channel: str
    due_at: datetime
    expires_at: datetime
