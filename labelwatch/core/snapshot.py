"""Everything that one poll of a shop decides from, as values: read from the database, or made from history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Notification
from labelwatch.core.baseline import Learned
from labelwatch.core.diagnosis import Failure
from labelwatch.core.incidents import AT_LEAST, COUNTED_WITHIN, GroupCount, most_alike
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch
from labelwatch.core.outages import ShopReading
from labelwatch.core.policy import AlertPolicy, DelayPolicy, Destination
from labelwatch.core.posting import Known, Stage
from labelwatch.core.subject import OUTAGE, IncidentId


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be known about a shop before it is polled."""

    shop: str
    every: timedelta
    delays: DelayPolicy = field(default_factory=DelayPolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    incidents: AlertPolicy = field(default_factory=AlertPolicy)
    """For alerts about several shops."""
    destinations: tuple[Destination, ...] = ()
    group_wait: timedelta = timedelta(seconds=20)
    learned: Learned = field(default_factory=dict)
    ask_label_task: bool = True
    arrival: str = "digest"
    """When people are told what new orders need: digest, at_once or off."""
    timezone: str = "UTC"
    """IANA zone of the shop's days."""
    searches: bool = True
    """Look for incidents of other shops even if nothing is late in this one."""
    thorough: bool = False
    """Look for orders in unannounced statuses even if it is not their turn."""
    shops: Mapping[str, timedelta] = field(default_factory=dict)
    """All watched shops and how often each is polled: incidents are found over all of them."""

    @property
    def learns(self) -> bool:
        """Whether a limit is what is usual."""
        delays = self.delays
        return any(
            place.auto for place in (delays.default, *delays.by_warehouse.values(), *delays.by_method.values())
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    plan: Plan
    now: datetime
    watch: Watch | None = None
    """None = the shop was not read: its postings stay as they were, and only time has passed."""
    knowledge: Knowledge = field(default_factory=Knowledge)
    """`incidents` are found by the evaluation."""
    failure: Failure | None = None
    shop_alert: Alert | None = None
    """The open alert about the shop itself."""
    complaints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What could not be read in the shop -> the numbers of the postings that have it."""
    postings: Sequence[tuple[Known, Alert | None]] = ()
    """What was read and is late or has an open alert, each with that alert."""
    unread: Sequence[Alert] = ()
    """The open alerts of the postings that were not read this time."""
    incidents: Mapping[IncidentId, Alert] = field(default_factory=dict)
    """The open incidents over all shops, with shops that cannot be read."""
    last_told: Mapping[int, Mapping[str, Notification]] = field(default_factory=dict)
    """Alert id of an incident -> channel -> what it was sent last about it."""
    waiting: Sequence[GroupCount] = ()
    """The late labels of the other shops that have no cause of their own, since `counted_since`."""
    fine: Sequence[GroupCount] = ()
    """The labels of all shops that came within COUNTED_WITHIN; needed only if `may_be_incident`."""
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    """When each shop was last read."""
    readings: Sequence[ShopReading] = ()
    """How the latest polls of each watched shop went; needed only if there is an outage, or the shop was not read."""


def counted_since(incidents: Mapping[IncidentId, Alert], now: datetime) -> datetime:
    """An open incident keeps counting the postings it was opened for, however long it lasts."""
    return min((alert.opened_at for id_, alert in incidents.items() if id_ != OUTAGE), default=now) - COUNTED_WITHIN


def may_be_incident(
    incidents: Mapping[IncidentId, Alert],
    waiting: Sequence[GroupCount],
    postings: Sequence[tuple[Known, Alert | None]],
) -> bool:
    """Whether enough labels are late for an incident, or one is open; nearly never, whatever the number of shops."""
    own = sum(known.track.stage is not Stage.PACKING for known, _ in postings)
    return bool(incidents.keys() - {OUTAGE}) or most_alike(waiting) + own >= AT_LEAST
