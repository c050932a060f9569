"""What happened to one posting, in the reader's language: events, and the spans between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise

from labelwatch.core.alert import Alert, AlertState, Reason
from labelwatch.core.posting import Interval
from labelwatch.messages.diagnosis_text import words_of
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, clock, duration
from labelwatch.queries import PostingDetails
from labelwatch.store import EvidenceLevel, HistoryRow, OutboxRow, OutboxState
from labelwatch.web.words import Words, words

MAX_CHANGES = 40
"""Only the last changes of a posting are shown."""
MAX_REMINDERS = 3
"""Further reminders are shown as a number."""
_A_MINUTE = timedelta(minutes=1)
_SAYS_NOTHING = ("", "posting_created")
_ARRIVED = (OutboxState.SENT, OutboxState.UNVERIFIED)


class Mark(StrEnum):
    """The kind of an event; each has a shape of its own."""

    STATUS = "status"
    CHANGE = "change"
    OFFERED = "offered"
    PRINTED = "printed"
    VERIFIED = "verified"
    LATE = "late"
    TOLD = "told"
    UNTOLD = "untold"
    TAKEN = "taken"
    SNOOZED = "snoozed"
    OVER = "over"
    GAP = "gap"
    CUTOFF = "cutoff"
    HARD_CUTOFF = "hard_cutoff"
    NOW = "now"


_ORDER = {mark: place for place, mark in enumerate(Mark)}


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    mark: Mark
    text: str


class Look(StrEnum):
    """How a span is drawn."""

    EVEN = "even"
    ODD = "odd"
    """Alternates with ODD, so that a status and the next one differ."""
    UNSURE = "unsure"
    """It changed some time in between."""
    UNSEEN = "unseen"
    """labelwatch was not running."""
    LATE = "late"
    TAKEN = "taken"
    SNOOZED = "snoozed"


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in one look."""

    begin: datetime
    end: datetime
    look: Look


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is drawn; events by time, later spans over earlier ones."""

    events: tuple[Event, ...]
    standing: tuple[Span, ...]
    """Its status at Ozon."""
    trouble: tuple[Span, ...]
    """While it was late, acknowledged or snoozed."""


def timeline_of(
    found: PostingDetails, told: Iterable[OutboxRow], context: RenderContext, *, gaps: Sequence[Interval] = ()
) -> Timeline:
    """The timeline of a posting until `context.now`, with later deadlines; `gaps` are times without polls."""
    said = words(context.words.language)
    changes = found.history[-MAX_CHANGES:]
    events = [
        *_changes(changes, said, context),
        *_cutoffs(found, said, context),
        *_label(found, said, context),
        *(event for alert in found.alerts for event in _alert(alert, said, context)),
        *_notifications(told, said, context),
        *(Event(gap.earliest, Mark.GAP, _say(said, "gap", took=_took(context, gap))) for gap in gaps),
        Event(context.now, Mark.NOW, said.said["timeline"]["now"]),
    ]
    return Timeline(
        events=tuple(sorted(events, key=lambda one: (one.at, _ORDER[one.mark]))),
        standing=(*_standing(changes, context.now), *(Span(gap.earliest, gap.latest, Look.UNSEEN) for gap in gaps)),
        trouble=tuple(band for alert in found.alerts for band in _trouble(alert, context.now)),
    )


def span(found: PostingDetails, now: datetime) -> Interval:
    """The time in which a posting had to be watched and gaps matter."""
    track = found.known.track
    ended = found.history[-1].seen_at if found.history and track.stage == "done" else now
    return Interval(min(track.first_seen, ended), max(track.first_seen, ended))


def _say(said: Words, key: str, **values: object) -> str:
    return said.say("timeline", key, **values)


def _took(context: RenderContext, whole: Interval) -> str:
    return duration(context, whole.latest - whole.earliest)


def _standing(changes: Sequence[HistoryRow], now: datetime) -> Iterator[Span]:
    """A span for each status since it was seen; before it a hatched one since the last other status was seen."""
    statuses = _statuses(changes)
    looks = (Look.EVEN, Look.ODD)
    for place, (row, after) in enumerate(pairwise([*statuses, None])):
        assert row is not None, "only the last is none"
        end = now if after is None else after.not_before or after.seen_at
        if end > row.seen_at:
            yield Span(row.seen_at, end, looks[place % 2])
        if after is not None and after.not_before is not None and after.not_before < after.seen_at:
            yield Span(max(after.not_before, row.seen_at), after.seen_at, Look.UNSURE)


def _statuses(changes: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows with which another status begins."""
    return [next(rows) for _, rows in groupby(changes, key=lambda row: (row.status, row.substatus))]


def _changes(changes: Sequence[HistoryRow], said: Words, context: RenderContext) -> Iterator[Event]:
    statuses = _statuses(changes)
    for row, after in pairwise([*statuses, None]):
        assert row is not None, "only the last is none"
        lasted = duration(context, (after.seen_at if after else context.now) - row.seen_at)
        key = "stood" if after else "stands"
        yield Event(row.seen_at, Mark.STATUS, _say(said, key, status=status_of(row, context), took=lasted))
    for before, row in pairwise(changes):
        if row.tracking_number and row.tracking_number != before.tracking_number:
            yield Event(row.seen_at, Mark.CHANGE, _say(said, "tracking", number=plain(row.tracking_number, 40)))
        if row.cutoff and row.cutoff != before.cutoff:
            yield Event(row.seen_at, Mark.CHANGE, _say(said, "moved", time=clock(context, row.cutoff)))


def status_of(row: HistoryRow, context: RenderContext) -> str:
    """What Ozon said of it, in words; the substatus where it says more."""
    status = context.words.status.get(row.status, plain(row.status, 40))
    substatus = context.words.substatus.get(row.substatus, plain(row.substatus, 40))
    return status if row.substatus in _SAYS_NOTHING or substatus == status else f"{status} ({substatus})"


def _cutoffs(found: PostingDetails, said: Words, context: RenderContext) -> Iterator[Event]:
    """Its cutoff, with the time left if it is not over."""
    posting = found.known.posting
    for at, mark in ((posting.cutoff, Mark.CUTOFF), (posting.hard_cutoff, Mark.HARD_CUTOFF)):
        if at is None or (mark is Mark.HARD_CUTOFF and at == posting.cutoff):
            continue
        key = f"{mark}_ahead" if at > context.now else str(mark)
        yield Event(at, mark, _say(said, key, left=duration(context, at - context.now)))


def _label(found: PostingDetails, said: Words, context: RenderContext) -> Iterator[Event]:
    """Whether the label is certain, and how exactly its time is known."""
    for one in found.evidence:
        text = _say(said, one.level)
        unsure = one.seen_at - one.not_before if one.not_before else timedelta(0)
        if one.level is EvidenceLevel.OFFERED and unsure >= _A_MINUTE:
            text = _say(said, "at_most_earlier", what=text, took=duration(context, unsure))
        yield Event(one.seen_at, Mark(one.level), text)


def _alert(alert: Alert, said: Words, context: RenderContext) -> Iterator[Event]:
    cause = words_of(context, alert.diagnosis.cause).name
    yield Event(alert.opened_at, Mark.LATE, _say(said, "late", cause=cause))
    if alert.handled_at is not None:
        by = plain(alert.handled_by, 40) or said.said["timeline"]["somebody"]
        until = clock(context, alert.snoozed_until) if alert.snoozed_until else ""
        mark = Mark.SNOOZED if alert.snoozed_until else Mark.TAKEN
        yield Event(alert.handled_at, mark, _say(said, mark, by=by, until=until))
    if alert.resolved_at is not None and alert.outcome is not None:
        outcome = context.words.outcome[alert.outcome]
        took = duration(context, alert.resolved_at - alert.opened_at)
        yield Event(alert.resolved_at, Mark.OVER, _say(said, "over", outcome=outcome, took=took))


def _trouble(alert: Alert, now: datetime) -> Iterator[Span]:
    end = alert.resolved_at or now
    yield Span(alert.opened_at, end, Look.LATE)
    if alert.handled_at is None or alert.handled_at >= end:
        return
    if alert.snoozed_until is not None:
        yield Span(alert.handled_at, min(alert.snoozed_until, end), Look.SNOOZED)
    elif alert.state in (AlertState.ACKNOWLEDGED, AlertState.RESOLVED):
        yield Span(alert.handled_at, end, Look.TAKEN)


def _notifications(told: Iterable[OutboxRow], said: Words, context: RenderContext) -> Iterator[Event]:
    """The notifications, one event for all channels of a notification; of many reminders the first ones."""
    sent: dict[tuple[int | None, int, bool], list[OutboxRow]] = {}
    for row in told:
        arrived = row.sent_at is not None and row.state in _ARRIVED
        if arrived or row.state is OutboxState.DEAD:
            sent.setdefault((row.notification.alert.id, row.notification.number, arrived), []).append(row)
    reminders = 0
    for (_, _, arrived), rows in sorted(sent.items(), key=lambda one: _told_at(one[1])):
        reminders += rows[0].notification.reason is Reason.REMINDER
        if reminders <= MAX_REMINDERS or rows[0].notification.reason is not Reason.REMINDER:
            yield _notification(rows, said, context, arrived=arrived)
    if reminders > MAX_REMINDERS:
        last = max(_told_at(rows) for rows in sent.values())
        yield Event(last, Mark.TOLD, said.counted("timeline_reminders", reminders - MAX_REMINDERS))


def _notification(rows: Sequence[OutboxRow], said: Words, context: RenderContext, *, arrived: bool) -> Event:
    about = rows[0].notification
    channels = context.words.line.list_gap.join(sorted({plain(row.notification.channel, 30) for row in rows}))
    reason = context.words.reason.get(about.reason) or said.said["timeline"]["first"]
    key, mark = ("told", Mark.TOLD) if arrived else ("untold", Mark.UNTOLD)
    return Event(_told_at(rows), mark, _say(said, key, channels=channels, reason=reason))


def _told_at(rows: Sequence[OutboxRow]) -> datetime:
    return min(row.sent_at or row.notification.due_at for row in rows)
