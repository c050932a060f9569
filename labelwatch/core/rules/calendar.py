"""What the calendar says of a new order: found when it arrives, not by a rule about late labels."""

from collections.abc import Mapping

NO_PICK_UP = "no_pick_up"
DAY_OFF = "day_off"

MEANINGS: Mapping[str, str] = {
    NO_PICK_UP: "No courier or forwarder collects between the arrival of the order and its cutoff. Proof: the "
    "configured handover_at, and Ozon's cutoff.",
    DAY_OFF: "The cutoff falls on a day on which the warehouse does not work, so the order has to leave before it. "
    "Proof: working_days of the warehouse at Ozon, and the cutoff.",
}
"""Cause id -> its meaning and its evidence."""
