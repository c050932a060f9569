"""The message about one alert: what to do, why, by when, how, and the evidence, in this order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from labelwatch.core.alert import Alert, Diagnosis, Notification, Outcome, Reason, Severity
from labelwatch.core.subject import Channel, is_outage
from labelwatch.messages import diagnosis_text, usual_text
from labelwatch.messages.cabinet_links import SUPPORT_LINK, link, settings_link
from labelwatch.messages.catalog import counted, first
from labelwatch.messages.letters import hint, in_full
from labelwatch.messages.message import Section, SizeLimit, stub
from labelwatch.messages.money import tariff
from labelwatch.messages.time_format import RenderContext, ShiftNames, clock, duration, zoned_clock


def title(context: RenderContext, told: Notification) -> str:
    """`‼️ Assemble it now · 52 min left · 41517061-0214-1`; a phone cuts off the end."""
    return marked(context, told, " · ".join(filter(None, _title(context, told))))


def sections(context: RenderContext, told: Notification, *, room: SizeLimit) -> tuple[Section, ...]:
    """The parts that fit, the most important first; with the letter if its reader cannot get it elsewhere."""
    if _is_to_hold_letters(context, told) and told.reason is not Reason.RESOLVED:
        whole, letters = parts(replace(context, more=ShiftNames.HERE), told), in_full(context, told.alert)
        if letters and room.holds(*whole, letters[0]):
            return fitting([*whole, *letters], room)
    return fitting(parts(context, told), room)


def _is_to_hold_letters(context: RenderContext, told: Notification) -> bool:
    """Whether the message is the only way to get the letter: no command prints that of an incident."""
    is_posting = told.alert.diagnosis.is_posting
    return context.more is ShiftNames.NOBODY or (context.more is ShiftNames.COMMANDS and not is_posting)


def parts(context: RenderContext, told: Notification) -> list[Section]:
    """Everything that can be said, the most important first."""
    said = _resolved(context, told.alert) if told.reason is Reason.RESOLVED else _open(context, told)
    return [part for part in said if part.text]


def marked(context: RenderContext, told: Notification, title: str) -> str:
    """A title after the mark of its severity; for a test after the word for it, which no lock screen cuts off."""
    line = context.words.line
    if told.reason is Reason.TEST:
        return line.colon.format(head=line.mark_test, text=title)
    over = told.reason is Reason.RESOLVED
    mark = line.mark_resolved if over else severity_mark(context, told.alert.diagnosis.severity)
    return f"{mark} {headed(context, told, title)}"


def headed(context: RenderContext, told: Notification, title: str) -> str:
    """The title, which says of a new order that it is one: nothing about it is late."""
    if told.reason is not Reason.ARRIVAL:
        return title
    return context.words.line.colon.format(head=context.words.reason[Reason.ARRIVAL], text=title)


def severity_mark(context: RenderContext, severity: Severity) -> str:
    line = context.words.line
    marks = (line.mark_notice, line.mark_warning, line.mark_critical)
    return marks[severity.rank]


def again(context: RenderContext, told: Notification) -> str:
    """A few words on why it is reported again; empty for the first notification."""
    if told.reason is Reason.REMINDER and (woken := diagnosis_text.escalated_note(context, told.alert)):
        return woken
    if told.reason is Reason.ESCALATED and (scarce := diagnosis_text.short_of_time(context, told.alert)):
        return scarce
    if told.reason is Reason.ARRIVAL:  # the title says it
        return ""
    return context.words.reason[told.reason]


def news(context: RenderContext, told: Notification) -> Section:
    """What to do now; if the cause has changed, also the new one, as in the full message. For a missed
    deadline the title says what to do, and this what it means and how to begin."""
    diagnosis = told.alert.diagnosis
    if told.reason is Reason.MISSED:
        return _section(
            diagnosis_text.advice(context, diagnosis), diagnosis_text.begin(context, diagnosis, several=False)
        )
    why = diagnosis_text.why(context, diagnosis) if told.reason is Reason.CAUSE_CHANGED else ""
    return _section(diagnosis_text.headline(context, diagnosis), why)


def outcome(context: RenderContext, alert: Alert) -> str:
    """How it ended, in words."""
    diagnosis = alert.diagnosis
    calms, cause = context.words.calm, diagnosis.cause
    if is_outage(diagnosis.subject) and cause not in calms:
        cause = "outage"
    if not diagnosis.is_posting and cause in calms:
        calm = first((calms[cause],), diagnosis_text.values(context, diagnosis, zoned=False))
        return calm or context.words.reason[Reason.RESOLVED]
    return context.words.outcome[alert.outcome] if alert.outcome else context.words.reason[Reason.RESOLVED]


def to_spare(context: RenderContext, alert: Alert) -> str:
    """The time left to the deadline when it was resolved, or by how much it was missed."""
    line, end = context.words.line, alert.resolved_at or context.now
    deadline = diagnosis_text.due_at(alert.diagnosis, end)
    if deadline is None or alert.diagnosis.incident:
        return ""
    if deadline > end:
        return line.spare.format(left=duration(context, deadline - end))
    return line.late.format(late=duration(context, end - deadline))


def lasted(context: RenderContext, alert: Alert) -> str:
    """From the first alert to the end; for an incident, from the first late label."""
    began, since = alert.opened_at, alert.diagnosis.waiting_since
    if alert.diagnosis.incident and since is not None:
        began = since.latest
    return duration(context, (alert.resolved_at or context.now) - began)


def fitting(parts: Sequence[Section], room: SizeLimit) -> tuple[Section, ...]:
    """The parts that fit, in their order; a part that is too long is left out."""
    taken: list[Section] = []
    for part in parts:
        if room.holds(*taken, part):
            taken.append(part)
    return tuple(taken) if taken or not parts else stub(parts[0].text.partition("\n")[0], room)


def _title(context: RenderContext, told: Notification) -> tuple[str, ...]:
    diagnosis = told.alert.diagnosis
    about_channel = isinstance(diagnosis.subject, Channel)
    if told.reason is Reason.RESOLVED:
        return outcome(context, told.alert), "" if about_channel else diagnosis_text.subject(context, diagnosis)
    headline = diagnosis_text.headline(context, diagnosis)
    if about_channel:
        return headline, diagnosis_text.waiting_messages(context, diagnosis)
    if diagnosis.incident:
        left = diagnosis_text.tally(context, diagnosis), diagnosis_text.time_left(context, diagnosis)
        return headline, *left, diagnosis_text.subject(context, diagnosis)
    return headline, diagnosis_text.time_left(context, diagnosis), diagnosis_text.subject(context, diagnosis)


def _open(context: RenderContext, told: Notification) -> list[Section]:
    diagnosis, line = told.alert.diagnosis, context.words.line
    steps = _numbered(diagnosis_text.steps(context, diagnosis))
    return [
        _section(line.test if told.reason is Reason.TEST else ""),
        _section(
            _why(context, told),
            diagnosis_text.due(context, diagnosis),
            tariff(context, diagnosis),
            usual_text.usual(context, diagnosis),
            diagnosis_text.handled(context, told.alert),
        ),
        Section(line.how, tuple(filter(None, (*steps, hint(context, diagnosis))))),
        _section(*_links(context, diagnosis)),
        _section(diagnosis_text.goods(context, diagnosis), _place(context, diagnosis)),
        _section(
            *diagnosis_text.evidence(context, diagnosis).splitlines(),
            diagnosis_text.last_read(context, diagnosis),
            aside=True,
        ),
    ]


def _place(context: RenderContext, diagnosis: Diagnosis) -> str:
    if diagnosis.is_posting:
        return diagnosis_text.place(context, diagnosis)
    return diagnosis_text.shops(context, diagnosis)


def _links(context: RenderContext, diagnosis: Diagnosis) -> Iterable[str]:
    """Link to the posting, or to the chat with Ozon's support for an incident; and to settings that matter."""
    line, where = context.words.line, settings_link(diagnosis)
    first_of_all = link(diagnosis)
    if diagnosis.incident and not is_outage(diagnosis.subject):
        first_of_all = line.support.format(link=SUPPORT_LINK)
    return first_of_all, line.settings.format(link=where) if where else ""


def _why(context: RenderContext, told: Notification) -> str:
    text, reason = diagnosis_text.why(context, told.alert.diagnosis), again(context, told)
    if not reason or told.reason in (Reason.TEST, Reason.MISSED):  # the title says it
        return text
    return context.words.line.reasoned.format(reason=reason, text=text)


def _resolved(context: RenderContext, alert: Alert) -> list[Section]:
    diagnosis, line = alert.diagnosis, context.words.line
    if diagnosis.incident:
        rest = "" if is_outage(diagnosis.subject) else line.calm_rest
        return [_section(_lasted(context, alert), rest), _section(diagnosis_text.shops(context, diagnosis))]
    took = line.resolved_took.format(took=lasted(context, alert))
    if isinstance(diagnosis.subject, Channel):
        waiting = diagnosis.subject.waiting
        return [_section(counted(context.words, context.words.count.delivering, waiting) if waiting else "", took)]
    if not diagnosis.is_posting:
        return [_section(took)]
    return [
        _section(line.sentence_gap.join(filter(None, (took, _end(context, alert))))),
        _section(diagnosis_text.goods(context, diagnosis), diagnosis_text.shop(context, diagnosis)),
        _section(link(diagnosis)),
    ]


def _lasted(context: RenderContext, alert: Alert) -> str:
    """How long an incident lasted, with start and end if known."""
    line, since, took = context.words.line, alert.diagnosis.waiting_since, lasted(context, alert)
    if since is None:
        return line.lasted.format(took=took)
    until = zoned_clock(context, alert.resolved_at or context.now)
    return line.lasted_between.format(took=took, since=clock(context, since.latest), until=until)


def _end(context: RenderContext, alert: Alert) -> str:
    line, end = context.words.line, alert.resolved_at or context.now
    deadline = diagnosis_text.due_at(alert.diagnosis, end)
    if deadline is None:
        return ""
    if alert.outcome is Outcome.DEADLINE_MOVED:
        return diagnosis_text.due(context, alert.diagnosis)
    if deadline > end:
        return line.resolved_left.format(left=duration(context, deadline - end))
    return line.resolved_late.format(late=duration(context, end - deadline))


def _section(*lines: str, aside: bool = False) -> Section:
    return Section(lines=tuple(filter(None, lines)), aside=aside)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)] if len(steps) > 1 else list(steps)
