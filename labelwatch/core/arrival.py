"""What a new order needs before it can be packed or get a label, known as soon as it arrives.

The rules are those that explain a late label. Those about the order itself are asked of it as it is; those about its
delivery method and warehouse as if it had been packed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from labelwatch.core.alert import Certainty, Diagnosis, Finding, Proof, Severity, Verdict
from labelwatch.core.deadline import deadline_of
from labelwatch.core.diagnosis import next_tariff
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import PACKING_STATUSES, Awaited, Watch, awaited, delays_for, label_offered
from labelwatch.core.policy import Destination
from labelwatch.core.posting import Interval, Limit, Posting, Stage
from labelwatch.core.quiet_hours import last_pick_up, quiet_span
from labelwatch.core.rules import CAUSES, RULES
from labelwatch.core.rules.base import Proven
from labelwatch.core.rules.calendar import DAY_OFF, NO_PICK_UP
from labelwatch.core.subject import PostingId

OVER_LIMITS = "over_dropoff_limits"
_OF_ORDER = frozenset(
    {
        "passport_data_missing",
        "marking_missing",
        "customs_number_missing",
        "country_missing",
        "other_requirement",
        "box_count_missing",
        "buyer_company_data",
        "cutoff_not_chosen",
        OVER_LIMITS,
    }
)
_OF_METHOD = frozenset(
    {
        "no_label_in_this_flow",
        "method_broken",
        "method_disabled",
        "warehouse_archived",
        "warehouse_paused",
        "method_never_labelled",
    }
)

LITTLE_TIME = timedelta(hours=2)
"""With less working time than this before the deadline people are told at once."""
_STEP = timedelta(minutes=15)
"""Quiet times are counted in steps of this length."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that an order needs: what a message can say about it, and the products that it is about."""

    diagnosis: Diagnosis
    skus: tuple[str, ...] = ()
    """Empty = not about single products."""

    @property
    def cause(self) -> str:
        """The cause of the late label that the order would have otherwise."""
        return self.diagnosis.cause


def needs(
    posting: Posting, knowledge: Knowledge, watch: Watch, *, seen_at: datetime, timezone: str
) -> tuple[Need, ...]:
    """Everything that an order needs before it is packed; nothing once it has been. `timezone` is the shop's."""
    awaits = awaited(posting, watch.history.labelled)
    if posting.status not in PACKING_STATUSES or label_offered(posting) or awaits is Awaited.NOTHING:
        return ()
    finding = _as_if_late(posting, watch, seen_at)
    packed = replace(finding, stage=Stage.LABEL, posting=replace(posting, status="awaiting_deliver"))
    found = (
        *_proven(finding, knowledge, _OF_ORDER),
        *islice(_proven(packed, knowledge, _OF_METHOD), 1),
        *_calendar(finding, knowledge, watch, seen_at, timezone),
    )
    return tuple(
        Need(_diagnosis(finding, cause, proven, seen_at), _skus(posting, proven.evidence)) for cause, proven in found
    )


def _as_if_late(posting: Posting, watch: Watch, seen_at: datetime) -> Finding:
    return Finding(
        shop=watch.shop,
        posting=posting,
        stage=Stage.PACKING,
        clock=Limit.ORDER,
        since=Interval(seen_at, seen_at),
        limit=timedelta(0),
        late_at=seen_at,
        severity=Severity.NOTICE,
        deadline=deadline_of(posting, delays_for(posting, watch.policy, watch.history)),
        overdue=False,
        is_late=False,
    )


def _proven(finding: Finding, knowledge: Knowledge, causes: frozenset[str]) -> Iterator[tuple[str, Proven]]:
    facts, found = knowledge.facts(finding), set[str]()
    for rule in RULES:
        if rule.cause not in causes or rule.cause in found:
            continue
        answer = rule.check(finding, facts)
        if isinstance(answer, Proven):
            found.add(rule.cause)
            yield rule.cause, answer


def _skus(posting: Posting, evidence: Sequence[Proof]) -> tuple[str, ...]:
    named = {
        proof.field.removeprefix("requirements.") for proof in evidence if proof.field.startswith("requirements.")
    }
    return tuple(sorted({sku for key, skus in posting.requirements if key in named for sku in skus}))


def _calendar(
    finding: Finding, knowledge: Knowledge, watch: Watch, seen_at: datetime, timezone: str
) -> Iterator[tuple[str, Proven]]:
    """The cutoff against the days of the pick-up and of the warehouse."""
    cutoff, pick_up = finding.posting.last_cutoff, delays_for(finding.posting, watch.policy, watch.history).pick_up
    if cutoff is None:
        return
    said = Proof("shipment_date", cutoff.isoformat(), seen_at)
    if pick_up is not None and last_pick_up(pick_up, seen_at, cutoff) is None:
        yield NO_PICK_UP, Proven(Certainty.CERTAIN, (said,))
        return
    house = knowledge.facts(finding).warehouse
    day = cutoff.astimezone(ZoneInfo(timezone)).strftime("%A").upper()
    if pick_up is None and house is not None and house.working_days and day not in house.working_days:
        yield DAY_OFF, Proven(Certainty.LIKELY, (said, Proof("working_days", " ".join(house.working_days))))


def tell_at(deadline: datetime | None, found_at: datetime, destinations: Iterable[Destination]) -> datetime | None:
    """When people are told of a need that no shift summary has listed: as soon as one of their channels has only
    LITTLE_TIME left before the deadline, its quiet times not counted. None = there is no deadline or no channel."""
    if deadline is None:
        return None
    moments = [_with_little_time(deadline, found_at, to) for to in destinations]
    return min(moments, default=None)


def _with_little_time(deadline: datetime, found_at: datetime, to: Destination) -> datetime:
    left, at = timedelta(0), deadline
    while at > found_at and left < LITTLE_TIME:
        span = quiet_span(to, at - datetime.resolution)
        if span is not None:
            at = span.start
            continue
        left, at = left + _STEP, at - _STEP
    return max(at, found_at)


def _diagnosis(finding: Finding, cause: str, proven: Proven, now: datetime) -> Diagnosis:
    posting, deadline = finding.posting, finding.deadline
    return Diagnosis(
        PostingId(finding.shop, posting.number),
        severity=Severity.NOTICE,
        family=CAUSES[cause],
        cause=cause,
        certainty=proven.certainty,
        verdict=Verdict.ACT,
        evidence=proven.evidence,
        is_late=False,
        stage=Stage.PACKING,
        status=posting.status,
        substatus=posting.substatus,
        flow=posting.flow,
        schema=posting.schema,
        method=posting.method,
        requirements=posting.requirements,
        products=posting.products,
        deadline=deadline.at if deadline else None,
        cutoff=deadline.cutoff if deadline else None,
        next_tariff=next_tariff(posting.tariff, now),
        as_of=now,
    )
