"""Postings: what Ozon reports, and what was observed.

All times are timezone-aware UTC. Ids from Ozon are text, whatever type they arrive in. Statuses, substatuses,
requirements and actions keep Ozon's own names.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from labelwatch.core.baseline import Learned, Normal


class Stage(StrEnum):
    """The stage of a posting on its way to the label."""

    PACKING = "packing"
    REGISTRATION = "registration"
    LABEL = "label"
    DONE = "done"
    """Labelled, handed over or cancelled: nothing is waited for."""


class Limit(StrEnum):
    """Which limit was exceeded."""

    ORDER = "order"
    REGISTRATION = "registration"
    LABEL = "label"
    TRACKING = "tracking"
    CUTOFF = "before_cutoff"


@dataclass(frozen=True, slots=True)
class Interval:
    """When something happened, as far as two readings show: after `earliest`, not after `latest`."""

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
    """What shipping after `until` costs next. `until` None = no end (Ozon writes the year 9999)."""

    until: datetime | None
    rate: float
    kind: str
    charge: str
    currency: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting as Ozon last reported it, without data about the buyer."""

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
    """shipment_date_without_delay: the last time that does not count as late, if Ozon gives it."""
    tracking_number: str = ""
    """Empty when missing, also when Ozon repeats the posting number instead."""
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
    """Which parts of the recipient's address Ozon sent empty; the values of the others are never read."""

    @property
    def last_cutoff(self) -> datetime | None:
        """After this Ozon counts it as late; a pick-up may make the deadline earlier."""
        return self.hard_cutoff or self.cutoff


@dataclass(frozen=True, slots=True)
class Track:
    """What labelwatch itself observed of a posting: Ozon gives no time of assembly or of label creation."""

    stage: Stage
    since: Interval
    """When it entered the stage."""
    first_seen: datetime
    label: Interval | None = None
    """When its label was first offered; kept when the label is no longer offered."""
    late_at: datetime | None = None
    """When it will be late if nothing else happens; None = never."""


@dataclass(frozen=True, slots=True)
class Known:
    """A posting as stored; `id` None = not stored yet."""

    id: int | None
    posting: Posting
    track: Track
    digest: int
    """64-bit hash of the bytes Ozon sent (signed), to detect an unchanged posting without decoding."""


@dataclass(frozen=True, slots=True)
class PickUp:
    """When a courier or forwarder collects parcels, in local time of a zone; Monday is day 0."""

    handover: tuple[time, ...]
    timezone: str
    working_days: frozenset[int] = frozenset(range(7))
    days_off: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Deadline:
    """The effective deadline, and what follows from coming near it."""

    at: datetime
    """Ozon's cutoff, or the last pick-up before it."""
    cutoff: datetime
    """Ozon's own."""
    warn_from: datetime
    act_by: datetime
    """Waiting ends at this time: acting takes the time that is left."""
    answer_by: datetime
    """Whoever is written to later than this may answer too late: only half of the usual wait is left."""


@dataclass(frozen=True, slots=True)
class MethodHistory:
    """What the shop's history says: which delivery methods ever offered a label, and what is normal for each."""

    labelled: frozenset[str] = frozenset()
    """Ids of delivery methods that have offered a label at least once."""
    learned: Learned = field(default_factory=dict)
    timezone: str = "UTC"
    """IANA zone of the shop's days."""

    def normal(self, stage: Stage, method: str, began: datetime) -> Normal | None:
        """What is normal for a posting of this method whose stage began at this time; None = nothing was seen."""
        found = self.learned.get(stage, {}).get(method)
        return found.at(began, self.timezone) if found else None
