"""What a new order needs before it can be packed or get a label, known as soon as it arrives.

The rules are those that explain a late label. Those about the order itself are asked of it as it is; those about its
delivery method and warehouse as if it had been packed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from labelwatch.core.alert import Alert, Certainty, Diagnosis, Finding, Proof, Severity
from labelwatch.core.deadline import deadline_of
from labelwatch.core.diagnosis import described
from labelwatch.core.enrichment import SHOP_WIDE, Answers, Question, Topic, is_open
from labelwatch.core.facts import DropoffLimits
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import PACKING_STATUSES, Awaited, Watch, awaited, delays_for, label_offered
from labelwatch.core.policy import Destination
from labelwatch.core.posting import Interval, Known, Limit, Posting, Stage, Track
from labelwatch.core.quiet_hours import last_pick_up, quiet_span
from labelwatch.core.routing import is_subscribed, quiet_until
from labelwatch.core.rules import RULES
from labelwatch.core.rules.base import Proven
from labelwatch.core.rules.calendar import DAY_OFF, NO_PICK_UP
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import Summary, SummaryKind
from labelwatch.core.summaries import summary

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
KNOWABLE = _OF_ORDER | _OF_METHOD | {NO_PICK_UP, DAY_OFF}
"""The causes of late labels that are known as soon as an order arrives."""

AT_ONCE = "at_once"
LITTLE_TIME = timedelta(hours=2)
"""With less working time than this before the deadline people are told at once."""
ALERT_SOON = timedelta(hours=1)
"""An alert that comes so soon after a need would be told tells it, too."""
LIMITS_WITHIN = timedelta(hours=1)
"""How long drop-off limits are asked for again when Ozon does not answer."""
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
    return tuple(Need(_about(finding, *one, seen_at), _skus(posting, one[1].evidence)) for one in found)


def _about(finding: Finding, cause: str, proven: Proven, now: datetime) -> Diagnosis:
    """Nothing is late yet: it has not waited, and does not get more severe."""
    said = described(finding, cause, proven, as_of=now)
    return replace(said, waiting_since=None, warn_from=None, act_by=None, answer_by=None)


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
        deadline=deadline_of(posting, delays_for(posting.method, watch.policy)),
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
    cutoff, pick_up = finding.posting.last_cutoff, delays_for(finding.posting.method, watch.policy).pick_up
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


def questions(numbers: Sequence[str], known: Answers, now: datetime, *, is_arriving: bool) -> list[Question]:
    """What to ask Ozon about new orders: with `is_arriving` about their methods and warehouses, and for the limits of
    those `numbers` that came before."""
    about = [Question(topic) for topic in SHOP_WIDE] if is_arriving else []
    about += [Question(topic, number) for number in numbers for topic in (Topic.LIMITS, Topic.DETAIL)]
    return [one for one in about if is_open(known.get(one), one.topic, now)]


def has_limits(posting: Posting, track: Track, now: datetime) -> bool:
    """Whether the limits of its drop-off point are to be asked for: those of a late order are asked for anyway, and
    Ozon gives them for plain FBS only."""
    is_late = track.late_at is not None and track.late_at <= now
    return track.stage is Stage.PACKING and posting.flow.lower() == "ozon" and not is_late


def limits_settled(one: Known, answers: Answers, now: datetime) -> bool:
    """Whether Ozon has given its limits, or was asked for long enough."""
    answer = answers.get(Question(Topic.LIMITS, one.posting.number))
    is_answered = answer is not None and isinstance(answer.substance, DropoffLimits)
    return is_answered or now - one.track.first_seen > LIMITS_WITHIN


def tell_at(
    plan: Plan, watch: Watch, posting: Posting, *, late_at: datetime | None, now: datetime
) -> datetime | None:
    """When people are told of what an order needs if no shift summary lists it before: as soon as one of their
    channels has only LITTLE_TIME left before the deadline, its quiet times not counted. None = there is no deadline
    or no channel, or an alert tells it before, or soon after."""
    if plan.arrival == AT_ONCE:
        return None if late_at is not None and late_at <= now else now
    deadline = deadline_of(posting, delays_for(posting.method, watch.policy))
    hearing = [to for to in plan.destinations if _hears(to, plan.shop)]
    if deadline is None or not hearing:
        return None
    moment = min(_with_little_time(deadline.at, now, to) for to in hearing)
    return None if late_at is not None and late_at <= moment + ALERT_SOON else moment


def announcements(plan: Plan, told: Sequence[Diagnosis], now: datetime) -> Iterator[tuple[Alert, datetime]]:
    """A summary of these needs for each channel of the shop, and when it is due: not in the quiet time. Of what falls
    due before that ends only the alert may wake people."""
    for to in plan.destinations:
        due_at = quiet_until(to, now + plan.group_wait)
        if _hears(to, plan.shop) and any(one.deadline is None or one.deadline > due_at for one in told):
            yield summary(Summary(to.name, SummaryKind.ARRIVAL), since=now, at=now), due_at


def _hears(to: Destination, shop: str) -> bool:
    """What a new order needs has no severity: only a channel of critical alerts is not told at once."""
    return is_subscribed(to, (shop,)) and to.severity is not Severity.CRITICAL


def _with_little_time(deadline: datetime, found_at: datetime, to: Destination) -> datetime:
    left, at = timedelta(0), deadline
    while at > found_at and left < LITTLE_TIME:
        span = quiet_span(to, at - datetime.resolution)
        if span is not None:
            at = span.start
            continue
        left, at = left + _STEP, at - _STEP
    return max(at, found_at)
