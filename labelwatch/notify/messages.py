"""Notifications of one channel made into one message: what to do first, nothing unaccounted for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from labelwatch.core.model import Destination, Notification, Reason, Severity
from labelwatch.notify import bundle, single
from labelwatch.notify.catalog import catalog, counted
from labelwatch.notify.message import Kind, Message, Section
from labelwatch.notify.moments import Voice
from labelwatch.notify.plain import plain, size
from labelwatch.notify.wording import is_incident

LIMIT = 4000
"""Characters of title and body together: Telegram takes 4096."""
STALE_AFTER = timedelta(minutes=4)
"""Two polling intervals: older data are dated in the message."""

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


_KIND = {Severity.NOTICE: Kind.INFO, Severity.WARNING: Kind.WARNING, Severity.CRITICAL: Kind.FAILURE}


def render(
    told: Sequence[Notification],
    destination: Destination,
    *,
    now: datetime,
    stale_after: timedelta = STALE_AFTER,
    limit: int = LIMIT,
) -> Message:
    """One message for everything in `told` (at least one), of at most `limit` characters, cut between items."""
    voice = voice_of(destination, now)
    ordered = sorted(told, key=_urgency)
    if len(ordered) == 1:
        title = single.title(voice, ordered[0])
        body = single.body(voice, ordered[0], limit=limit - size(title), stale_after=stale_after)
    else:
        title = bundle.title(voice, ordered)
        body = bundle.body(voice, ordered, limit=limit - size(title), stale_after=stale_after)
    return Message(title, (Section(lines=(body,)),), _kind(ordered))


def dead_channel(channel: str, reason: str, *, undelivered: int, destination: Destination, now: datetime) -> Message:
    """What another channel is told when `channel` fails for good."""
    words = voice_of(destination, now).words
    lines = (
        words.line.dead_body.format(reason=plain(reason, 300)),
        counted(words, words.count.undelivered, undelivered),
        words.line.dead_how,
    )
    title = f"{words.line.mark_critical} {words.line.dead_title.format(channel=plain(channel))}"
    return Message(title, (Section(lines=lines),), Kind.FAILURE)


def voice_of(destination: Destination, now: datetime) -> Voice:
    return Voice(catalog(destination.language), ZoneInfo(destination.timezone), now, destination.shops)


def _urgency(told: Notification) -> tuple[bool, bool, bool, datetime, int, str]:
    """What is over last; an incident first, then a shop that cannot be read; then by deadline, then by severity."""
    diagnosis = told.alert.diagnosis
    return (
        told.reason is Reason.RESOLVED,
        not is_incident(diagnosis),
        diagnosis.posting_number is not None,
        diagnosis.deadline or _END_OF_TIME,
        -diagnosis.severity.rank,
        diagnosis.posting_number or diagnosis.shop,
    )


def _kind(told: Sequence[Notification]) -> Kind:
    """As bad as the worst that is still open."""
    severities = [one.alert.diagnosis.severity for one in told if one.reason not in (Reason.RESOLVED, Reason.TEST)]
    if severities:
        return _KIND[max(severities, key=lambda severity: severity.rank)]
    return Kind.INFO if any(one.reason is Reason.TEST for one in told) else Kind.SUCCESS
