"""Why a label is late: evaluate the rules in order; the first match is the cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from labelwatch.core.alert import Certainty, Diagnosis, Finding, Proof, RuledOut, Severity, Verdict
from labelwatch.core.baseline import Usual, usual
from labelwatch.core.deadline import in_time
from labelwatch.core.facts import Facts
from labelwatch.core.policy import Delays
from labelwatch.core.posting import Interval, TariffStep
from labelwatch.core.rules import CAUSES, RULES, Rule
from labelwatch.core.rules.base import Excluded, Proven, certainty_of, size_of, verdict_on
from labelwatch.core.rules.blind import OUT_OF_FILES, UNREADABLE
from labelwatch.core.subject import Incident, PostingId, Scope, Shop

INCIDENT_CAUSES = {
    Scope.PLATFORM: "platform_incident",
    Scope.CARRIER: "carrier_incident",
    Scope.SHOP: "shop_incident",
}
KINDS = {
    "registration_pending": "registration",
    "tracking_missing": "tracking",
    "label_pending": "label",
    "label_overdue": "label",
}
"""Causes that only say that something has not arrived; an incident may explain them."""

USUALLY_CRITICAL_BEFORE = Delays().critical_before_cutoff
"""For incidents of earlier versions, in which the limits of the postings were not kept."""

BLIND_AFTER_INTERVALS = 3
"""A shop that stays unread for this many polls gets its own alert."""

MOST_PLACES, MOST_NUMBERS = 3, 5
"""How many kinds of unreadable data are shown, and how many postings of each."""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15))
"""Pauses after each failure that only a person can fix; the last one repeats."""

LONGEST_PAUSE = timedelta(hours=1)

BLIND_IS_CRITICAL_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the shop was not read: a cause of the family `blind`, and since when it cannot be read."""

    cause: str
    detail: str
    since: datetime
    read_at: datetime | None
    is_final: bool = False
    """Somebody has to change a key, a contract or this program, so waiting does not help."""


def diagnose(finding: Finding, facts: Facts, *, as_of: datetime) -> Diagnosis:
    """Name the cause of a finding, with its evidence and the causes ruled out before it; `as_of` is now."""
    rule, proven, ruled_out = _first_match(finding, facts)
    alone = rule if facts.incident is None else _first_match(finding, replace(facts, incident=None))[0]
    return replace(
        described(finding, rule.cause, proven, as_of=as_of),
        explained_by=facts.incident.id if facts.incident and rule.cause in INCIDENT_CAUSES.values() else None,
        kind=KINDS.get(alone.cause, ""),
        ruled_out=ruled_out,
        alternatives=facts.alternatives or (),
        asked=_asked(facts),
        usual=_usual(finding, facts, as_of) if rule.cause in KINDS else None,
    )


def described(finding: Finding, cause: str, proven: Proven, *, as_of: datetime) -> Diagnosis:
    """What can be said of a finding by itself, once its cause is proven."""
    posting, deadline = finding.posting, finding.deadline
    verdict, wait_until = in_time(proven.verdict, proven.wait_until, deadline.act_by if deadline else None, as_of)
    return Diagnosis(
        PostingId(finding.shop, posting.number),
        severity=finding.severity,
        family=CAUSES[cause],
        cause=cause,
        certainty=proven.certainty,
        verdict=verdict,
        wait_until=wait_until,
        evidence=proven.evidence,
        is_late=finding.is_late,
        stage=finding.stage,
        status=posting.status,
        substatus=posting.substatus,
        flow=posting.flow,
        schema=posting.schema,
        method=posting.method,
        tracking_number=posting.tracking_number,
        requirements=posting.requirements,
        products=posting.products,
        waiting_since=finding.since,
        deadline=deadline.at if deadline else None,
        cutoff=deadline.cutoff if deadline else None,
        warn_from=deadline.warn_from if deadline else None,
        act_by=deadline.act_by if deadline else None,
        answer_by=deadline.answer_by if deadline else None,
        next_tariff=next_tariff(posting.tariff, as_of),
        as_of=as_of,
    )


def _usual(finding: Finding, facts: Facts, now: datetime) -> Usual | None:
    """What is usual for a posting that only waits."""
    left = finding.deadline.at - now if finding.deadline else None
    return usual(facts.curve, max(now - finding.since.latest, timedelta(0)), left, finding.learned)


def _first_match(finding: Finding, facts: Facts) -> tuple[Rule, Proven, tuple[RuledOut, ...]]:
    passed: dict[str, RuledOut] = {}
    for rule in RULES:
        answer = rule.check(finding, facts)
        if isinstance(answer, Excluded):
            cause = rule.cause
            if cause not in passed:
                passed[cause] = RuledOut(cause, answer.because)
        else:
            return rule, answer, tuple(passed.values())
    raise AssertionError("the last rule always matches")


def _asked(facts: Facts) -> tuple[Proof, ...]:
    task = facts.label_task
    return (Proof("label_task", task.message or str(task.state), task.asked_at),) if task else ()


def next_tariff(steps: tuple[TariffStep, ...], now: datetime) -> TariffStep | None:
    """What shipping will cost after the current step: its `until`, with the rate and charge of the next step."""
    for step, after in pairwise(steps):
        if step.until is not None and now < step.until:
            return replace(after, until=step.until)
    return None


def incident_diagnosis(incident: Incident, *, now: datetime) -> Diagnosis:
    """The diagnosis of an incident: one cause for many postings."""
    cause = INCIDENT_CAUSES[incident.id.scope]
    act_by = incident.act_by or (incident.deadline - USUALLY_CRITICAL_BEFORE if incident.deadline else None)
    verdict, wait_until = in_time(verdict_on(incident.id.scope), None, act_by, now)
    return Diagnosis(
        incident,
        severity=Severity.CRITICAL if act_by is not None and now >= act_by else Severity.WARNING,
        family=CAUSES[cause],
        cause=cause,
        certainty=certainty_of(incident),
        verdict=verdict,
        wait_until=wait_until,
        evidence=size_of(incident),
        waiting_since=Interval(incident.since, incident.since) if incident.since else None,
        deadline=incident.deadline,
        act_by=act_by,
        as_of=now,
    )


def ended(diagnosis: Diagnosis, now: datetime) -> Diagnosis:
    """An incident that is over in every shop: every affected shop is notified."""
    assert diagnosis.incident is not None, "only an incident ends so"
    return replace(diagnosis, subject=diagnosis.incident.ended(now), as_of=now)


def explained(diagnosis: Diagnosis, incident: Incident, *, now: datetime) -> Diagnosis:
    """A posting without a cause of its own, once an incident explains it."""
    cause = INCIDENT_CAUSES[incident.id.scope]
    verdict, wait_until = in_time(verdict_on(incident.id.scope), None, diagnosis.act_by, now)
    return replace(
        diagnosis,
        family=CAUSES[cause],
        cause=cause,
        certainty=certainty_of(incident),
        verdict=verdict,
        wait_until=wait_until,
        explained_by=incident.id,
        evidence=size_of(incident.of(diagnosis.shop)),
    )


def unreadable_shop(shop: str, failure: Failure, *, every: timedelta, now: datetime) -> Diagnosis | None:
    """A shop that cannot be read; None while the next poll may still succeed."""
    cause, since, final = failure.cause, failure.since, failure.is_final
    blind_since = failure.read_at or since
    if not final and now - blind_since < BLIND_AFTER_INTERVALS * every:
        return None
    critical = final or now - blind_since >= BLIND_IS_CRITICAL_AFTER
    return Diagnosis(
        Shop(shop),
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        family=CAUSES[cause],
        cause=cause,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT if final or cause == OUT_OF_FILES else Verdict.WAIT,
        evidence=(Proof("answer", failure.detail, since),),
        waiting_since=Interval(blind_since, since) if blind_since <= since else Interval(since, since),
        as_of=failure.read_at,
    )


def unreadable_postings(shop: str, broken: Mapping[str, Sequence[str]], *, now: datetime) -> Diagnosis:
    """Problem -> the postings that have it: these are not watched, though the shop itself is read.

    It is notified once, without reminders (`is_late` is false): it makes nothing in the shop late.
    """
    return Diagnosis(
        Shop(shop),
        severity=Severity.WARNING,
        family=CAUSES[UNREADABLE],
        cause=UNREADABLE,
        certainty=Certainty.CERTAIN,
        verdict=Verdict.ACT,
        evidence=tuple(Proof("answer", f"{_some(broken[what])}: {what}") for what in sorted(broken)[:MOST_PLACES]),
        is_late=False,
        as_of=now,
    )


def _some(numbers: Sequence[str]) -> str:
    more = len(numbers) - MOST_NUMBERS
    return ", ".join(sorted(numbers)[:MOST_NUMBERS]) + (f" (+{more})" if more > 0 else "")


def pause_after(failures: int, *, final: bool, wished: float | None = None) -> timedelta | None:
    """How long to pause after so many failures in a row: by PAUSES where waiting does not help; the seconds that
    Ozon asked for, an hour at most; None = until the next poll."""
    if final:
        return PAUSES[min(failures, len(PAUSES)) - 1]
    return min(timedelta(seconds=wished), LONGEST_PAUSE) if wished else None
