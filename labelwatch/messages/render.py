"""Renders notifications of one channel as one message: what to do first, nothing left out uncounted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from labelwatch.core.alert import Alert, Diagnosis, Notification, Reason, Severity, Verdict
from labelwatch.core.deadline import alert_at
from labelwatch.core.policy import Destination
from labelwatch.core.subject import Channel
from labelwatch.core.visibility import as_seen
from labelwatch.messages import bundle, diagnosis_text, single, staleness
from labelwatch.messages.catalog import catalog
from labelwatch.messages.message import Kind, Message, Section, SizeLimit
from labelwatch.messages.plain import plain
from labelwatch.messages.staleness import EVERY_SHOP_ALIKE, Intervals
from labelwatch.messages.time_format import RenderContext, ShiftNames, clock

LIMIT = SizeLimit(4000)
"""Of title and body together: Telegram takes 4096."""
MAX_WAITING = 5
"""A short reply names at most this many postings."""

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST = {Reason.ACKNOWLEDGED: 0, Reason.SNOOZED: 0, Reason.TEST: 1, Reason.RESOLVED: 2}

_KIND = {Severity.NOTICE: Kind.INFO, Severity.WARNING: Kind.WARNING, Severity.CRITICAL: Kind.FAILURE}


@dataclass(frozen=True, slots=True)
class Layout:
    """How much one message holds, and where its reader finds what does not fit."""

    limit: SizeLimit = LIMIT
    board: str = ""
    """The address where everything can be seen."""
    more: ShiftNames = ShiftNames.COMMANDS


USUAL = Layout()


def render(
    told: Sequence[Notification],
    destination: Destination,
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    after_quiet: datetime | None = None,
    layout: Layout = USUAL,
) -> Message:
    """One message for everything in `told` (at least one) within the limit, cut between items.

    `intervals` says how often each shop is polled: data older than two of them are dated. `after_quiet` is the start
    of the quiet hours that held all this back until now.
    """
    limit, board, more = layout.limit, layout.board, layout.more
    context = replace(render_context(destination, now), more=more, board=board)
    ordered = sorted((_at(seen_by(destination, one), now) for one in told), key=urgency)
    one = ordered[0] if len(ordered) == 1 else None
    alone = one or bundle.alone(ordered)
    title = _title(context, alone, ordered) if alone else bundle.title(context, ordered)
    opening = _after_quiet(context, after_quiet) if after_quiet else ()
    end = staleness.section(context, [notification.alert for notification in ordered], intervals)
    room = limit.beside(*opening, *end, title=title)
    if one:
        main = single.sections(context, one, room=room)
    elif alone and (in_full := _in_full(context, alone, ordered, room=room, board=board)):
        main = in_full
    else:
        main = bundle.sections(context, ordered, room=room, board=board, below=alone is not None)
    return Message(title, (*opening, *main, *end), _kind(ordered))


def seen_by(destination: Destination, told: Notification) -> Notification:
    """The same as far as it concerns the shops that this channel may see."""
    return replace(told, alert=as_seen(told.alert, destination.shops))


def _title(context: RenderContext, told: Notification, ordered: Sequence[Notification]) -> str:
    besides = bundle.besides(context, len(ordered) - 1)
    return " · ".join(filter(None, (single.title(context, told), besides)))


def _in_full(
    context: RenderContext, told: Notification, ordered: Sequence[Notification], *, room: SizeLimit, board: str
) -> tuple[Section, ...]:
    """One posting in full, the others as a list below it; empty if that does not fit."""
    main = single.parts(context, told)
    left, others = room.beside(*main), [one for one in ordered if one is not told]
    if left.most * 3 < room.most:
        return ()
    return (*main, *bundle.sections(context, others, room=left, board=board, below=True))


def brief(
    told: Notification, destination: Destination, *, now: datetime, intervals: Intervals = EVERY_SHOP_ALIKE
) -> Message:
    """A short reply below the full message, which is kept up to date: what is new, and what to do first."""
    told = _at(told, now)
    context, diagnosis = render_context(destination, now), told.alert.diagnosis
    if told.reason is Reason.RESOLVED:
        pieces = [single.outcome(context, told.alert), single.to_spare(context, told.alert)]
    else:
        pieces = [_news(context, told), diagnosis_text.time_left(context, diagnosis)]
    subject = (
        ""
        if isinstance(diagnosis.subject, Channel)
        else diagnosis_text.subject(context, diagnosis) or diagnosis_text.tally(context, diagnosis)
    )
    said = " · ".join(piece for piece in (*pieces, subject) if piece)
    is_new = told.reason not in (*_LAST, Reason.FIRST)  # else the title says what to do
    sections = (single.news(context, told),) if is_new else ()
    end = staleness.section(context, [told.alert], intervals)
    return Message(single.marked(context, told, said), (*sections, *end), _kind([told]))


def channel_dead(
    told: Notification,
    destination: Destination,
    waiting: Sequence[Alert],
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    limit: SizeLimit = LIMIT,
) -> Message:
    """The message about a channel that does not work, for another one: why, and the most urgent that waits for it.

    `waiting` are the alerts that it could not deliver; no shop is named that the reader may not see.
    """
    context = render_context(destination, now)
    title = single.title(context, told)
    first, *others = single.parts(context, told)
    urgent = _urgent(context, waiting) if told.reason is not Reason.RESOLVED else []
    end = staleness.section(context, urgent[:MAX_WAITING], intervals)
    sections = single.fitting([first, *_waiting(context, urgent), *others], limit.beside(*end, title=title))
    return Message(title, (*sections, *end), _kind([told]))


def render_context(destination: Destination, now: datetime) -> RenderContext:
    # A channel without shops is a fallback for others: it may see the shop of every alert that it gets.
    shops = frozenset[str]() if destination.shops == {""} else destination.shops
    return RenderContext(catalog(destination.language), ZoneInfo(destination.timezone), now, shops)


def _at(told: Notification, now: datetime) -> Notification:
    """The alert as it is now: a night may pass between the notification and the message."""
    return replace(told, alert=alert_at(told.alert, now))


def _after_quiet(context: RenderContext, since: datetime) -> tuple[Section, ...]:
    return (Section(lines=(context.words.line.after_quiet.format(since=clock(context, since)),)),)


def _news(context: RenderContext, told: Notification) -> str:
    """`New cause: awaiting registration`; or why it is reported again; the first time, what to do."""
    diagnosis = told.alert.diagnosis
    if told.reason in (Reason.FIRST, Reason.MISSED):
        return diagnosis_text.headline(context, diagnosis)
    if told.reason is Reason.ESCALATED and (scarce := diagnosis_text.short_of_time(context, told.alert)):
        return scarce
    name = diagnosis_text.words_of(context, diagnosis.cause).name
    return context.words.line.news.format(reason=single.again(context, told), name=name)


def _urgent(context: RenderContext, alerts: Sequence[Alert]) -> list[Alert]:
    """The postings among them, each once, the most urgent first."""
    about = {
        alert.diagnosis.subject: alert_at(alert, context.now)
        for alert in alerts
        if alert.diagnosis.is_posting and alert.resolved_at is None
        if not context.shops or alert.diagnosis.shop in context.shops
    }
    return sorted(about.values(), key=lambda alert: (*_pressing(alert.diagnosis), alert.diagnosis.shop))


def _pressing(diagnosis: Diagnosis) -> tuple[datetime, bool]:
    """By deadline, then those to act on before those to wait for."""
    return diagnosis.deadline or _END_OF_TIME, diagnosis.verdict is Verdict.WAIT


def _waiting(context: RenderContext, alerts: Sequence[Alert]) -> tuple[Section, ...]:
    """The first of them as a list, and how many are not listed."""
    urgent = [alert.diagnosis for alert in alerts]
    with_shop = len({diagnosis.shop for diagnosis in urgent}) > 1
    rows = tuple(
        (
            diagnosis_text.subject(context, diagnosis),
            diagnosis_text.time_left(context, diagnosis),
            diagnosis_text.headline(context, diagnosis),
            *([plain(diagnosis.shop)] if with_shop else []),
        )
        for diagnosis in urgent[:MAX_WAITING]
    )
    listed = (Section(heading=context.words.line.waiting_first, rows=rows),) if rows else ()
    hidden = len(urgent) - len(rows)
    return (*listed, bundle.rest(context, hidden, "")) if hidden else listed


def urgency(told: Notification) -> tuple[int, bool, bool, datetime, bool, str]:
    """Incidents first, then what cannot be read or reached, then by urgency; tests, acknowledged and resolved alerts
    come last."""
    diagnosis = told.alert.diagnosis
    return (
        _LAST.get(told.reason, -1),
        diagnosis.incident is None,
        diagnosis.is_posting,
        *_pressing(diagnosis),
        diagnosis.posting_number or diagnosis.shop,
    )


def _kind(told: Sequence[Notification]) -> Kind:
    """The worst severity that is still open."""
    open_ones = [one.alert.diagnosis.severity for one in told if one.reason not in _LAST]
    is_test = not open_ones and any(one.reason is Reason.TEST for one in told)
    return Kind.INFO if is_test else kind_of(open_ones)


def kind_of(severities: Sequence[Severity]) -> Kind:
    """The kind of the worst severity; a success if none is open."""
    return _KIND[max(severities, key=lambda severity: severity.rank)] if severities else Kind.SUCCESS
