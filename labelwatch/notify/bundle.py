"""The message about many alerts: grouped by what to do, most urgent first, every one listed or counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from labelwatch.core.model import DeliveryMethod, Diagnosis, Notification, Reason
from labelwatch.notify import single, wording
from labelwatch.notify.catalog import counted
from labelwatch.notify.moments import Voice, clock
from labelwatch.notify.plain import cut, plain, size

MAX_ITEMS = 20
"""More lines than that nobody reads on a phone."""


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of which the same is to be said; `about` holds what they have in common, None = they are over."""

    about: Diagnosis | None
    told: tuple[Notification, ...]


def title(voice: Voice, ordered: Sequence[Notification]) -> str:
    """What to do for the most urgent group, how many that are, how many there are besides, and how long is left."""
    top = _groups(ordered)[0]
    if top.about is None:
        return _head(voice, top)
    besides = len(ordered) - len(top.told)
    pieces = (
        _head(voice, top),
        counted(voice.words, voice.words.count.besides, besides) if besides else "",
        wording.soonest(voice, _soonest(voice, ordered)),
    )
    return f"{single.mark(voice, _worst(ordered))} {' · '.join(filter(None, pieces))}"


def body(voice: Voice, ordered: Sequence[Notification], *, limit: int, stale_after: timedelta) -> str:
    """As many items as fit into `limit` characters and a phone; the rest is counted."""
    groups = _groups(ordered)
    dated = _dated(voice, ordered, stale_after)
    for items, brief in [(n, False) for n in range(min(MAX_ITEMS, len(ordered)), -1, -1)] + [(0, True)]:
        shown = frozenset(map(id, ordered[:items]))
        blocks = [_block(voice, group, shown, brief=brief) for group in groups]
        blocks = blocks if len(groups) > 1 else [blocks[0].partition("\n")[2]]  # the title says it already
        text = "\n\n".join(filter(None, (*blocks, _rest(voice, len(ordered) - items), dated)))
        if size(text) <= limit:
            return text
    return cut(text, max(limit // 2, 1))


def _groups(ordered: Sequence[Notification]) -> list[Group]:
    """By incident, else by cause and verdict, in the order of the most urgent of each; what is over comes last."""
    found: dict[tuple[str, ...], list[Notification]] = {}
    for one in ordered:
        diagnosis = one.alert.diagnosis
        about = (diagnosis.incident,) if diagnosis.incident else (diagnosis.cause, diagnosis.verdict)
        key = ("",) if one.reason is Reason.RESOLVED else about
        found.setdefault(key, []).append(one)
    return [Group(None if key == ("",) else _common(told), tuple(told)) for key, told in found.items()]


def _common(told: Sequence[Notification]) -> Diagnosis:
    """A diagnosis that holds for all: what differs is left out, and the longest wait is kept."""
    diagnoses = [one.alert.diagnosis for one in told]
    if len(diagnoses) == 1 or wording.is_incident(diagnoses[0]):
        return diagnoses[0]
    carriers = {diagnosis.method.carrier for diagnosis in diagnoses}
    waits = [diagnosis.wait_until for diagnosis in diagnoses if diagnosis.wait_until is not None]
    return replace(
        diagnoses[0],
        method=DeliveryMethod(carrier=carriers.pop() if len(carriers) == 1 else ""),
        wait_until=max(waits) if len(waits) == len(diagnoses) else None,
        evidence=(),
        requirements=(),
        alternatives=(),
    )


def _worst(ordered: Sequence[Notification]) -> Notification:
    open_ones = [one for one in ordered if one.reason is not Reason.RESOLVED]
    return max(open_ones, key=lambda one: one.alert.diagnosis.severity.rank)


def _soonest(voice: Voice, ordered: Sequence[Notification]) -> datetime | None:
    """The nearest deadline that can still be met; if there is none, the one missed by most."""
    open_ones = (one.alert.diagnosis.deadline for one in ordered if one.reason is not Reason.RESOLVED)
    deadlines = sorted(at for at in open_ones if at is not None)
    return next((at for at in deadlines if at > voice.now), deadlines[0] if deadlines else None)


def _block(voice: Voice, group: Group, shown: frozenset[int], *, brief: bool) -> str:
    why = wording.why(voice, group.about) if group.about is not None and not brief else ""
    shops = {one.alert.diagnosis.shop for one in group.told}
    items = (_item(voice, one, with_shop=len(shops) > 1) for one in group.told if id(one) in shown)
    listed = (voice.words.line.item.format(text=item) for item in items)
    return "\n".join(filter(None, (_head(voice, group), why, *listed)))


def _head(voice: Voice, group: Group) -> str:
    """`Assemble it now · 8 postings`."""
    line, count = voice.words.line, voice.words.count
    if group.about is None:
        return line.resolved_group.format(count=counted(voice.words, count.postings, len(group.told)))
    forms = count.shops if group.about.posting_number is None else count.postings
    number = wording.tally(voice, group.about) or counted(voice.words, forms, len(group.told))
    return line.group.format(headline=wording.headline(voice, group.about), count=number)


def _item(voice: Voice, told: Notification, *, with_shop: bool) -> str:
    """`41517061-0214-1 · 52 min left`, and what else sets it apart."""
    diagnosis = told.alert.diagnosis
    pieces = [wording.subject(voice, diagnosis), *_state(voice, told)]
    if with_shop and diagnosis.posting_number is not None:
        pieces.append(plain(diagnosis.shop))
    return " · ".join(filter(None, pieces))


def _state(voice: Voice, told: Notification) -> Iterator[str]:
    alert, diagnosis = told.alert, told.alert.diagnosis
    if told.reason is Reason.RESOLVED:
        yield single.outcome(voice, alert)
        yield voice.words.line.resolved_in.format(took=single.lasted(voice, alert))
        yield single.to_spare(voice, alert)
    elif wording.is_incident(diagnosis):
        yield wording.soonest(voice, diagnosis.deadline)
        yield single.again(voice, told)
    elif diagnosis.posting_number is None:
        yield voice.words.line.last_read.format(time=clock(voice, diagnosis.as_of)) if diagnosis.as_of else ""
    else:
        yield wording.time_left(voice, diagnosis.deadline)
        yield single.again(voice, told)


def _rest(voice: Voice, hidden: int) -> str:
    """How many are not listed, and how to see them."""
    if not hidden:
        return ""
    gap, more = voice.words.line.sentence_gap, counted(voice.words, voice.words.count.more, hidden)
    return gap.join((more, voice.words.line.more_how))


def _dated(voice: Voice, ordered: Sequence[Notification], stale_after: timedelta) -> str:
    """From when the oldest of the data are, if they are old."""
    read = [d for d in (one.alert.diagnosis for one in ordered) if d.posting_number is not None and d.as_of]
    oldest = min(read, key=lambda diagnosis: diagnosis.as_of or voice.now, default=None)
    return single.dated(voice, oldest, stale_after) if oldest is not None else ""
