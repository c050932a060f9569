"""Every decision of one poll in one pure function: a snapshot of what is known in, the changes to save out.

A posting is late, recovered or unchanged; the shop is read again or cannot be read; labels of many shops are late
together. What follows is decided by core/lifecycle.py for each alert and by core/routing.py for each channel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Alert, Diagnosis, Finding, Outcome, Reason
from labelwatch.core.decision import Change, Changes, by_the_clock, change, renew
from labelwatch.core.diagnosis import diagnose, unreadable_postings, unreadable_shop
from labelwatch.core.incident_updates import incident_changes, outage_change
from labelwatch.core.knowledge import Knowledge
from labelwatch.core.lateness import Watch, has_moved_on, no_longer_late, outcome
from labelwatch.core.lifecycle import close
from labelwatch.core.outages import SHARED, is_round_complete
from labelwatch.core.posting import Known
from labelwatch.core.routing import Decision
from labelwatch.core.rules.blind import UNREADABLE
from labelwatch.core.snapshot import Snapshot


def evaluate(snapshot: Snapshot) -> Changes:
    """What follows from a poll of a shop, read or not, for it, its postings and the incidents over all shops."""
    plan, now = snapshot.plan, snapshot.now
    passed = [change(plan, one, now) for one in by_the_clock(snapshot.unread, policy=plan.alerts, now=now)]
    if snapshot.watch is None:
        shop, outage = _unreadable(snapshot)
        return Changes((*shop, *passed), outage)
    verdicts = _verdicts(snapshot, snapshot.watch, snapshot.knowledge)
    found = incident_changes(snapshot, [one for one in verdicts if isinstance(one, Diagnosis)])
    if found.incidents:
        verdicts = _verdicts(snapshot, snapshot.watch, replace(snapshot.knowledge, incidents=found.incidents))
    postings = _postings(snapshot, snapshot.watch, verdicts)
    _, outage = outage_change(snapshot, opens=False)
    return Changes((*_readable(snapshot), *postings, *passed), (*found.changes, *outage), found.explained)


def _verdicts(snapshot: Snapshot, watch: Watch, knowledge: Knowledge) -> list[Diagnosis | Outcome | None]:
    """Of each posting, see `_look`; without incidents in the knowledge each is judged by itself."""
    return [_look(known, before, watch, knowledge, snapshot.now) for known, before in snapshot.postings]


def _postings(snapshot: Snapshot, watch: Watch, verdicts: Sequence[Diagnosis | Outcome | None]) -> Iterator[Change]:
    for (known, before), verdict in zip(snapshot.postings, verdicts, strict=True):
        decision = _review(snapshot, known, before, watch, verdict)
        if decision is not None:
            made = change(snapshot.plan, decision, snapshot.now)
            instead = before and _if_unsent(before, decision)
            yield replace(made, if_unsent=change(snapshot.plan, instead, snapshot.now)) if instead else made


def _review(
    snapshot: Snapshot, known: Known, before: Alert | None, watch: Watch, verdict: Diagnosis | Outcome | None
) -> Decision | None:
    """Decide about the alert of a posting that was just read; None = it has none and needs none."""
    policy, now = snapshot.plan.alerts, snapshot.now
    if isinstance(verdict, Diagnosis):
        return renew(before, verdict, policy=policy, now=now)
    if verdict is None or before is None:
        return None
    finding = watch.find(known, now, watched=True)
    if verdict is Outcome.DEADLINE_MOVED and finding is not None and finding.deadline is not None:
        before = replace(before, diagnosis=replace(before.diagnosis, deadline=finding.deadline.at))
    return Decision(*close(before, verdict, policy=policy, now=now))


def _if_unsent(before: Alert, decision: Decision) -> Decision | None:
    """Notifications that were not sent yet are withdrawn when an incident explains the alert, and replaced by a first
    one when another cause was found: people are told once, with what is known by then."""
    alert = decision.alert
    if before.told is None or alert.told is None:
        return None
    if alert.diagnosis.explained_by is not None and before.diagnosis.explained_by is None:
        return Decision(replace(alert, told=None), None)
    if decision.reason is Reason.CAUSE_CHANGED:
        return replace(decision, alert=replace(alert, told=replace(alert.told, count=1)), reason=Reason.FIRST)
    return None


def _readable(snapshot: Snapshot) -> Iterator[Change]:
    """The shop is readable again; data in it that cannot be read is notified."""
    plan, now, before = snapshot.plan, snapshot.now, snapshot.shop_alert
    if before is not None and not (snapshot.complaints and before.diagnosis.cause == UNREADABLE):
        yield change(plan, Decision(*close(before, Outcome.SEEN_AGAIN, policy=plan.alerts, now=now)), now)
        before = None
    if snapshot.complaints:
        diagnosis = unreadable_postings(plan.shop, snapshot.complaints, now=now)
        yield change(plan, renew(before, diagnosis, policy=plan.alerts, now=now), now)


def _unreadable(snapshot: Snapshot) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """What follows from the failure for the shop, and for the shops that cannot be read.

    Many shops at once get one alert; with fewer, the other shops are polled first to see whether they fail as well.
    """
    plan, now, failure = snapshot.plan, snapshot.now, snapshot.failure
    if failure is None:
        return (), ()
    diagnosis = unreadable_shop(plan.shop, failure, every=plan.every, now=now)
    is_shared = failure.cause in SHARED
    is_open, outage = outage_change(snapshot, opens=is_shared and diagnosis is not None)
    if diagnosis is None or (is_open and is_shared):
        return (), outage
    own = [one for one in snapshot.readings if one.shop == plan.shop]
    if snapshot.shop_alert is None and is_shared and not is_round_complete(snapshot.readings, own, now):
        return (), outage
    return (change(plan, renew(snapshot.shop_alert, diagnosis, policy=plan.alerts, now=now), now),), outage


def _look(
    known: Known, before: Alert | None, watch: Watch, knowledge: Knowledge, now: datetime
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
