"""When a posting's label will be late (late_at), and what is late now.

Ozon says neither when a posting was assembled nor when its label was made, so every duration is measured from what
labelwatch itself observed: `track` keeps since when a posting is in its stage, as an interval.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from labelwatch.core.alert import Diagnosis, Finding, Outcome, Severity
from labelwatch.core.baseline import CEILING, LearnedLimit, limit_of
from labelwatch.core.deadline import deadline_of, patience, severity
from labelwatch.core.peaks import Slower
from labelwatch.core.policy import DelayPolicy, Delays, Destination
from labelwatch.core.posting import DeliveryMethod, Interval, Known, Limit, MethodHistory, Posting, Stage, Track
from labelwatch.core.quiet_hours import ever_quiet, quiet_span
from labelwatch.core.routing import is_subscribed

LABEL_ACTIONS = frozenset({"label_download", "label_download_big", "label_download_small"})
"""Offered among available_actions as soon as the label can be printed; in any status."""

PACKING_STATUSES = frozenset(
    {"awaiting_verification", "awaiting_approve", "acceptance_in_progress", "awaiting_packaging"}
)
DISPUTED_STATUSES = frozenset({"arbitration", "client_arbitration", "not_accepted"})
LEFT = {
    "delivering": Outcome.HANDED_OVER,
    "driver_pickup": Outcome.HANDED_OVER,
    "delivered": Outcome.HANDED_OVER,
    "sent_by_seller": Outcome.HANDED_OVER,
    "cancelled": Outcome.CANCELLED,
    "cancelled_from_split_pending": Outcome.SPLIT,
}
KNOWN_SUBSTATUSES = frozenset(
    {
        "",
        "ship_failed",
        "posting_acceptance_in_progress",
        "posting_awaiting_passport_data",
        "posting_awaiting_registration",
        "posting_canceled",
        "posting_conditionally_delivered",
        "posting_created",
        "posting_delivered",
        "posting_driver_pick_up",
        "posting_in_arbitration",
        "posting_in_carriage",
        "posting_in_client_arbitration",
        "posting_in_courier_service",
        "posting_in_pickup_point",
        "posting_not_in_carriage",
        "posting_not_in_sort_center",
        "posting_on_way_to_city",
        "posting_on_way_to_pickup_point",
        "posting_received",
        "posting_registered",
        "posting_registration_error",
        "posting_returned_to_warehouse",
        "posting_split_pending",
        "posting_transferred_to_courier_service",
        "posting_transferring_to_delivery",
    }
)
"""Those that Ozon has announced (posting/fbs/list and posting/fbs/get)."""
KNOWN_STATUSES = PACKING_STATUSES | DISPUTED_STATUSES | LEFT.keys() | {"awaiting_registration", "awaiting_deliver"}

STANDING_SUBSTATUSES = frozenset(
    {"posting_awaiting_passport_data", "posting_registration_error", "posting_not_in_sort_center"}
)
"""These flows get no label automatically."""

OWN_CARRIER_FLOWS = frozenset({"non_integrated", "hybrid_non_integrated"})
"""The seller's own carrier: Ozon prints no label and wants the tracking number."""
TRACKED_FLOWS = OWN_CARRIER_FLOWS | {
    "aggregator",
    "3pl_tracking",
    "hybrid",
    "hybryd",  # so spelled by Ozon in postings
    "hybrid_aggregator",
    "hybrid_3pl_tracking",
}
"""Flows in which a parcel has a tracking number of its own; with `ozon` an empty one is normal."""

LABEL_TAKES_AT_LEAST = timedelta(seconds=60)
"""Ozon asks to wait 45 to 60 seconds after assembly before requesting a label (package-label/create)."""

BLIND = timedelta(minutes=20)
"""Between two readings this far apart the last minute is one in twenty: a shop read for the first time, or after
an outage, is evaluated at once if the cutoff is near."""

EARLY_WARNING = timedelta(hours=1)
"""What falls due in a channel's quiet time is notified this long before the quiet time begins."""

_STAGE_ORDER = {Stage.PACKING: 0, Stage.REGISTRATION: 1, Stage.LABEL: 2, Stage.DONE: 3}


class Awaited(StrEnum):
    """What a packed posting still waits for in its flow."""

    LABEL = "label"
    TRACKING = "tracking"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class StageDeadline:
    """A deadline of a posting."""

    at: datetime
    clock: Limit


def label_offered(posting: Posting) -> bool:
    return not LABEL_ACTIONS.isdisjoint(posting.actions)


def is_crossborder(posting: Posting) -> bool:
    return "crossborder" in posting.schema.lower().replace("-", "").replace("_", "")


def awaited(posting: Posting, labelled_methods: Iterable[str]) -> Awaited:
    """What to expect after packing, by flow; `labelled_methods` have offered a label in this shop."""
    flow = posting.flow.lower()
    if flow in ("fbp", "click_and_collect"):
        return Awaited.NOTHING
    if flow in OWN_CARRIER_FLOWS:
        return Awaited.TRACKING
    # Of the integrated flows only the domestic one documents no label step; an earlier label proves it.
    if flow == "3pl_tracking" and not is_crossborder(posting) and posting.method.id not in set(labelled_methods):
        return Awaited.TRACKING
    return Awaited.LABEL


def stage_of(posting: Posting, *, had_label: bool) -> Stage:
    if posting.status in LEFT or label_offered(posting):
        return Stage.DONE
    if posting.status in PACKING_STATUSES:
        return Stage.PACKING
    if posting.status == "awaiting_registration":
        return Stage.REGISTRATION
    if posting.status in DISPUTED_STATUSES and had_label:
        return Stage.DONE
    return Stage.LABEL


def track(previous: Track | None, posting: Posting, *, seen_at: datetime, not_before: datetime | None) -> Track:
    """Update what is observed of a posting; `late_at` is left to `Watch.with_late_at`.

    `not_before` is when the shop was last read completely before `seen_at`: any change happened since then.
    """
    since = Interval(_earliest(previous, posting, seen_at, not_before), seen_at)
    label = previous.label if previous else None
    if label is None and label_offered(posting):
        label = since
    stage = stage_of(posting, had_label=label is not None)
    if previous is None:
        return Track(stage=stage, since=since, first_seen=seen_at, label=label)
    if previous.stage is stage:
        since = previous.since
    return replace(previous, stage=stage, since=since, label=label, late_at=None)


def _earliest(previous: Track | None, posting: Posting, seen_at: datetime, not_before: datetime | None) -> datetime:
    bounds = [at for at in (not_before, posting.in_process_at) if at is not None]
    if previous is not None:
        bounds.append(previous.since.latest)
    return min(max(bounds, default=seen_at), seen_at)


def delays_for(method: DeliveryMethod, policy: DelayPolicy) -> Delays:
    """The fixed limits of the postings of a delivery method."""
    delays = policy.by_method.get(method.id) or policy.by_warehouse.get(method.warehouse_id) or policy.default
    return delays if delays.label >= LABEL_TAKES_AT_LEAST else replace(delays, label=LABEL_TAKES_AT_LEAST)


def learned_limit(posting: Posting, track: Track, delays: Delays, history: MethodHistory) -> LearnedLimit | None:
    """The limit of its stage that was learned, where the policy says "auto" and enough is known."""
    if track.stage not in delays.auto:
        return None
    normal = history.normal(track.stage, posting.method.id, track.since.earliest)
    return limit_of(normal, stage=track.stage, fixed=getattr(delays, track.stage))


def stage_deadlines(
    posting: Posting, track: Track, *, delays: Delays, awaits: Awaited, calendars: Iterable[Destination] = ()
) -> tuple[StageDeadline, ...]:
    """Every deadline of this posting: the limit of its stage, and the margin before the cutoff."""
    if not _is_awaited(posting, track.stage, awaits):
        return ()
    begun = started(posting, track).latest
    limit = timedelta(0) if _needs_action(posting, track.stage) else stage_limit(track.stage, delays, awaits)
    own = StageDeadline(begun + limit, _clock(track.stage, awaits))
    deadline = deadline_of(posting, delays)
    if deadline is None:
        return (own,)
    ends = (
        deadline.at - _margin(posting, deadline.at, delays.before_cutoff),
        *_early_warnings(posting, deadline.at, begun, calendars),
    )
    cutoff = min(ends)
    if posting.status == "awaiting_deliver":
        cutoff = max(cutoff, _packed(track.since) + LABEL_TAKES_AT_LEAST)
    return own, StageDeadline(cutoff, Limit.CUTOFF)


def _needs_action(posting: Posting, stage: Stage) -> bool:
    """Whether Ozon says that a packed posting needs an action before it continues."""
    if stage is Stage.PACKING:
        return False
    return posting.status in DISPUTED_STATUSES or posting.substatus in STANDING_SUBSTATUSES


def _early_warnings(
    posting: Posting, deadline: datetime, begun: datetime, calendars: Iterable[Destination]
) -> Iterator[datetime]:
    """When to notify early of what falls due in quiet times, so that nobody is woken; not of what arises in them."""
    for to in calendars:
        # Due exactly at the end counts as within: nothing can be done after it.
        span = quiet_span(to, deadline - datetime.resolution)
        if span is not None and begun < span.start:
            yield span.start - _margin(posting, span.start, EARLY_WARNING)


def _packed(since: Interval) -> datetime:
    """The latest time at which it can have been packed; after a long outage it was hardly at the very end."""
    return since.earliest if since.latest - since.earliest > BLIND else since.latest


def _is_awaited(posting: Posting, stage: Stage, awaits: Awaited) -> bool:
    if stage is Stage.DONE or posting.flow.lower() == "fbp":  # a partner's warehouse packs FBP postings
        return False
    if stage is Stage.LABEL and awaits is not Awaited.LABEL:
        return awaits is Awaited.TRACKING and not posting.tracking_number
    return True


def _margin(posting: Posting, end: datetime, usual: timedelta) -> timedelta:
    """How long before `end` the deadline warns. Express orders are open for minutes: a fixed margin would pass
    before they begin."""
    if posting.is_express and posting.in_process_at:
        return min(usual, max(end - posting.in_process_at, timedelta(0)) / 2)
    return usual


def started(posting: Posting, track: Track) -> Interval:
    """When the present stage began; packing is measured from Ozon's own in_process_at."""
    if track.stage is Stage.PACKING and posting.in_process_at is not None:
        return Interval(posting.in_process_at, posting.in_process_at)
    return track.since


def stage_limit(stage: Stage, delays: Delays, awaits: Awaited) -> timedelta:
    if stage is Stage.LABEL and awaits is Awaited.TRACKING:
        return delays.tracking
    return {Stage.PACKING: delays.order, Stage.REGISTRATION: delays.registration}.get(stage, delays.label)


def _clock(stage: Stage, awaits: Awaited) -> Limit:
    if stage is Stage.LABEL and awaits is Awaited.TRACKING:
        return Limit.TRACKING
    return {Stage.PACKING: Limit.ORDER, Stage.REGISTRATION: Limit.REGISTRATION}.get(stage, Limit.LABEL)


@dataclass(frozen=True, slots=True)
class Watch:
    """The limits and quiet times of one shop, applied to its postings."""

    shop: str
    policy: DelayPolicy
    history: MethodHistory
    calendars: tuple[Destination, ...] = ()
    """The channels that may be notified, for their quiet times; those whose quiet times matter here are kept."""
    slower: Slower = field(default_factory=dict)
    """At a peak; of what people know already it changes nothing."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "calendars", tuple(filter(self._applies, self.calendars)))

    def with_late_at(self, posting: Posting, track: Track) -> Track:
        """The same track with the moment at which the posting will be late if nothing else happens; None = never."""
        late_at = min((one.at for one in self._deadlines(posting, track)), default=None)
        return track if late_at == track.late_at else replace(track, late_at=late_at)

    def find(self, known: Known, now: datetime, *, watched: bool = False) -> Finding | None:
        """The finding if the posting is late now, or (`watched`) is waited for at all; else None."""
        posting, seen = known.posting, known.track
        delays, awaits, learned = self._settings(posting, seen)
        first = min(self._deadlines(posting, seen), key=lambda one: one.at, default=None)
        if first is None or (first.at > now and not watched):
            return None
        if not watched and self._is_normal_at_peak(known, learned, now):
            return None
        since, deadline = started(posting, seen), deadline_of(posting, delays)
        limit = patience(stage_limit(seen.stage, delays, awaits), since.latest, deadline)
        return Finding(
            shop=self.shop,
            posting=posting,
            stage=seen.stage,
            clock=first.clock,
            since=since,
            limit=limit,
            late_at=first.at,
            severity=severity(deadline, now),
            deadline=deadline,
            overdue=now >= since.latest + limit,
            is_late=first.at <= now,
            learned=learned,
        )

    def _is_normal_at_peak(self, known: Known, learned: LearnedLimit | None, now: datetime) -> bool:
        """Whether it would not be late by the wider limit of a peak. The margin before the deadline stays as it is,
        and so does an alert that is open."""
        factor = self.slower.get(known.track.stage, {}).get(known.posting.method.id, 1.0)
        if learned is None or factor <= 1:
            return False
        wider = max(learned.limit, min(factor * learned.limit, CEILING * learned.fixed))
        return all(one.at > now for one in self._deadlines(known.posting, known.track, limit=wider))

    def _deadlines(
        self, posting: Posting, track: Track, *, limit: timedelta | None = None
    ) -> tuple[StageDeadline, ...]:
        if track.stage is Stage.DONE:
            return ()
        delays, awaits, _ = self._settings(posting, track, limit=limit)
        return stage_deadlines(posting, track, delays=delays, awaits=awaits, calendars=self.calendars)

    def _applies(self, to: Destination) -> bool:
        """Whether its quiet times matter here. A channel of critical alerts gets no early notifications."""
        return ever_quiet(to) and to.severity is not Severity.CRITICAL and is_subscribed(to, (self.shop,))

    def _settings(
        self, posting: Posting, track: Track, *, limit: timedelta | None = None
    ) -> tuple[Delays, Awaited, LearnedLimit | None]:
        """`limit` takes the place of the learned one."""
        delays = delays_for(posting.method, self.policy)
        learned = learned_limit(posting, track, delays, self.history)
        if learned is not None:
            limits: dict[str, Any] = {track.stage.value: limit or learned.limit}
            delays = replace(delays, **limits)
        return delays, awaited(posting, self.history.labelled), learned


def outcome(known: Known, labelled_methods: Iterable[str]) -> Outcome | None:
    """How the alert of this posting ended; None = it still waits for something."""
    posting = known.posting
    if posting.status in LEFT:
        return LEFT[posting.status]
    if label_offered(posting):
        return Outcome.LABELLED
    awaits = awaited(posting, labelled_methods)
    if _is_awaited(posting, known.track.stage, awaits):
        return None
    if known.track.stage is Stage.DONE:
        return Outcome.DISPUTED
    return Outcome.TRACKING_ENTERED if awaits is Awaited.TRACKING else Outcome.NOTHING_AWAITED


def no_longer_late(before: Diagnosis, finding: Finding) -> Outcome:
    """Why a posting that still waits for the same thing is no longer late."""
    if before.stage is not finding.stage:
        return Outcome.EXCUSED
    deadline = finding.deadline.at if finding.deadline else None
    if before.deadline == deadline:
        return Outcome.LIMITS_CHANGED
    later = before.deadline and deadline and deadline > before.deadline
    return Outcome.DEADLINE_MOVED if later else Outcome.EXCUSED


def has_moved_on(before: Stage | None, now: Stage) -> bool:
    """True when a posting is in a later stage than before."""
    return before is not None and _STAGE_ORDER[now] > _STAGE_ORDER[before]
