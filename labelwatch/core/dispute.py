"""What can be shown to Ozon about one posting: when it was packed, when its label came, and who was late."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from labelwatch.core.alert import Alert, Proof
from labelwatch.core.error_index import Charged
from labelwatch.core.lateness import LEFT, PACKING_STATUSES
from labelwatch.core.posting import Interval, Posting


class Conclusion(StrEnum):
    """What the times say."""

    LABEL_LATE = "label_late"
    """Packed before the cutoff, and the label came after it."""
    NO_LABEL = "no_label"
    """Packed before the cutoff, and the label never came while it was watched."""
    IN_TIME = "in_time"
    """The label came before the cutoff."""
    PACKED_LATE = "packed_late"
    """Not packed before the cutoff."""
    LEFT = "left"
    """It left, cancelled for instance, before the cutoff and without a label."""
    STILL_TIME = "still_time"
    """The cutoff has not passed."""
    UNSURE = "unsure"
    """Nobody watched when it mattered, or Ozon names no cutoff."""


@dataclass(frozen=True, slots=True)
class Change:
    """A state that Ozon reported first at `at`, and not yet at `not_before` (None = it was never read before)."""

    at: datetime
    not_before: datetime | None
    status: str
    substatus: str
    has_label: bool
    tracking_number: str
    cutoff: datetime | None
    actions: tuple[str, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One message about the posting to one channel."""

    at: datetime
    channel: str
    reason: str
    cause: str
    state: str
    """Of the outbox: sent, dead ..."""
    said: str
    """The receipt of the service, or its error."""


@dataclass(frozen=True, slots=True)
class Course:
    """The times that decide; each is known to lie between two readings."""

    packed: Change | None
    label: Change | None
    deadline: datetime | None
    conclusion: Conclusion


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything stored about one posting of one shop; nothing of it is about the buyer."""

    shop: str
    client_id: str
    posting: Posting
    changes: tuple[Change, ...]
    """Oldest first."""
    answers: tuple[Proof, ...]
    """What Ozon answered to questions about it, word for word, oldest first."""
    alerts: tuple[Alert, ...]
    told: tuple[Told, ...]
    printed: tuple[tuple[str, datetime], ...]
    """Level of the evidence for its label (printed, verified) -> since when."""
    unwatched: tuple[Interval, ...]
    """When its shop was not read."""
    as_of: datetime
    """The last reading or event that is in here; the clock plays no part, so the same data give the same pack."""
    course: Course
    charged: tuple[Charged, ...] = ()
    """What Ozon charged for it."""


def course(changes: Sequence[Change], *, deadline: datetime | None, as_of: datetime) -> Course:
    """Who was late, as far as the readings prove it."""
    packed = next((one for one in changes if one.status not in PACKING_STATUSES | LEFT.keys()), None)
    label = next((one for one in changes if one.has_label), None)
    packed = packed or label
    left = next((one for one in changes if one.status in LEFT), None)
    return Course(packed, label, deadline, _conclusion(packed, label, left, deadline=deadline, as_of=as_of))


def _conclusion(
    packed: Change | None, label: Change | None, left: Change | None, *, deadline: datetime | None, as_of: datetime
) -> Conclusion:
    if deadline is None:
        return Conclusion.UNSURE
    if label is not None and label.at <= deadline:
        return Conclusion.IN_TIME
    if left is not None and label is None and left.at <= deadline:
        return Conclusion.LEFT
    if as_of <= deadline:
        return Conclusion.STILL_TIME
    if packed is None or _after(packed, deadline):
        return Conclusion.PACKED_LATE
    if packed.at > deadline:
        return Conclusion.UNSURE
    if label is None:
        return Conclusion.NO_LABEL
    return Conclusion.LABEL_LATE if _after(label, deadline) else Conclusion.UNSURE


def _after(change: Change, deadline: datetime) -> bool:
    """Whether it certainly happened after the deadline."""
    return change.not_before is not None and change.not_before >= deadline


def answers(alerts: Iterable[Alert]) -> tuple[Proof, ...]:
    """Ozon's answers in these alerts, each once, oldest first."""
    found = {
        (proof.field, proof.value, proof.since): proof
        for alert in alerts
        for proof in (*alert.diagnosis.evidence, *alert.diagnosis.asked)
        if proof.since is not None
    }
    return tuple(sorted(found.values(), key=lambda proof: (proof.since, proof.field, str(proof.value))))
