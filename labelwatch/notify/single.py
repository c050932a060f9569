"""The message about one alert: what to do, why, by when, how, and what proves it, in this order."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from labelwatch.core.incidents import is_outage
from labelwatch.core.model import Alert, Diagnosis, Notification, Outcome, Reason, Severity
from labelwatch.notify import wording
from labelwatch.notify.catalog import counted, first
from labelwatch.notify.letters import hint, in_full
from labelwatch.notify.links import SUPPORT_LINK, link, settings_link
from labelwatch.notify.message import Room, Section, stub
from labelwatch.notify.moments import More, Voice, clock, duration, zoned_clock
from labelwatch.notify.money import tariff


def title(voice: Voice, told: Notification) -> str:
    """`‼️ Assemble it now · 52 min left · 41517061-0214-1`; the end is what a phone cuts off."""
    return marked(voice, told, " · ".join(filter(None, _title(voice, told))))


def sections(voice: Voice, told: Notification, *, room: Room) -> tuple[Section, ...]:
    """The parts that fit, the weightiest first; with a letter that is ready where its reader cannot get at it."""
    if _is_to_hold_letters(voice, told) and told.reason is not Reason.RESOLVED:
        whole, letters = parts(replace(voice, more=More.HERE), told), in_full(voice, told.alert)
        if letters and room.holds(*whole, letters[0]):
            return fitting([*whole, *letters], room)
    return fitting(parts(voice, told), room)


def _is_to_hold_letters(voice: Voice, told: Notification) -> bool:
    """Whether its reader gets at a letter in no other way: no command prints that of an incident."""
    is_posting = told.alert.diagnosis.posting_number is not None
    return voice.more is More.NOBODY or (voice.more is More.COMMANDS and not is_posting)


def parts(voice: Voice, told: Notification) -> list[Section]:
    """Everything that can be said, the weightiest first."""
    said = _resolved(voice, told.alert) if told.reason is Reason.RESOLVED else _open(voice, told)
    return [part for part in said if part.text]


def marked(voice: Voice, told: Notification, title: str) -> str:
    """A title behind the sign of how bad it is; of a test behind the word for it, which no lock screen cuts off."""
    line = voice.words.line
    if told.reason is Reason.TEST:
        return line.colon.format(head=line.mark_test, text=title)
    over = told.reason is Reason.RESOLVED
    return f"{line.mark_resolved if over else severity_mark(voice, told.alert.diagnosis.severity)} {title}"


def severity_mark(voice: Voice, severity: Severity) -> str:
    line = voice.words.line
    marks = (line.mark_notice, line.mark_warning, line.mark_critical)
    return marks[severity.rank]


def again(voice: Voice, told: Notification) -> str:
    """A few words on why people hear of it another time; empty for the first."""
    if told.reason is Reason.REMINDER and (woken := wording.woken(voice, told.alert)):
        return woken
    if told.reason is Reason.ESCALATED and (scarce := wording.scarce(voice, told.alert)):
        return scarce
    return voice.words.reason[told.reason]


def news(voice: Voice, told: Notification) -> Section:
    """What to do now; where the cause is another one, also what it is, as the full message says it. Of a missed
    deadline the title says what to do, and here is what that means and how to begin."""
    diagnosis = told.alert.diagnosis
    if told.reason is Reason.MISSED:
        return _section(wording.advice(voice, diagnosis), wording.begin(voice, diagnosis, several=False))
    why = wording.why(voice, diagnosis) if told.reason is Reason.CAUSE_CHANGED else ""
    return _section(wording.headline(voice, diagnosis), why)


def outcome(voice: Voice, alert: Alert) -> str:
    """How it ended, in words."""
    diagnosis = alert.diagnosis
    cause = "outage" if is_outage(diagnosis) else diagnosis.cause
    if diagnosis.posting_number is None and cause in voice.words.calm:
        calm = first((voice.words.calm[cause],), wording.values(voice, diagnosis, zoned=False))
        return calm or voice.words.reason[Reason.RESOLVED]
    return voice.words.outcome[alert.outcome] if alert.outcome else voice.words.reason[Reason.RESOLVED]


def to_spare(voice: Voice, alert: Alert) -> str:
    """What was left to the deadline when it was resolved, or by how much that was missed."""
    line, end = voice.words.line, alert.resolved_at or voice.now
    deadline = wording.due_at(alert.diagnosis, end)
    if deadline is None or wording.is_incident(alert.diagnosis):
        return ""
    if deadline > end:
        return line.spare.format(left=duration(voice, deadline - end))
    return line.late.format(late=duration(voice, end - deadline))


def lasted(voice: Voice, alert: Alert) -> str:
    """From the first alert to the end; of an incident, from the first label that stood still."""
    began, since = alert.opened_at, alert.diagnosis.waiting_since
    if wording.is_incident(alert.diagnosis) and since is not None:
        began = since.latest
    return duration(voice, (alert.resolved_at or voice.now) - began)


def fitting(parts: Sequence[Section], room: Room) -> tuple[Section, ...]:
    """The parts that there is room for, in their order; what is too long is left out whole."""
    taken: list[Section] = []
    for part in parts:
        if room.holds(*taken, part):
            taken.append(part)
    return tuple(taken) if taken or not parts else stub(parts[0].text.partition("\n")[0], room)


def _title(voice: Voice, told: Notification) -> tuple[str, ...]:
    diagnosis = told.alert.diagnosis
    about_channel = wording.channel(diagnosis)
    if told.reason is Reason.RESOLVED:
        return outcome(voice, told.alert), "" if about_channel else wording.subject(voice, diagnosis)
    headline = wording.headline(voice, diagnosis)
    if about_channel:
        return headline, wording.waiting_messages(voice, diagnosis)
    if wording.is_incident(diagnosis):
        left = wording.tally(voice, diagnosis), wording.time_left(voice, diagnosis)
        return headline, *left, wording.subject(voice, diagnosis)
    return headline, wording.time_left(voice, diagnosis), wording.subject(voice, diagnosis)


def _open(voice: Voice, told: Notification) -> list[Section]:
    diagnosis, line = told.alert.diagnosis, voice.words.line
    steps = _numbered(wording.steps(voice, diagnosis))
    return [
        _section(line.test if told.reason is Reason.TEST else ""),
        _section(
            _why(voice, told),
            wording.due(voice, diagnosis),
            tariff(voice, diagnosis),
            wording.handled(voice, told.alert),
        ),
        Section(line.how, tuple(filter(None, (*steps, hint(voice, diagnosis))))),
        _section(*_links(voice, diagnosis)),
        _section(wording.goods(voice, diagnosis), _place(voice, diagnosis)),
        _section(*wording.evidence(voice, diagnosis).splitlines(), wording.last_read(voice, diagnosis), aside=True),
    ]


def _place(voice: Voice, diagnosis: Diagnosis) -> str:
    if diagnosis.posting_number is not None:
        return wording.place(voice, diagnosis)
    return wording.shops(voice, diagnosis)


def _links(voice: Voice, diagnosis: Diagnosis) -> Iterable[str]:
    """The posting, or of an incident the chat with Ozon's support; and the settings where they matter."""
    line, where = voice.words.line, settings_link(diagnosis)
    first_of_all = link(diagnosis)
    if wording.is_incident(diagnosis) and not is_outage(diagnosis):
        first_of_all = line.support.format(link=SUPPORT_LINK)
    return first_of_all, line.settings.format(link=where) if where else ""


def _why(voice: Voice, told: Notification) -> str:
    text, reason = wording.why(voice, told.alert.diagnosis), again(voice, told)
    if not reason or told.reason in (Reason.TEST, Reason.MISSED):  # the title says it
        return text
    return voice.words.line.reasoned.format(reason=reason, text=text)


def _resolved(voice: Voice, alert: Alert) -> list[Section]:
    diagnosis, line = alert.diagnosis, voice.words.line
    if wording.is_incident(diagnosis):
        rest = "" if is_outage(diagnosis) else line.calm_rest
        return [_section(_lasted(voice, alert), rest), _section(wording.shops(voice, diagnosis))]
    took = line.resolved_took.format(took=lasted(voice, alert))
    if wording.channel(diagnosis):
        waiting = diagnosis.late
        return [_section(counted(voice.words, voice.words.count.delivering, waiting) if waiting else "", took)]
    if diagnosis.posting_number is None:
        return [_section(took)]
    return [
        _section(line.sentence_gap.join(filter(None, (took, _end(voice, alert))))),
        _section(wording.goods(voice, diagnosis), wording.shop(voice, diagnosis)),
        _section(link(diagnosis)),
    ]


def _lasted(voice: Voice, alert: Alert) -> str:
    """How long an incident lasted, and from when to when where that is known."""
    line, since, took = voice.words.line, alert.diagnosis.waiting_since, lasted(voice, alert)
    if since is None:
        return line.lasted.format(took=took)
    until = zoned_clock(voice, alert.resolved_at or voice.now)
    return line.lasted_between.format(took=took, since=clock(voice, since.latest), until=until)


def _end(voice: Voice, alert: Alert) -> str:
    line, end = voice.words.line, alert.resolved_at or voice.now
    deadline = wording.due_at(alert.diagnosis, end)
    if deadline is None:
        return ""
    if alert.outcome is Outcome.DEADLINE_MOVED:
        return wording.due(voice, alert.diagnosis)
    if deadline > end:
        return line.resolved_left.format(left=duration(voice, deadline - end))
    return line.resolved_late.format(late=duration(voice, end - deadline))


def _section(*lines: str, aside: bool = False) -> Section:
    return Section(lines=tuple(filter(None, lines)), aside=aside)


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)] if len(steps) > 1 else list(steps)
