"""The message about one alert: what to do, why, by when, how, and what proves it, in this order."""

from collections.abc import Sequence
from datetime import timedelta

from labelwatch.core.model import Alert, Diagnosis, Notification, Reason, Severity
from labelwatch.notify import wording
from labelwatch.notify.catalog import first
from labelwatch.notify.letters import hint
from labelwatch.notify.links import SUPPORT_LINK, link, settings_link
from labelwatch.notify.moments import Voice, clock, duration, zoned_clock
from labelwatch.notify.money import tariff
from labelwatch.notify.plain import cut, size


def title(voice: Voice, told: Notification) -> str:
    """`‼️ Assemble it now · 52 min left · 41517061-0214-1`; the end is what a phone cuts off."""
    diagnosis = told.alert.diagnosis
    if told.reason is Reason.RESOLVED:
        pieces = [outcome(voice, told.alert), wording.subject(voice, diagnosis)]
    elif wording.is_incident(diagnosis):
        pieces = [
            wording.headline(voice, diagnosis),
            wording.tally(voice, diagnosis),
            wording.soonest(voice, diagnosis.deadline),
            wording.subject(voice, diagnosis),
        ]
    else:
        pieces = [
            wording.headline(voice, diagnosis),
            wording.time_left(voice, diagnosis.deadline),
            wording.subject(voice, diagnosis),
        ]
    return f"{mark(voice, told)} {' · '.join(filter(None, pieces))}"


def body(voice: Voice, told: Notification, *, limit: int, stale_after: timedelta) -> str:
    """The parts that fit into `limit` characters, the weightiest first."""
    parts = _resolved(voice, told.alert) if told.reason is Reason.RESOLVED else _parts(voice, told, stale_after)
    return _fitting([part for part in parts if part], limit)


def mark(voice: Voice, told: Notification) -> str:
    """The sign at the beginning of a title: how bad it is, at a glance."""
    line = voice.words.line
    by_reason = {Reason.TEST: line.mark_test, Reason.RESOLVED: line.mark_resolved}
    by_severity = {
        Severity.NOTICE: line.mark_notice,
        Severity.WARNING: line.mark_warning,
        Severity.CRITICAL: line.mark_critical,
    }
    return by_reason.get(told.reason) or by_severity[told.alert.diagnosis.severity]


def again(voice: Voice, told: Notification) -> str:
    """One word on why people hear of it another time; empty for the first."""
    return "" if told.reason is Reason.TEST else voice.words.reason[told.reason]


def outcome(voice: Voice, alert: Alert) -> str:
    """How it ended, in words."""
    if wording.is_incident(alert.diagnosis) and alert.diagnosis.cause in voice.words.calm:
        known = wording.values(voice, alert.diagnosis, zoned=False)
        return first((voice.words.calm[alert.diagnosis.cause],), known)
    return voice.words.outcome[alert.outcome] if alert.outcome else voice.words.reason[Reason.RESOLVED]


def to_spare(voice: Voice, alert: Alert) -> str:
    """What was left to the deadline when it was resolved, or by how much that was missed."""
    line, end, deadline = voice.words.line, alert.resolved_at or voice.now, alert.diagnosis.deadline
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


def dated(voice: Voice, diagnosis: Diagnosis, stale_after: timedelta) -> str:
    """From when the data are, if they are old; of a shop that cannot be read, always."""
    line, at = voice.words.line, diagnosis.as_of
    if diagnosis.posting_number is None and diagnosis.incident is None:
        return line.last_read.format(time=zoned_clock(voice, at)) if at else line.never_read
    if at is None or voice.now - at <= stale_after:
        return ""
    return line.as_of.format(time=zoned_clock(voice, at))


def _parts(voice: Voice, told: Notification, stale_after: timedelta) -> list[str]:
    diagnosis, line = told.alert.diagnosis, voice.words.line
    steps = _numbered(wording.steps(voice, diagnosis))
    return [
        line.test if told.reason is Reason.TEST else "",
        _lines(
            _why(voice, told),
            wording.due(voice, diagnosis),
            tariff(voice, diagnosis),
            wording.handled(voice, told.alert),
        ),
        _lines(line.how, *steps, hint(voice, diagnosis)),
        _links(voice, diagnosis),
        _lines(wording.goods(voice, diagnosis), _place(voice, diagnosis)),
        _lines(wording.evidence(voice, diagnosis), dated(voice, diagnosis, stale_after)),
    ]


def _place(voice: Voice, diagnosis: Diagnosis) -> str:
    if diagnosis.posting_number is not None:
        return wording.place(voice, diagnosis)
    return wording.shops(voice, diagnosis)


def _links(voice: Voice, diagnosis: Diagnosis) -> str:
    """The posting, or of an incident the chat with Ozon's support; and the settings where they matter."""
    line, where = voice.words.line, settings_link(diagnosis)
    first_of_all = link(diagnosis)
    if wording.is_incident(diagnosis):
        first_of_all = line.support.format(link=SUPPORT_LINK)
    return _lines(first_of_all, line.settings.format(link=where) if where else "")


def _why(voice: Voice, told: Notification) -> str:
    text, reason = wording.why(voice, told.alert.diagnosis), again(voice, told)
    return voice.words.line.reasoned.format(reason=reason, text=text) if reason else text


def _resolved(voice: Voice, alert: Alert) -> list[str]:
    diagnosis, line = alert.diagnosis, voice.words.line
    if wording.is_incident(diagnosis):
        return [_lines(_lasted(voice, alert), line.calm_rest), wording.shops(voice, diagnosis)]
    took = line.resolved_took.format(took=lasted(voice, alert))
    if diagnosis.posting_number is None:
        return [took]
    return [
        line.sentence_gap.join(filter(None, (took, _end(voice, alert)))),
        _lines(wording.goods(voice, diagnosis), wording.shop(voice, diagnosis)),
        link(diagnosis),
    ]


def _lasted(voice: Voice, alert: Alert) -> str:
    """How long an incident lasted, and from when to when where that is known."""
    line, since, took = voice.words.line, alert.diagnosis.waiting_since, lasted(voice, alert)
    if since is None:
        return line.lasted.format(took=took)
    until = zoned_clock(voice, alert.resolved_at or voice.now)
    return line.lasted_between.format(took=took, since=clock(voice, since.latest), until=until)


def _end(voice: Voice, alert: Alert) -> str:
    line, end, deadline = voice.words.line, alert.resolved_at or voice.now, alert.diagnosis.deadline
    if deadline is None:
        return ""
    if deadline > end:
        return line.resolved_left.format(left=duration(voice, deadline - end))
    return line.resolved_late.format(late=duration(voice, end - deadline))


def _fitting(parts: Sequence[str], limit: int) -> str:
    taken: list[str] = []
    for part in parts:
        if size("\n\n".join((*taken, part))) <= limit:
            taken.append(part)
    return "\n\n".join(taken) if taken else cut(parts[0], max(limit // 2, 1))


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))


def _numbered(steps: Sequence[str]) -> list[str]:
    return [f"{n}. {step}" for n, step in enumerate(steps, 1)] if len(steps) > 1 else list(steps)
