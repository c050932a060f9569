"""The message about many alerts: grouped by what to do, most urgent first, every one listed or counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from labelwatch.core.alert import CALM, Diagnosis, Notification, Proof, Reason, Verdict
from labelwatch.core.deadline import Phase, phase
from labelwatch.core.posting import DeliveryMethod
from labelwatch.core.rules.blind import UNREADABLE
from labelwatch.core.subject import Channel, Shop
from labelwatch.messages import diagnosis_text, single
from labelwatch.messages.catalog import counted
from labelwatch.messages.letters import hint
from labelwatch.messages.message import Piece, Section, SizeLimit, affordable, joined, stub
from labelwatch.messages.plain import plain
from labelwatch.messages.time_format import RenderContext, ShiftNames, clock

MAX_ITEMS = 20
"""More lines are too long for a phone."""

_NOTHING_TO_DO = CALM | {Reason.TEST}


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts with the same advice; `about` holds what they have in common, None = nothing is to be done: they are
    resolved, acknowledged or a test."""

    about: Diagnosis | None
    told: tuple[Notification, ...]


def title(context: RenderContext, ordered: Sequence[Notification]) -> str:
    """What to do for the most urgent group, the time left, its size, and how many other alerts there are. A phone
    cuts off the end."""
    top, open_ones = _groups(context, ordered)[0], _open(ordered)
    own = _open(top.told) if all(map(_is_posting, top.told)) else open_ones
    one = top.told[0].alert.diagnosis if len(top.told) == 1 else None
    number = one.posting_number if one is not None and top.about is not None else None
    left = diagnosis_text.soonest(
        context,
        soonest(context, [diagnosis_text.due_at(one.alert.diagnosis, context.now) for one in own or open_ones]),
    )
    first = (diagnosis_text.headline(context, one), left, plain(number)) if one is not None and number else None
    pieces = (*(first or (_head(context, top), left)), besides(context, len(ordered) - len(top.told)))
    said = " · ".join(filter(None, pieces))
    if not open_ones:
        return said
    worst = max((one.alert.diagnosis.severity for one in open_ones), key=lambda severity: severity.rank)
    return f"{single.severity_mark(context, worst)} {single.headed(context, top.told[0], said)}"


def alone(ordered: Sequence[Notification]) -> Notification | None:
    """The posting to describe in full because it alone needs action: all others are resolved or only wait, and none
    is worse. None = there is no such posting, or it is a test."""
    open_ones = _open(ordered)
    pressing = [one for one in open_ones if not _waits(one)] or open_ones
    if len(pressing) != 1 or any(one.reason is Reason.TEST for one in ordered) or not _is_posting(pressing[0]):
        return None
    worst = max(one.alert.diagnosis.severity.rank for one in open_ones)
    return pressing[0] if pressing[0].alert.diagnosis.severity.rank == worst else None


def besides(context: RenderContext, number: int) -> str:
    return counted(context.words, context.words.count.besides, number) if number else ""


def sections(
    context: RenderContext, ordered: Sequence[Notification], *, room: SizeLimit, board: str, below: bool = False
) -> tuple[Section, ...]:
    """As many items as fit into the limit and a phone; the rest is counted, with where to see it. `below`: the title
    and the text above are about something else."""
    made = _listed(context, ordered, room=room, board=board, below=below)
    is_cut = not made[-1].rows
    further = _further(
        context, ordered, "" if is_cut and context.more is not ShiftNames.COMMANDS else board, is_cut=is_cut
    )
    if not further:
        return made
    end = Section(lines=(*made[-1].lines * is_cut, *further))
    with_end = (*made[: len(made) - is_cut], end)
    return with_end if room.holds(*with_end) else made


def _further(context: RenderContext, ordered: Sequence[Notification], board: str, *, is_cut: bool) -> list[str]:
    """Where to find the letters that the steps mention, and the steps that did not fit."""
    line, postings = context.words.line, [one.alert.diagnosis for one in _open(ordered) if _is_posting(one)]
    if not postings:
        return []
    said = []
    if context.more in (ShiftNames.BUTTONS, ShiftNames.NOBODY):
        said += [next(filter(None, (hint(context, diagnosis) for diagnosis in postings)), "")]
    if board and not is_cut:
        said += [line.steps_at_board.format(board=board)]
    elif context.more is ShiftNames.COMMANDS:
        said += [line.steps_at]
    return [one for one in said if one]


def _listed(
    context: RenderContext, ordered: Sequence[Notification], *, room: SizeLimit, board: str, below: bool
) -> tuple[Section, ...]:
    groups = _groups(context, ordered)
    pieces = list(_pieces(context, groups, ordered, headed=below or len(groups) > 1))
    taken = affordable(pieces, room)
    listed = sum(len(section.rows) for _, section in taken)
    if listed == len(ordered):  # what did not fit is not an item
        return joined(taken)
    taken = affordable(pieces, room.beside(rest(context, len(ordered), board), _others(context, groups)))
    listed = sum(len(section.rows) for _, section in taken)
    told_of = len({number for number, _ in taken})
    others = [(told_of, _others(context, groups[told_of:]))] if 0 < told_of < len(groups) else []
    tail = (len(groups), rest(context, len(ordered) - listed, board))
    made = joined([*taken, *others, tail])
    return made if room.holds(*made) else stub(tail[1].text.partition("\n")[0], room)


def soonest(context: RenderContext, deadlines: Sequence[datetime | None]) -> datetime | None:
    """The nearest deadline that can still be met, else the one missed by most."""
    known = sorted(at for at in deadlines if at is not None)
    return next((at for at in known if at > context.now), known[0] if known else None)


def rest(context: RenderContext, hidden: int, board: str) -> Section:
    """How many are not listed, and where to see them: at the address of the board, or by a command."""
    where = board or ("labelwatch late" if context.more is ShiftNames.COMMANDS else "")
    how = (context.words.line.more_how.format(where=where),) if where else ()
    return Section(lines=(counted(context.words, context.words.count.more, hidden), *how))


def _open(ordered: Sequence[Notification]) -> list[Notification]:
    return [one for one in ordered if one.reason not in _NOTHING_TO_DO]


def _waits(told: Notification) -> bool:
    return _is_posting(told) and told.alert.diagnosis.verdict is Verdict.WAIT


def _groups(context: RenderContext, ordered: Sequence[Notification]) -> list[Group]:
    """By incident, else by cause and verdict, and by what there is still time to do. Sorted
    by the most urgent alert of each group; groups that need nothing come last."""
    found: dict[tuple[str, ...], list[Notification]] = {}
    for one in ordered:
        diagnosis = one.alert.diagnosis
        about = (str(diagnosis.event),) if diagnosis.event else (diagnosis.cause, diagnosis.verdict)
        about = (*about, diagnosis_text.remedy(context, diagnosis)[0])
        found.setdefault((_heads(context)[one.reason],) if one.reason in _NOTHING_TO_DO else about, []).append(one)
    groups = [
        Group(None if told[0].reason in _NOTHING_TO_DO else _common(told), tuple(told)) for told in found.values()
    ]
    return _rescuable_first(context, groups)


def _rescuable_first(context: RenderContext, groups: Sequence[Group]) -> list[Group]:
    """The same groups; one whose deadline has passed does not precede one that can still be met."""
    phases = [phase(group.about, context.now) if group.about else Phase.NORMAL for group in groups]
    last = max((n for n, at in enumerate(phases) if at is Phase.URGENT), default=-1)
    missed = [n for n in range(last) if phases[n] is Phase.MISSED]
    order = [*(n for n in range(last + 1) if n not in missed), *missed, *range(last + 1, len(groups))]
    return [groups[n] for n in order]


def _common(told: Sequence[Notification]) -> Diagnosis:
    """A diagnosis that is true for all: differences are left out, the shortest wait and the first cutoff are kept."""
    diagnoses = [one.alert.diagnosis for one in told]
    if len(diagnoses) == 1 or diagnoses[0].incident:
        return diagnoses[0]
    carriers = {diagnosis.method.carrier for diagnosis in diagnoses}
    waits = [diagnosis.wait_until for diagnosis in diagnoses if diagnosis.wait_until is not None]
    cutoffs = [diagnosis.cutoff for diagnosis in diagnoses if diagnosis.cutoff is not None]
    states = {(diagnosis.status, diagnosis.substatus) for diagnosis in diagnoses}
    status, substatus = states.pop() if len(states) == 1 else ("", "")
    return replace(
        diagnoses[0],
        status=status,
        substatus=substatus,
        cutoff=min(cutoffs, default=None),
        method=DeliveryMethod(carrier=carriers.pop() if len(carriers) == 1 else ""),
        wait_until=min(waits) if len(waits) == len(diagnoses) else None,
        evidence=_shared(diagnoses),
        requirements=(),
        alternatives=(),
    )


def _shared(diagnoses: Sequence[Diagnosis]) -> tuple[Proof, ...]:
    """The evidence that all of them share."""
    others = [[(proof.field, proof.value) for proof in diagnosis.evidence] for diagnosis in diagnoses[1:]]
    shared = (
        proof for proof in diagnoses[0].evidence if all((proof.field, proof.value) in other for other in others)
    )
    return tuple(replace(proof, since=None) for proof in shared)


def _pieces(
    context: RenderContext, groups: Sequence[Group], ordered: Sequence[Notification], *, headed: bool
) -> Iterator[Piece]:
    """The parts of the message, the most important first: what to do in each group, its first item, why, how to
    begin, more items. A group has no heading if the title says what to do."""
    yield from ((n, Section(heading=_head(context, group) if headed else "")) for n, group in enumerate(groups))
    items = list(_items(context, groups, ordered))
    yield from items[: len(groups)]
    reasons = (
        (n, diagnosis_text.why(context, group.about)) for n, group in enumerate(groups) if group.about is not None
    )
    yield from ((n, Section(lines=(why,))) for n, why in reasons)
    begins = (
        (n, diagnosis_text.begin(context, one.about, several=len(one.told) > 1))
        for n, one in enumerate(groups)
        if one.about
    )
    yield from ((n, Section(lines=(step,))) for n, step in begins if step)
    yield from items[len(groups) :]


def _items(context: RenderContext, groups: Sequence[Group], ordered: Sequence[Notification]) -> Iterator[Piece]:
    """The first of every group, then the most urgent of all the others."""
    shops = {shop for one in ordered for shop in one.alert.diagnosis.shops}
    with_shop = len(shops) > 1 and len(context.shops) != 1
    rank = {id(one): n for n, one in enumerate(ordered)}
    turns = sorted(
        (one is not group.told[0], rank[id(one)], n) for n, group in enumerate(groups) for one in group.told
    )
    for _, place, n in turns[: max(MAX_ITEMS, len(groups))]:
        yield n, Section(rows=(_item(context, ordered[place], with_shop=with_shop),))


def _head(context: RenderContext, group: Group) -> str:
    """`Assemble it now · 8 postings`."""
    line, count = context.words.line, context.words.count
    if group.about is None:
        return _heads(context)[group.told[0].reason].format(count=_number(context, group.told))
    headline = diagnosis_text.headline(context, group.about)
    if isinstance(group.about.subject, Channel):
        return " · ".join(filter(None, (headline, diagnosis_text.waiting_messages(context, group.about))))
    forms = count.postings if group.about.is_posting else count.shops
    number = diagnosis_text.tally(context, group.about) or counted(context.words, forms, len(group.told))
    return line.group.format(headline=headline, count=number)


def _heads(context: RenderContext) -> Mapping[Reason, str]:
    """The heading above alerts that need no action, by the reason of their notification."""
    line = context.words.line
    taken = dict.fromkeys((Reason.ACKNOWLEDGED, Reason.SNOOZED), line.taken_group)
    return {Reason.RESOLVED: line.resolved_group, Reason.TEST: line.test_group, **taken}


def _others(context: RenderContext, groups: Sequence[Group]) -> Section:
    count = counted(context.words, context.words.count.alerts, sum(len(group.told) for group in groups))
    return Section(heading=context.words.line.other_groups.format(count=count))


def _number(context: RenderContext, told: Sequence[Notification]) -> str:
    forms = context.words.count.postings if all(map(_is_posting, told)) else context.words.count.alerts
    return counted(context.words, forms, len(told))


def _is_posting(told: Notification) -> bool:
    return told.alert.diagnosis.is_posting


def _item(context: RenderContext, told: Notification, *, with_shop: bool) -> tuple[str, ...]:
    """`41517061-0214-1`, `52 min left`, and what else distinguishes it."""
    diagnosis = told.alert.diagnosis
    shop = plain(diagnosis.shop) if with_shop and _is_posting(told) else ""
    return (
        diagnosis_text.subject(context, diagnosis) or diagnosis_text.tally(context, diagnosis),
        *_state(context, told),
        shop,
    )


def _state(context: RenderContext, told: Notification) -> tuple[str, ...]:
    """How it ended, or the time left, why it is reported again and who has acknowledged it."""
    alert, diagnosis = told.alert, told.alert.diagnosis
    if told.reason is Reason.RESOLVED:
        took = context.words.line.resolved_in.format(took=single.lasted(context, alert))
        return single.outcome(context, alert), took, single.to_spare(context, alert)
    if diagnosis.cause == UNREADABLE:
        left = diagnosis_text.evidence(context, diagnosis).partition("\n")[
            0
        ]  # which they are: the shop itself is read
    elif isinstance(diagnosis.subject, Shop):
        left = context.words.line.last_read.format(time=clock(context, diagnosis.as_of)) if diagnosis.as_of else ""
    else:
        left = diagnosis_text.time_left(context, diagnosis)
    again = "" if told.reason is Reason.MISSED or told.reason in CALM else single.again(context, told)
    return left, again, diagnosis_text.keeper(context, alert)
