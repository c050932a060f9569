"""The settings and limits of one poll."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from labelwatch.core.policy import AlertPolicy, DelayPolicy, Destination


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
    normal_label: Mapping[str, timedelta] = field(default_factory=dict)
    normal_registration: Mapping[str, timedelta] = field(default_factory=dict)
    ask_label_task: bool = True
    arrival: str = "digest"
    """When people are told what new orders need: digest, at_once or off."""
    timezone: str = "UTC"
    """IANA zone of the shop's days."""
    thorough: bool = False
    """Look for orders in unannounced statuses even if it is not their turn."""
    shops: Mapping[str, timedelta] = field(default_factory=dict)
    """All watched shops and how often each is polled: incidents are found over all of them."""
