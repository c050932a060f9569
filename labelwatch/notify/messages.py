"""Notifications of one channel made into one message: what to do first, nothing unaccounted for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from labelwatch.core.model import Destination, Notification, Reason, Severity
from labelwatch.notify import age, bundle, single
from labelwatch.notify.age import EVERY_SHOP_ALIKE, Intervals
from labelwatch.notify.catalog import catalog, counted
from labelwatch.notify.message import Kind, Message, Section, cost
from labelwatch.notify.moments import Voice, clock
from labelwatch.notify.plain import plain, size
from labelwatch.notify.wording import is_incident

LIMIT = 4000
"""Characters of title and body together: Telegram takes 4096."""

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST = (Reason.TEST, Reason.RESOLVED)

_KIND = {Severity.NOTICE: Kind.INFO, Severity.WARNING: Kind.WARNING, Severity.CRITICAL: Kind.FAILURE}


def render(
    told: Sequence[Notification],
    destination: Destination,
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    limit: int = LIMIT,
    board: str = "",
    after_quiet: datetime | None = None,
) -> Message:
    """One message for everything in `told` (at least one), of at most `limit` characters, cut between items.

    `intervals` tells how often each shop is polled: data older than two of them are dated. `board` is the address
    where everything can be seen. `after_quiet` is when the quiet time began that held all this back until now.
    """
    voice = voice_of(destination, now)
    ordered = sorted(told, key=_urgency)
    one = ordered[0] if len(ordered) == 1 else None
    title = single.title(voice, one) if one else bundle.title(voice, ordered)
    opening = _after_quiet(voice, after_quiet) if after_quiet else ()
    end = age.section(voice, [notification.alert for notification in ordered], intervals)
    room = limit - size(title) - cost(*opening, *end)
    if one:
        main = single.sections(voice, one, limit=room)
    else:
        main = bundle.sections(voice, ordered, limit=room, board=board)
    return Message(title, (*opening, *main, *end), _kind(ordered))


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


def _after_quiet(voice: Voice, since: datetime) -> tuple[Section, ...]:
    return (Section(lines=(voice.words.line.after_quiet.format(since=clock(voice, since)),)),)


def _urgency(told: Notification) -> tuple[int, bool, bool, datetime, int, str]:
    """What is over last, before it what is a test; an incident first, then a shop that cannot be read; then by deadline, then by severity."""
    diagnosis = told.alert.diagnosis
    return (
        _LAST.index(told.reason) if told.reason in _LAST else -1,
        not is_incident(diagnosis),
        diagnosis.posting_number is not None,
        diagnosis.deadline or _END_OF_TIME,
        -diagnosis.severity.rank,
        diagnosis.posting_number or diagnosis.shop,
    )


def _kind(told: Sequence[Notification]) -> Kind:
    """As bad as the worst that is still open."""
    severities = [one.alert.diagnosis.severity for one in told if one.reason not in _LAST]
    if severities:
        return _KIND[max(severities, key=lambda severity: severity.rank)]
    return Kind.INFO if any(one.reason is Reason.TEST for one in told) else Kind.SUCCESS
