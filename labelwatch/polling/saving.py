"""Saves alerts together with the notifications that follow from them, and the record of a poll."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert, Reason
from labelwatch.core.enrichment import Answers, first_check
from labelwatch.core.evaluate import Decision, says_the_same
from labelwatch.core.incident_updates import incident_notifications
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.report import Report
from labelwatch.core.routing import notifications_for, why_told
from labelwatch.core.visibility import narrowed
from labelwatch.polling.plan import Plan
from labelwatch.store import PollRow, Transaction

EDITED_AFTER = timedelta(seconds=30)
"""The size of an incident changes with every polled shop; a message about it is edited after this delay."""


def save_decisions(
    plan: Plan, tx: Transaction, shop_id: int | None, decisions: Sequence[Decision], now: datetime
) -> int:
    """Write the alerts that changed and, in the same transaction, the notifications that follow from them; returns
    how many alerts were notified."""
    news = [_without_unwanted(plan, decision) for decision in decisions if decision.is_news]
    ids, told = tx.alerts.save(shop_id, [decision.alert for decision in news]), 0
    for decision, id_ in zip(news, ids, strict=True):
        if decision.reason is not None or decision.steps:
            rows = notifications_for(
                replace(decision.alert, id=id_),
                decision.reason,
                plan.destinations,
                steps=decision.steps,
                policy=plan.alerts,
                now=now,
                group_wait=plan.group_wait,
            )
            tx.outbox.add(rows, created_at=now)
            told += bool(rows)
    ended = [id_ for decision, id_ in zip(news, ids, strict=True) if decision.alert.resolved_at is not None]
    tx.channels.outdate(ended, at=now)
    return told


def _without_unwanted(plan: Plan, decision: Decision) -> Decision:
    """If no channel wants the first notification, or there is none, the alert stays new for the next channel."""
    alert = decision.alert
    if decision.reason is not Reason.FIRST or any(
        why_told(to, alert, Reason.FIRST, steps=decision.steps, policy=plan.alerts) for to in plan.destinations
    ):
        return decision
    return replace(decision, alert=replace(alert, told=None), reason=None, steps=())


def write_incident(plan: Plan, tx: Transaction, before: Alert | None, decision: Decision, now: datetime) -> int:
    """Write the alert of an incident and each channel's notification of it; returns how many were notified."""
    alert = decision.alert
    told_before = before.told.count if before and before.told else 0
    last = tx.outbox.last_told(alert.id) if alert.id is not None else {}
    rows = incident_notifications(
        alert,
        last,
        plan.destinations,
        telling=1 + told_before,
        policy=plan.incidents,
        now=now,
        group_wait=plan.group_wait,
    )
    if not rows and not decision.is_news:
        return 0
    told = before.told if before else None
    if rows:
        told = alert.told or rows[0].alert.told
        told = told and replace(told, at=now, count=rows[0].telling)
    alert = replace(alert, told=told)
    (id_,) = tx.alerts.save(None, [alert])
    tx.outbox.add([replace(row, alert=replace(row.alert, id=id_)) for row in rows], created_at=now)
    if alert.resolved_at is not None:
        tx.channels.outdate([id_], at=now)
    elif before is not None:
        tx.channels.outdate_later(id_, at=now + EDITED_AFTER, names=_outdated_channels(plan, before, alert))
    return len(rows)


def _outdated_channels(plan: Plan, before: Alert, after: Alert) -> list[str]:
    """The channels whose last message about an incident is out of date."""
    seen = ((to.name, narrowed(before, to.shops), narrowed(after, to.shops)) for to in plan.destinations)
    return [name for name, then, now in seen if then and now and not says_the_same(then, now)]


def next_due(
    alerts: Iterable[Alert], now: datetime, policy: AlertPolicy, fresh: Answers | None = None
) -> timedelta | None:
    """How long after `now` something falls due that a poll has to see in time; None = there is nothing.

    An open alert has its deadline, the time when it becomes critical, and the escalation steps before it; of the
    `fresh` answers, a label task that has just been created is due for its first check.
    """
    moments = [at for alert in alerts for at in _moments(alert, policy)]
    moments += [at for answer in (fresh or {}).values() if (at := first_check(answer)) is not None]
    return min((at - now for at in moments if at > now), default=None)


def _moments(alert: Alert, policy: AlertPolicy) -> Iterator[datetime]:
    diagnosis = alert.diagnosis
    if alert.resolved_at is not None or not diagnosis.is_posting or diagnosis.deadline is None:
        return
    yield diagnosis.deadline
    yield diagnosis.act_by or diagnosis.deadline
    yield from (diagnosis.deadline - step.left for step in policy.escalation)


def seconds(started: datetime, finished: datetime) -> float:
    return round((finished - started).total_seconds(), 3)


def row(report: Report, started: datetime, finished: datetime) -> PollRow:
    return PollRow(
        started_at=started,
        finished_at=finished,
        complete=report.complete,
        postings=report.postings,
        changed=report.changed,
        late=report.late,
        told=report.told,
        requests=report.requests,
        trouble=report.cause or "",
        detail=report.error or "",
    )
