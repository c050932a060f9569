"""The words of the house: every value that travels between files, frozen and without behaviour of its own.

All times are timezone-aware UTC. Ids from Ozon are text, whatever type they arrive in. Statuses, substatuses,
requirements and actions are Ozon's own words, never renamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum


class Stage(StrEnum):
    """Where a posting stands on its way to the label."""

    PACKING = "packing"
    REGISTRATION = "registration"
    LABEL = "label"
    DONE = "done"
    """Labelled, handed over or gone: nothing is waited for."""


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


class Clock(StrEnum):
    """Which limit ran out."""

    ORDER = "order"
    REGISTRATION = "registration"
    LABEL = "label"
    TRACKING = "tracking"
    CUTOFF = "before_cutoff"


@dataclass(frozen=True, slots=True)
class Interval:
    """When something happened, as far as two readings can tell: after `earliest`, not after `latest`."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class DeliveryMethod:
    """How a posting leaves a warehouse; `carrier` is Ozon's tpl_provider. Empty text = Ozon named none."""

    id: str = ""
    name: str = ""
    warehouse_id: str = ""
    warehouse: str = ""
    carrier_id: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    offer_id: str
    name: str
    quantity: int
    weight: float = 0.0
    """Kilograms of one piece; 0 = Ozon does not say."""
    price: float = 0.0
    """Of one piece, in `currency`."""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class TariffStep:
    """What shipping after `until` costs next. `until` None = for ever (Ozon writes the year 9999)."""

    until: datetime | None
    rate: float
    kind: str
    charge: str
    currency: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting as Ozon last reported it, without a word about the buyer."""

    number: str
    order_number: str
    status: str
    substatus: str
    flow: str
    """integration_type_flow, else tpl_integration_type; empty when Ozon sent neither."""
    schema: str
    """delivery_schema as reported: fbs, rFBS, Crossborder ..."""
    method: DeliveryMethod
    in_process_at: datetime | None = None
    cutoff: datetime | None = None
    """shipment_date: by when it is to be assembled."""
    hard_cutoff: datetime | None = None
    """shipment_date_without_delay: the last moment that does not count as late, where Ozon tells it."""
    tracking_number: str = ""
    """Empty when missing, also when Ozon repeats the posting number in its place."""
    actions: tuple[str, ...] = ()
    """available_actions, sorted."""
    requirements: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Requirement key -> SKUs that still need it; empty ones left out; sorted."""
    products: tuple[Product, ...] = ()
    tariff: tuple[TariffStep, ...] = ()
    parent: str = ""
    is_multibox: bool = False
    boxes: int = 0
    is_express: bool = False
    is_legal: bool = False
    """The buyer is a company."""
    recipient_gaps: tuple[str, ...] = ()
    """Which parts of the recipient's address Ozon sent empty; what the others hold is never read."""

    @property
    def last_cutoff(self) -> datetime | None:
        """The moment after which Ozon counts it as late; a pick-up may make the deadline earlier."""
        return self.hard_cutoff or self.cutoff


@dataclass(frozen=True, slots=True)
class Track:
    """What labelwatch itself observed of a posting: Ozon gives no time of assembly or of label creation."""

    stage: Stage
    since: Interval
    """When it entered the stage."""
    first_seen: datetime
    label: Interval | None = None
    """When its label was first offered; kept after the label is gone."""
    late_at: datetime | None = None
    """When it will be late if nothing else happens; None = never."""


@dataclass(frozen=True, slots=True)
class Known:
    """A posting as it stands in the store; `id` None = not stored yet."""

    id: int | None
    posting: Posting
    track: Track
    digest: int
    """64-bit hash of the bytes Ozon sent (signed), to see that nothing changed without decoding."""


@dataclass(frozen=True, slots=True)
class PickUp:
    """When a courier or forwarder collects parcels, on the clock of a zone; Monday is day 0."""

    handover: tuple[time, ...]
    timezone: str
    working_days: frozenset[int] = frozenset(range(7))
    days_off: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Delays:
    """The limits of the clocks for one posting."""

    order: timedelta = timedelta(hours=24)
    registration: timedelta = timedelta(hours=1)
    label: timedelta = timedelta(minutes=15)
    tracking: timedelta = timedelta(hours=24)
    before_cutoff: timedelta = timedelta(hours=4)
    critical_before_cutoff: timedelta = timedelta(hours=1)
    auto: frozenset[str] = frozenset()
    """Which of registration and label are learned; their fixed limits stand in until enough is known."""
    pick_up: PickUp | None = None
    """When parcels are collected; None = whenever Ozon's cutoff allows."""


@dataclass(frozen=True, slots=True)
class DelayPolicy:
    """The limits of a shop; the most specific wins: default < warehouse < delivery method."""

    default: Delays = field(default_factory=Delays)
    by_warehouse: Mapping[str, Delays] = field(default_factory=dict)
    by_method: Mapping[str, Delays] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """With so little left to the deadline, this channel is told as well, whatever else it wants to hear."""

    left: timedelta
    channel: str


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    pending_for: timedelta = timedelta(0)
    repeat_every: timedelta = timedelta(hours=4)
    resolved: bool = True
    escalation: tuple[Step, ...] = ()
    """Longest `left` first."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment that counts for people, and what follows from coming near it."""

    at: datetime
    """Ozon's cutoff, or the last pick-up before it."""
    cutoff: datetime
    """Ozon's own."""
    warn_from: datetime
    act_by: datetime
    """From here on nothing is waited for: acting takes the time that is left."""


@dataclass(frozen=True, slots=True)
class MethodHistory:
    """What the shop's own past tells: which delivery methods ever offered a label, and the learned limits."""

    labelled: frozenset[str] = frozenset()
    """Ids of delivery methods that have offered a label at least once."""
    normal_label: Mapping[str, timedelta] = field(default_factory=dict)
    """Method id -> time within which 99 % of its labels came."""
    normal_registration: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A posting whose label is late, or whose cutoff is near with no label yet."""

    shop: str
    posting: Posting
    stage: Stage
    clock: Clock
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
    method: DeliveryMethod = DeliveryMethod()
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
class Told:
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
    told: Told | None = None
    handled_by: str = ""
    """Who acknowledged or snoozed it."""
    note: str = ""
    handled_at: datetime | None = None
    snoozed_until: datetime | None = None
    """Of a firing alert: the snooze that has just ended, until the next telling."""
    resolved_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the wall clock of a channel's zone; over midnight when start > end."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Destination:
    """What the core must know of a channel to decide whether and when it is told. `shops` empty = all."""

    name: str
    language: str
    timezone: str
    shops: frozenset[str] = frozenset()
    severity: Severity = Severity.NOTICE
    quiet: QuietHours | None = None
    working_days: frozenset[int] = frozenset(range(7))
    """Monday is 0; on the other days it is quiet all day."""
    days_off: frozenset[date] = frozenset()
    """Quiet all day, too."""
    handover: tuple[time, ...] = ()
    """When those who take over get a list of everything, on the clock of the channel's zone."""
    group_interval: timedelta = timedelta(0)
    """At most one message in such a time."""
    calm_interval: timedelta = timedelta(0)
    """So long after a message news that nobody has to hurry for is gathered."""


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
