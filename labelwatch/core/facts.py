"""What can be asked about a late posting beyond the list; None = not known: never asked, or the question failed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from labelwatch.core.incidents import Incident


class TaskState(StrEnum):
    """What became of asking Ozon to print a label (package-label/create and /get)."""

    PENDING = "pending"
    """Ozon is making it, or says that it cannot be made yet."""
    PRINTED = "printed"
    REFUSED = "refused"
    """Ozon will not print it and says why."""
    MISSING = "missing"
    """The task is completed, but this posting is neither printed nor named among the unprinted."""


@dataclass(frozen=True, slots=True)
class LabelTask:
    """The answer to asking for the label of one posting; `message` is Ozon's own, word for word."""

    state: TaskState
    asked_at: datetime
    message: str = ""
    tasks: tuple[int, ...] = ()
    """Ozon's task ids, to ask again without a new task."""


@dataclass(frozen=True, slots=True)
class MethodState:
    """A delivery method in the shop's settings (delivery-method/list); status empty = it is not in the list."""

    status: str
    name: str = ""
    warehouse_id: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WarehouseState:
    """A warehouse in the shop's settings (warehouse/list)."""

    status: str
    paused_at: datetime | None = None
    is_changing: bool = False


@dataclass(frozen=True, slots=True)
class DropoffLimits:
    """What the drop-off point takes (posting/fbs/restrictions): grams, roubles, centimetres; 0 = no limit told."""

    max_weight: float = 0.0
    max_price: float = 0.0
    sides: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Detail:
    """What only posting/fbs/get tells; `sides` are those of each product in millimetres."""

    previous_substatus: str = ""
    provider_status: str = ""
    sides: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one late posting when its cause is looked for."""

    label_expected: bool | None = None
    """Does Ozon print a label in this flow, by the flow and by what this method has done before."""
    method_labelled: bool | None = None
    """Has this delivery method ever offered a label in this shop."""
    method_handed_over: int | None = None
    """How many postings of this method went out while we watched."""
    label_task: LabelTask | None = None
    method: MethodState | None = None
    warehouse: WarehouseState | None = None
    limits: DropoffLimits | None = None
    exemplars: str | None = None
    """Whether the marks of the products let the posting be packed (exemplar/status), in Ozon's word."""
    detail: Detail | None = None
    alternatives: tuple[str, ...] | None = None
    incident: Incident | None = None
    """The open incident that this posting is part of."""
