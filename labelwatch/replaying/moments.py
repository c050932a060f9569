"""When the evaluation of a posting may come out differently though nothing new was read of it."""

from collections.abc import Iterator
from datetime import datetime

from labelwatch.core.alert import Alert
from labelwatch.core.lateness import Watch
from labelwatch.core.lifecycle import LONGEST_WAIT
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.posting import Known


def next_look(known: Known, alert: Alert, *, watch: Watch, policy: AlertPolicy, now: datetime) -> datetime | None:
    """The first moment after `now` that matters for this alert; None = there is none."""
    return min((at for at in _moments(known, alert, watch, policy, now) if at > now), default=None)


def _moments(known: Known, alert: Alert, watch: Watch, policy: AlertPolicy, now: datetime) -> Iterator[datetime]:
    finding, diagnosis = watch.find(known, now, watched=True), alert.diagnosis
    if finding is not None:
        yield finding.late_at
        yield finding.since.latest + finding.limit
    deadline = finding.deadline if finding else None
    own = (deadline.warn_from, deadline.act_by, deadline.at) if deadline else ()
    said = (diagnosis.warn_from, diagnosis.act_by, diagnosis.deadline, diagnosis.wait_until)
    yield from (at for at in (*own, *said, alert.snoozed_until) if at is not None)
    yield from (alert.cause_since + span for span in (LONGEST_WAIT, policy.pending_for))
    yield alert.opened_at + policy.pending_for
    if alert.told is not None:
        yield alert.told.at + policy.repeat_every
    if diagnosis.deadline is not None:
        yield from (diagnosis.deadline - step.left for step in policy.escalation)
