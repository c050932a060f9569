"""Evaluates one posting: whether it is late, recovered or unchanged, and what follows."""

from dataclasses import dataclass, replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Finding, Outcome, Reason
from labelwatch.core.deadline import at, is_nearer
from labelwatch.core.diagnosis import diagnose
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch, has_moved_on, no_longer_late, outcome
from labelwatch.core.lifecycle import close, reconcile, steps_told
from labelwatch.core.policy import AlertPolicy, Step
from labelwatch.core.posting import Known


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state of an alert, and why to notify about it now (None: only the channels of `steps`, if any)."""

    alert: Alert
    reason: Reason | None
    is_news: bool = True
    """False when only the time of evaluation differs from what is stored."""
    steps: tuple[Step, ...] = ()
    """The escalation steps reached now: their channels are notified even without a reason for all channels."""


def review(
    known: Known,
    before: Alert | None,
    *,
    watch: Watch,
    knowledge: Knowledge,
    policy: AlertPolicy,
    now: datetime,
) -> Decision | None:
    """Decide about the alert of a posting that was just read; None = it has none and needs none."""
    verdict = look(known, before, watch=watch, knowledge=knowledge, now=now)
    if isinstance(verdict, Diagnosis):
        return renew(before, verdict, policy=policy, now=now)
    if verdict is None or before is None:
        return None
    finding = watch.find(known, now, watched=True)
    if verdict is Outcome.DEADLINE_MOVED and finding is not None and finding.deadline is not None:
        before = replace(before, diagnosis=replace(before.diagnosis, deadline=finding.deadline.at))
    alert, reason = close(before, verdict, policy=policy, now=now)
    return Decision(alert, reason)


def renew(before: Alert | None, diagnosis: Diagnosis, *, policy: AlertPolicy, now: datetime) -> Decision:
    """Open or update an alert; it has changed when somebody is notified or more than the evaluation time differs."""
    alert, reason = reconcile(before, diagnosis, policy=policy, now=now)
    is_news = reason is not None or not says_the_same(before, alert)
    return Decision(alert, reason, is_news=is_news, steps=steps_told(before, alert, policy))


def hold(before: Alert | None, diagnosis: Diagnosis, *, now: datetime) -> Decision:
    """Open or update an alert without notifying anybody yet: its extent is not known."""
    pending = Alert(None, AlertState.PENDING, now, diagnosis, cause_since=now)
    alert = replace(before, diagnosis=diagnosis) if before else pending
    return Decision(alert, None, is_news=not says_the_same(before, alert))


def by_the_clock(before: Alert, *, policy: AlertPolicy, now: datetime) -> Decision | None:
    """What follows from the clock alone for an open alert whose posting was not read, such as little time left;
    None = nothing new."""
    decision = renew(before, at(before.diagnosis, now), policy=policy, now=now)
    return decision if decision.steps or is_nearer(before.diagnosis, now) else None


def look(
    known: Known, before: Alert | None, *, watch: Watch, knowledge: Knowledge, now: datetime
) -> Diagnosis | Outcome | None:
    """The diagnosis of a late posting, or how the alert of a posting that is no longer late ended.

    An alert whose posting moved on in time (packed at last, the label due in a minute) stays open until the label
    is available: only the alert of a posting in the same stage that is no longer late ends, with the reason.
    """
    ended = outcome(known, watch.history.labelled)
    if ended is not None:
        return ended
    finding = watch.find(known, now, watched=before is not None)
    if finding is None:
        return None if before is None else Outcome.EXCUSED
    if finding.is_late or (before is not None and _is_held(before, finding)):
        return diagnose(finding, knowledge.facts(finding), as_of=now)
    return None if before is None else no_longer_late(before.diagnosis, finding)


def _is_held(before: Alert, finding: Finding) -> bool:
    return not before.diagnosis.is_late or has_moved_on(before.diagnosis.stage, finding.stage)


def says_the_same(before: Alert | None, after: Alert) -> bool:
    """`as_of` differs at every evaluation and is written only when somebody is notified."""
    return before is not None and _undated(before) == _undated(after)


def _undated(alert: Alert) -> Alert:
    return replace(alert, diagnosis=replace(alert.diagnosis, as_of=None))
