"""What the configuration decides: limits, escalation, quiet hours and who is notified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from labelwatch.core.alert import Severity
from labelwatch.core.posting import PickUp


@dataclass(frozen=True, slots=True)
class Delays:
    """The time limits for one posting."""

    order: timedelta = timedelta(hours=24)
    registration: timedelta = timedelta(hours=1)
    label: timedelta = timedelta(minutes=15)
    tracking: timedelta = timedelta(hours=24)
    before_cutoff: timedelta = timedelta(hours=4)
    critical_before_cutoff: timedelta = timedelta(hours=1)
    auto: frozenset[str] = frozenset({"registration", "label"})
    """Which of these two are learned; their fixed limits apply until enough is known."""
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
    """With this little time left, this channel is notified as well, whatever its severity."""

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
class QuietHours:
    """From `start` to `end` in local time of the channel's zone; over midnight when start > end."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Destination:
    """What the core needs to know to decide whether and when to notify a channel. `shops` empty = all."""

    name: str
    language: str
    timezone: str
    shops: frozenset[str] = frozenset()
    severity: Severity = Severity.NOTICE
    quiet: QuietHours | None = None
    working_days: frozenset[int] = frozenset(range(7))
    """Monday is 0; the other days are quiet all day."""
    days_off: frozenset[date] = frozenset()
    """Quiet all day, too."""
    handover: tuple[time, ...] = ()
    """When the shift summary is sent, in local time of the channel's zone."""
    group_interval: timedelta = timedelta(0)
    """At most one message in this time."""
    calm_interval: timedelta = timedelta(0)
    """How long after a message news without urgency is collected."""

    def __hash__(self) -> int:
        """Quick: a channel is the key of its quiet times, which are looked up for every order."""
        return hash(self.name)
