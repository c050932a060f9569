"""The shift summary: what is open, its deadlines, who has acknowledged it, and what has happened meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome
from labelwatch.core.policy import Destination
from labelwatch.core.subject import Shop
from labelwatch.messages import bundle, diagnosis_text, single, staleness
from labelwatch.messages.catalog import counted
from labelwatch.messages.message import Message, Piece, Section, SizeLimit, affordable, joined, stub
from labelwatch.messages.plain import plain
from labelwatch.messages.render import USUAL, Layout, kind_of, render_context
from labelwatch.messages.staleness import EVERY_SHOP_ALIKE, Intervals
from labelwatch.messages.time_format import RenderContext, clock

MAX_OPEN = 20
MAX_OVER = 10
MAX_WIDE = 10

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ShiftSummary:
    """What the next shift is told: the alerts of postings, shops, channels and incidents that are open at `until`,
    and those that have ended since `since`."""

    since: datetime
    until: datetime
    open: Sequence[Alert]
    ended: Sequence[Alert]
    needs: Sequence[Diagnosis] = ()
    """What orders that came since then need before they are packed."""


def message(
    digest: ShiftSummary,
    destination: Destination,
    *,
    now: datetime,
    intervals: Intervals = EVERY_SHOP_ALIKE,
    layout: Layout = USUAL,
) -> Message:
    """One message within the limit, cut between items; the rest is counted."""
    limit, board, more = layout.limit, layout.board, layout.more
    context = replace(render_context(destination, now), more=more)
    postings, wide = _by_deadline(digest.open), [one for one in digest.open if not _is_posting(one)]
    title = _title(context, digest, postings, wide)
    end = staleness.section(context, digest.open, intervals)
    room = limit.beside(*end, title=title)
    sections = _sections(context, digest, postings, wide, room=room, board=board)
    return Message(title, (*sections, *end), kind_of([one.diagnosis.severity for one in digest.open]))


def _title(context: RenderContext, digest: ShiftSummary, postings: Sequence[Alert], wide: Sequence[Alert]) -> str:
    """`‼️ Shift hand-over 08:30: 5 open · first due in 40 min · 2 being handled`."""
    words, line = context.words, context.words.line
    at, needed = line.handover.format(at=clock(context, digest.until)), _number_needed(context, digest.needs)
    if not digest.open:
        text = " · ".join(filter(None, (line.handover_nothing, needed)))
        return f"{line.mark_notice if needed else line.mark_resolved} {line.colon.format(head=at, text=text)}"
    taken = sum(one.state is AlertState.ACKNOWLEDGED for one in postings)
    deadlines = [one.diagnosis.deadline for one in digest.open]
    pieces = (
        line.colon.format(head=at, text=counted(words, words.count.open, len(postings))),
        diagnosis_text.soonest(context, bundle.soonest(context, deadlines)),
        counted(words, words.count.taken, taken) if taken else "",
        counted(words, words.count.wide, len(wide)) if wide else "",
        needed,
    )
    worst = max((one.diagnosis.severity for one in digest.open), key=lambda severity: severity.rank)
    return f"{single.severity_mark(context, worst)} {' · '.join(filter(None, pieces))}"


def _sections(
    context: RenderContext,
    digest: ShiftSummary,
    postings: Sequence[Alert],
    wide: Sequence[Alert],
    *,
    room: SizeLimit,
    board: str,
) -> tuple[Section, ...]:
    known = {one.diagnosis.incident.id for one in wide if one.diagnosis.incident}
    own = [one for one in postings if one.diagnosis.explained_by not in known]
    late = _by_deadline([one for one in digest.ended if _was_late(one)])
    over = [*[one for one in digest.ended if not _is_posting(one)], *late]
    with_shop = len({one.diagnosis.shop for one in (*postings, *late)}) > 1
    pieces = [
        *_wide(context, wide, postings),
        *_heads(context, digest, own=len(own), late=len(late)),
        *((1, Section(rows=(_row(context, one, with_shop=with_shop),))) for one in own[:MAX_OPEN]),
        *_needed(context, digest.needs),
        *((3, Section(rows=(_past_row(context, one, with_shop=with_shop),))) for one in over[:MAX_OVER]),
    ]
    total, taken = len(wide) + len(own) + len(over) + len(digest.needs), affordable(pieces, room)
    if _listed(taken) == total:
        return joined(taken)
    taken = affordable(pieces, room.beside(bundle.rest(context, total, board)))
    made = joined([*taken, (4, bundle.rest(context, total - _listed(taken), board))])
    return made if room.holds(*made) else stub(made[-1].lines[0], room)


def _listed(pieces: Sequence[Piece]) -> int:
    return sum(len(section.rows) for _, section in pieces)


def _wide(context: RenderContext, wide: Sequence[Alert], postings: Sequence[Alert]) -> Iterator[Piece]:
    """What concerns more than one posting, and how many of the open ones it explains."""
    if wide:
        yield 0, Section(heading=context.words.line.handover_wide)
    for one in wide[:MAX_WIDE]:
        diagnosis, incident = one.diagnosis, one.diagnosis.incident
        explained = sum(posting.diagnosis.explained_by == incident.id for posting in postings) if incident else 0
        how_much = diagnosis_text.tally(context, diagnosis) or diagnosis_text.waiting_messages(context, diagnosis)
        row = (
            diagnosis_text.headline(context, diagnosis),
            how_much or diagnosis_text.subject(context, diagnosis),
            counted(context.words, context.words.count.explained, explained) if explained else "",
            diagnosis_text.keeper(context, one),
        )
        yield 0, Section(rows=(row,))


def _heads(context: RenderContext, digest: ShiftSummary, *, own: int, late: int) -> Iterator[Piece]:
    """The text above the lists: how many alerts are open, and what happened meanwhile, in numbers."""
    line = context.words.line
    if not digest.open:
        yield 1, Section(lines=(line.handover_calm,))
    if own:
        count = counted(context.words, context.words.count.postings, own)
        yield 1, Section(heading=line.handover_open.format(count=count))
    ended = [one for one in digest.ended if _is_posting(one)]
    cancelled = sum(one.outcome is Outcome.CANCELLED for one in ended)
    began = [one for one in (*digest.open, *ended) if _is_posting(one) and one.opened_at >= digest.since]
    numbers = (
        (line.past_new, len(began)),
        (line.past_in_time, len(ended) - cancelled - late),
        (line.past_late, late),
        (line.past_cancelled, cancelled),
    )
    said = " · ".join(template.format(n=n) for template, n in numbers if n) or line.past_nothing
    yield 3, Section(heading=line.handover_since.format(since=clock(context, digest.since)), lines=(said,))


def _number_needed(context: RenderContext, needs: Sequence[Diagnosis]) -> str:
    numbers = {(one.shop, one.posting_number) for one in needs}
    count = counted(context.words, context.words.count.postings, len(numbers))
    return context.words.line.handover_needed.format(count=count) if numbers else ""


def _needed(context: RenderContext, needs: Sequence[Diagnosis]) -> Iterator[Piece]:
    """What new orders need before they are packed, by deadline."""
    if needs:
        yield 2, Section(heading=context.words.line.handover_needs)
    for one in sorted(needs, key=lambda need: need.deadline or _END_OF_TIME)[:MAX_OPEN]:
        row = (
            diagnosis_text.subject(context, one),
            diagnosis_text.time_left(context, one),
            diagnosis_text.words_of(context, one.cause).name,
        )
        yield 2, Section(rows=(row,))


def _row(context: RenderContext, alert: Alert, *, with_shop: bool) -> tuple[str, ...]:
    """`41517061-0214-1`, `due in 52 min`, why, and who has acknowledged it."""
    diagnosis = alert.diagnosis
    return (
        diagnosis_text.subject(context, diagnosis),
        diagnosis_text.time_left(context, diagnosis),
        diagnosis_text.words_of(context, diagnosis.cause).name,
        diagnosis_text.keeper(context, alert) or context.words.line.nobody_yet,
        plain(diagnosis.shop) if with_shop else "",
    )


def _past_row(context: RenderContext, alert: Alert, *, with_shop: bool) -> tuple[str, ...]:
    """`41517061-0214-1`, `Label is there`, `overdue 31 min`; for an incident, a shop or a channel its duration."""
    diagnosis, how = alert.diagnosis, single.outcome(context, alert)
    if _is_posting(alert):
        shop = plain(diagnosis.shop) if with_shop else ""
        return diagnosis_text.subject(context, diagnosis), how, single.to_spare(context, alert), shop
    took = context.words.line.resolved_in.format(took=single.lasted(context, alert))
    return (
        (diagnosis_text.subject(context, diagnosis), how, took, "")
        if isinstance(diagnosis.subject, Shop)
        else (how, took, "", "")
    )


def _was_late(alert: Alert) -> bool:
    """A posting that was resolved after its deadline, and not by being cancelled."""
    end, deadline = alert.resolved_at, alert.diagnosis.deadline
    if alert.outcome is Outcome.CANCELLED or not _is_posting(alert) or end is None or deadline is None:
        return False
    return end > deadline


def _is_posting(alert: Alert) -> bool:
    return alert.diagnosis.is_posting


def _by_deadline(alerts: Sequence[Alert]) -> list[Alert]:
    postings = [one for one in alerts if _is_posting(one)]
    return sorted(
        postings, key=lambda one: (one.diagnosis.deadline or _END_OF_TIME, one.diagnosis.posting_number or "")
    )
