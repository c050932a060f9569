"""Findings, diagnoses, alerts and notifications, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.core.baseline import LearnedLimit, Usual
from labelwatch.core.posting import Deadline, DeliveryMethod, Interval, Limit, Posting, Product, Stage, TariffStep
from labelwatch.core.subject import (
    Channel,
    Database,
    Incident,
    IncidentId,
    Polls,
    PostingId,
    Shop,
    Subject,
    Summary,
    shops_of,
)
from labelwatch.core.text import Text


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
    """Reported by Ozon."""
    LIKELY = "likely"
    """Inferred from what Ozon reported."""
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
    """Resolved: the flow has no label from Ozon, and the tracking number has been entered."""
    NOTHING_AWAITED = "nothing_awaited"
    """Resolved: the flow needs neither a label nor a tracking number."""
    DISPUTED = "disputed"
    """Disputed after its label was available."""
    DEADLINE_MOVED = "deadline_moved"
    """The deadline was moved later and is far enough away."""
    LIMITS_CHANGED = "limits_changed"
    """It still waits, but the limits changed, in the configuration or by learning."""
    EXCUSED = "excused"
    """No longer late for another reason."""
    SEEN_AGAIN = "seen_again"
    """A shop that could not be read can be read again."""
    OVER = "over"
    """An incident ended: its postings have labels, or too few are left and each is notified separately."""


class Reason(StrEnum):
    """Why people are notified."""

    FIRST = "first"
    ESCALATED = "escalated"
    MISSED = "missed"
    """The deadline has passed: sent once for each deadline, even if somebody has acknowledged the alert."""
    CAUSE_CHANGED = "cause_changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    TEST = "test"
    HANDOVER = "handover"
    ARRIVAL = "arrival"
    AUDIT = "audit"
    REPORT = "report"
    """The reasons of the summaries of these kinds, see labelwatch.core.subject.SummaryKind."""
    ACKNOWLEDGED = "acknowledged"
    """Acknowledged; sent where the message about the alert cannot be edited."""
    SNOOZED = "snoozed"


SUMMARIES = frozenset({Reason.HANDOVER, Reason.ARRIVAL, Reason.AUDIT, Reason.REPORT})
CALM = frozenset({Reason.RESOLVED, Reason.ACKNOWLEDGED, Reason.SNOOZED})
"""Resolved, acknowledged or snoozed: the reader has nothing to do."""


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
    """The limit of that stage, even if another deadline made it late."""
    late_at: datetime
    """May be in the future: an open alert whose posting moved on stays open until the label is available."""
    severity: Severity
    deadline: Deadline | None
    overdue: bool
    """The stage itself has lasted longer than its limit (else only the cutoff is near)."""
    is_late: bool = True
    learned: LearnedLimit | None = None
    """The limit of its stage, if it was learned."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing Ozon or labelwatch observed: a field, its value (Ozon's as it is), and since when it is known."""

    field: str
    value: str | Text
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A cause that was considered and ruled out, and the observation that excludes it."""

    cause: str
    because: Text


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a message can say about its subject; the fields from `stage` on are about a late posting."""

    subject: Subject
    severity: Severity
    family: Family
    cause: str
    certainty: Certainty
    verdict: Verdict
    wait_until: datetime | None = None
    explained_by: IncidentId | None = None
    """The incident that explains this posting."""
    kind: str = ""
    """What it waits for (registration, tracking, label) if no cause of its own explains it: many of these together
    may be an incident."""
    evidence: tuple[Proof, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    is_late: bool = True
    """False while an alert stays open for a posting that moved on in time but has no label yet."""
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
    """The effective deadline: Ozon's cutoff, or the last pick-up before it."""
    cutoff: datetime | None = None
    """Ozon's own cutoff."""
    warn_from: datetime | None = None
    act_by: datetime | None = None
    """Waiting ends at this time."""
    answer_by: datetime | None = None
    """From this time on an answer of others may come too late, and the steps for little time apply."""
    next_tariff: TariffStep | None = None
    """What shipping costs after its `until`; the step before it still applies."""
    alternatives: tuple[str, ...] = ()
    """Other active delivery methods of the same warehouse that have given labels, by name."""
    asked: tuple[Proof, ...] = ()
    """The questions sent to Ozon about this posting, and its answers."""
    usual: Usual | None = None
    """What is usual for its stage and delivery method; None = not enough has been seen."""
    as_of: datetime | None = None
    """When Ozon was last read successfully."""

    @property
    def shops(self) -> tuple[str, ...]:
        """The shops that it concerns."""
        return shops_of(self.subject)

    @property
    def shop(self) -> str:
        """Its only shop; empty if it concerns none or several."""
        return self.shops[0] if len(self.shops) == 1 else ""

    @property
    def carriers(self) -> tuple[str, ...]:
        """The carrier of its posting, or those that an incident concerns."""
        return self.subject.carriers if isinstance(self.subject, Incident) else (self.method.carrier,)

    @property
    def is_posting(self) -> bool:
        return isinstance(self.subject, PostingId)

    @property
    def posting_number(self) -> str | None:
        return self.subject.number if isinstance(self.subject, PostingId) else None

    @property
    def incident(self) -> Incident | None:
        """The incident that it is about."""
        return self.subject if isinstance(self.subject, Incident) else None

    @property
    def event(self) -> IncidentId | Channel | Database | Polls | Summary | None:
        """What it is about beyond a posting or a shop: the incident that explains the posting, or its subject."""
        match self.subject:
            case PostingId() | Shop():
                return self.explained_by
            case Incident(id=id_):
                return id_
            case _:
                return self.subject


@dataclass(frozen=True, slots=True)
class LastNotified:
    """What the last notification said: changes are compared with it, not with the last poll."""

    at: datetime
    count: int
    severity: Severity
    cause: str
    left: timedelta | None = None
    """The last escalation step that was notified; None = none."""
    verdict: Verdict | None = None
    """None = written by a version that did not record it."""
    missed: bool = False
    """Whether a notification said that the deadline has passed."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One period of trouble with one posting (or one shop)."""

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
    """For a firing alert: the snooze that has just ended, until the next notification."""
    resolved_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert to send to one channel: the notification number, when it is due and when it expires."""

    alert: Alert
    """The alert as it was when the notification was decided."""
    number: int
    reason: Reason
    channel: str
    due_at: datetime
    expires_at: datetime
