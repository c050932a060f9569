"""Who is told of an alert, and when: channels by shop and severity, quiet hours in the channel's own zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from labelwatch.core.model import Alert, Destination, Notification, QuietHours, Reason, Severity

WORTH_TELLING_FOR = timedelta(days=2)
"""A telling that could not be delivered for so long is expired: it is history, not news."""


def tellings(
    alert: Alert, reason: Reason, destinations: Iterable[Destination], *, now: datetime, group_wait: timedelta
) -> tuple[Notification, ...]:
    """One notification per channel that wants this alert. A resolution goes to every channel of the shop: the
    outbox drops it where nobody was told of the trouble."""
    assert alert.told is not None, "tellings are counted"
    return tuple(
        Notification(
            alert=alert,
            telling=alert.told.count,
            reason=reason,
            channel=destination.name,
            due_at=due_at(alert, destination, now + group_wait),
            expires_at=now + WORTH_TELLING_FOR,
        )
        for destination in destinations
        if wants(destination, alert, reason)
    )


def wants(destination: Destination, alert: Alert, reason: Reason) -> bool:
    """Does this channel hear of this shop, and of trouble this severe."""
    diagnosis = alert.diagnosis
    if destination.shops and destination.shops.isdisjoint(diagnosis.shops or (diagnosis.shop,)):
        return False
    return reason is Reason.RESOLVED or diagnosis.severity.rank >= destination.severity.rank


def due_at(alert: Alert, destination: Destination, at: datetime) -> datetime:
    """`at`, or the end of the channel's quiet hours, unless the deadline falls into what is left of them."""
    if destination.quiet is None:
        return at
    end = quiet_until(destination.quiet, at, ZoneInfo(destination.timezone))
    if end is None:
        return at
    diagnosis = alert.diagnosis
    dark = diagnosis.posting_number is None and diagnosis.severity is Severity.CRITICAL
    urgent = diagnosis.deadline is not None and at <= diagnosis.deadline <= end
    return at if dark or (urgent and alert.resolved_at is None) else end


def quiet_until(quiet: QuietHours, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold at `at` end (UTC); None = they do not hold then."""
    local = at.astimezone(zone)
    clock = local.time()
    overnight = quiet.start > quiet.end
    inside = (clock >= quiet.start or clock < quiet.end) if overnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if overnight and clock >= quiet.start else 0)
    # An end in the hour that summer time skips falls as long after the jump as it would have after the hour began.
    end = datetime.combine(day, quiet.end, tzinfo=zone).astimezone(at.tzinfo)
    return end if end > at else None
