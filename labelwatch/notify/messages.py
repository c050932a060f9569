"""Notifications of one channel made into one message: what to do first, nothing unaccounted for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from labelwatch.core.deadline import alert_at
from labelwatch.core.model import Alert, Destination, Diagnosis, Notification, Reason, Severity, Verdict
from labelwatch.core.narrowing import as_seen
from labelwatch.notify import age, bundle, single, wording
from labelwatch.notify.age import EVERY_SHOP_ALIKE, Intervals
from labelwatch.notify.catalog import catalog
from labelwatch.notify.message import Kind, Message, Room, Section
from labelwatch.notify.moments import More, Voice, clock
from labelwatch.notify.plain import plain

LIMIT = Room(4000)
"""Of title and body together: Telegram takes 4096."""
MAX_WAITING = 5
"""More postings than that nobody passes on by word of mouth."""

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST = {Reason.ACKNOWLEDGED: 0, Reason.SNOOZED: 0, Reason.TEST: 1, Reason.RESOLVED: 2}

_KIND = {Severity.NOTICE: Kind.INFO, Severity.WARNING: Kind.WARNING, Severity.CRITICAL: Kind.FAILURE}


def render(
    told: Sequence[Notification],
    destination: Destination,
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    limit: Room = LIMIT,
    board: str = "",
    after_quiet: datetime | None = None,
    more: More = More.COMMANDS,
) -> Message:
    """One message for everything in `told` (at least one), that `limit` holds, cut between items.

    `intervals` tells how often each shop is polled: data older than two of them are dated. `board` is the address
    where everything can be seen. `after_quiet` is when the quiet time began that held all this back until now;
    `more`, where the reader finds what there is no room for.
    """
    voice = replace(voice_of(destination, now), more=more, board=board)
    ordered = sorted((_at(seen_by(destination, one), now) for one in told), key=urgency)
    one = ordered[0] if len(ordered) == 1 else None
    alone = one or bundle.alone(ordered)
    title = _title(voice, alone, ordered) if alone else bundle.title(voice, ordered)
    opening = _after_quiet(voice, after_quiet) if after_quiet else ()
    end = age.section(voice, [notification.alert for notification in ordered], intervals)
    room = limit.beside(*opening, *end, title=title)
    if one:
        main = single.sections(voice, one, room=room)
    elif alone and (in_full := _in_full(voice, alone, ordered, room=room, board=board)):
        main = in_full
    else:
        main = bundle.sections(voice, ordered, room=room, board=board, below=alone is not None)
    return Message(title, (*opening, *main, *end), _kind(ordered))


def seen_by(destination: Destination, told: Notification) -> Notification:
    """The same as far as it concerns the shops that this channel may see."""
    return replace(told, alert=as_seen(told.alert, destination.shops))


def _title(voice: Voice, told: Notification, ordered: Sequence[Notification]) -> str:
    besides = bundle.besides(voice, len(ordered) - 1)
    return " · ".join(filter(None, (single.title(voice, told), besides)))


def _in_full(
    voice: Voice, told: Notification, ordered: Sequence[Notification], *, room: Room, board: str
) -> tuple[Section, ...]:
    """One posting as if it were alone, the others as a list below it; empty where there is no room for that."""
    main = single.parts(voice, told)
    left, others = room.beside(*main), [one for one in ordered if one is not told]
    if left.most * 3 < room.most:
        return ()
    return (*main, *bundle.sections(voice, others, room=left, board=board, below=True))


def brief(
    told: Notification, destination: Destination, *, now: datetime, intervals: Intervals = EVERY_SHOP_ALIKE
) -> Message:
    """A short reply below the full message, which is kept up to date: what is new, and what to do first."""
    told = _at(told, now)
    voice, diagnosis = voice_of(destination, now), told.alert.diagnosis
    if told.reason is Reason.RESOLVED:
        pieces = [single.outcome(voice, told.alert), single.to_spare(voice, told.alert)]
    else:
        pieces = [_news(voice, told), wording.time_left(voice, diagnosis)]
    subject = (
        "" if wording.channel(diagnosis) else wording.subject(voice, diagnosis) or wording.tally(voice, diagnosis)
    )
    said = " · ".join(piece for piece in (*pieces, subject) if piece)
    is_new = told.reason not in (*_LAST, Reason.FIRST)  # else the title says what to do
    sections = (single.news(voice, told),) if is_new else ()
    end = age.section(voice, [told.alert], intervals)
    return Message(single.marked(voice, told, said), (*sections, *end), _kind([told]))


def channel_dead(
    told: Notification,
    destination: Destination,
    waiting: Sequence[Alert],
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    limit: Room = LIMIT,
) -> Message:
    """What is told of a channel that does not work, over another one: why, and what most urgently waits for it.

    `waiting` are the alerts that it was to tell; of shops that the reader hears nothing of, none is named.
    """
    voice = voice_of(destination, now)
    title = single.title(voice, told)
    first, *others = single.parts(voice, told)
    urgent = _urgent(voice, waiting) if told.reason is not Reason.RESOLVED else []
    end = age.section(voice, urgent[:MAX_WAITING], intervals)
    sections = single.fitting([first, *_waiting(voice, urgent), *others], limit.beside(*end, title=title))
    return Message(title, (*sections, *end), _kind([told]))


def voice_of(destination: Destination, now: datetime) -> Voice:
    # A channel of no shop stands in for others: whatever it hears of, it may know the shop of.
    shops = frozenset[str]() if destination.shops == {""} else destination.shops
    return Voice(catalog(destination.language), ZoneInfo(destination.timezone), now, shops)


def _at(told: Notification, now: datetime) -> Notification:
    """What is told as it is when it is read: a night may lie between the decision to tell and the message."""
    return replace(told, alert=alert_at(told.alert, now))


def _after_quiet(voice: Voice, since: datetime) -> tuple[Section, ...]:
    return (Section(lines=(voice.words.line.after_quiet.format(since=clock(voice, since)),)),)


def _news(voice: Voice, told: Notification) -> str:
    """`New cause: awaiting registration`; or why it is back, which needs no cause; the first time, what to do."""
    diagnosis = told.alert.diagnosis
    if told.reason in (Reason.FIRST, Reason.MISSED):
        return wording.headline(voice, diagnosis)
    if told.reason is Reason.ESCALATED and (scarce := wording.scarce(voice, told.alert)):
        return scarce
    name = wording.words_of(voice, diagnosis.cause).name
    return voice.words.line.news.format(reason=single.again(voice, told), name=name)


def _urgent(voice: Voice, alerts: Sequence[Alert]) -> list[Alert]:
    """The postings among them, each once, the most urgent first."""
    about = {
        (alert.diagnosis.shop, alert.diagnosis.posting_number): alert_at(alert, voice.now)
        for alert in alerts
        if alert.diagnosis.posting_number is not None and alert.resolved_at is None
        if not voice.shops or alert.diagnosis.shop in voice.shops
    }
    return sorted(about.values(), key=lambda alert: (*_pressing(alert.diagnosis), alert.diagnosis.shop))


def _pressing(diagnosis: Diagnosis) -> tuple[datetime, bool]:
    """By deadline, then what is to be done before what is to be waited for."""
    return diagnosis.deadline or _END_OF_TIME, diagnosis.verdict is Verdict.WAIT


def _waiting(voice: Voice, alerts: Sequence[Alert]) -> tuple[Section, ...]:
    """The first of them as a list, and how many are not listed."""
    urgent = [alert.diagnosis for alert in alerts]
    with_shop = len({diagnosis.shop for diagnosis in urgent}) > 1
    rows = tuple(
        (
            wording.subject(voice, diagnosis),
            wording.time_left(voice, diagnosis),
            wording.headline(voice, diagnosis),
            *([plain(diagnosis.shop)] if with_shop else []),
        )
        for diagnosis in urgent[:MAX_WAITING]
    )
    listed = (Section(heading=voice.words.line.waiting_first, rows=rows),) if rows else ()
    hidden = len(urgent) - len(rows)
    return (*listed, bundle.rest(voice, hidden, "")) if hidden else listed


def urgency(told: Notification) -> tuple[int, bool, bool, datetime, bool, str]:
    """What is over last, before it tests and what somebody has; an incident first, then what cannot be read or
    reached; then what presses most."""
    diagnosis = told.alert.diagnosis
    return (
        _LAST.get(told.reason, -1),
        not wording.is_incident(diagnosis),
        diagnosis.posting_number is not None,
        *_pressing(diagnosis),
        diagnosis.posting_number or diagnosis.shop,
    )


def _kind(told: Sequence[Notification]) -> Kind:
    """As bad as the worst that is still open."""
    open_ones = [one.alert.diagnosis.severity for one in told if one.reason not in _LAST]
    is_test = not open_ones and any(one.reason is Reason.TEST for one in told)
    return Kind.INFO if is_test else kind_of(open_ones)


def kind_of(severities: Sequence[Severity]) -> Kind:
    """As bad as the worst; a success where there is none."""
    return _KIND[max(severities, key=lambda severity: severity.rank)] if severities else Kind.SUCCESS
