"""What can be asked about a late posting beyond the list; None = not known: never asked, or the question failed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from labelwatch.core.subject import Incident
from labelwatch.core.survival import Survival


class TaskState(StrEnum):
    """The result of asking Ozon to print a label (package-label/create and /get)."""

    PENDING = "pending"
    """Ozon is printing it, or says that it cannot be printed yet."""
    PRINTED = "printed"
    REFUSED = "refused"
    """Ozon refuses to print it and says why."""
    MISSING = "missing"
    """The task is completed, but this posting is neither printed nor named among the unprinted."""


@dataclass(frozen=True, slots=True)
class LabelTask:
    """The answer to the request for one posting's label; `message` is Ozon's text, unchanged."""

    state: TaskState
    asked_at: datetime
    message: str = ""
    tasks: tuple[int, ...] = ()
    """Ozon's task ids, to ask again without a new task."""
    refused: str = ""
    """For an unfinished task: Ozon's words when it refused the last one; they hold until it answers again."""


@dataclass(frozen=True, slots=True)
class MethodState:
    """A delivery method in the shop's settings (delivery-method/list); status empty = it is not in the list."""

    status: str
    name: str = ""
    warehouse_id: str = ""
    changed_at: datetime | None = None
    flow: str = ""
    """tpl_integration_type"""
    cutoff: str = ""
    """By when orders are to be packed, as Ozon writes it."""


@dataclass(frozen=True, slots=True)
class WarehouseState:
    """A warehouse in the shop's settings (warehouse/list)."""

    status: str
    paused_at: datetime | None = None
    is_changing: bool = False
    name: str = ""
    working_days: tuple[str, ...] = ()
    """Ozon's names: MONDAY and so on."""
    first_mile: str = ""
    """PICK_UP or DROP_OFF"""
    label_size: str = ""
    """BIG or SMALL"""


@dataclass(frozen=True, slots=True)
class DropoffLimits:
    """What the drop-off point accepts (posting/fbs/restrictions): grams, roubles, centimetres; 0 = no limit given."""

    max_weight: float = 0.0
    max_price: float = 0.0
    sides: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Detail:
    """What only posting/fbs/get returns; `sides` are those of each product in millimetres."""

    previous_substatus: str = ""
    provider_status: str = ""
    sides: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one late posting when its cause is determined."""

    label_expected: bool | None = None
    """Whether Ozon prints a label in this flow, by the flow and the history of this method."""
    method_labelled: bool | None = None
    """Whether this delivery method has ever offered a label in this shop."""
    method_handed_over: int | None = None
    """How many postings of this method shipped while labelwatch watched."""
    label_task: LabelTask | None = None
    method: MethodState | None = None
    warehouse: WarehouseState | None = None
    limits: DropoffLimits | None = None
    exemplars: str | None = None
    """Ozon's status for whether the marking codes allow packing (exemplar/status)."""
    detail: Detail | None = None
    alternatives: tuple[str, ...] | None = None
    curve: Survival | None = None
    """How long the postings of this method stay in this stage."""
    incident: Incident | None = None
    """The open incident that this posting is part of."""
