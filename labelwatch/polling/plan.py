"""What a poll goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from labelwatch.core.policy import AlertPolicy, DelayPolicy, Destination


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be known of a shop before it is polled."""

    shop: str
    every: timedelta
    delays: DelayPolicy = field(default_factory=DelayPolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    incidents: AlertPolicy = field(default_factory=AlertPolicy)
    """For what is of several shops."""
    destinations: tuple[Destination, ...] = ()
    group_wait: timedelta = timedelta(seconds=20)
    normal_label: Mapping[str, timedelta] = field(default_factory=dict)
    normal_registration: Mapping[str, timedelta] = field(default_factory=dict)
    ask_label_task: bool = True
    thorough: bool = False
    """Look for orders in unannounced statuses whether or not it is their turn."""
    shops: Mapping[str, timedelta] = field(default_factory=dict)
    """The other shops that are watched and how often: incidents are looked for over all of them."""
