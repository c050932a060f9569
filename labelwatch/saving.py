"""Alerts written down together with the notifications that follow from them, and the record of a poll."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from labelwatch.core.model import Reason
from labelwatch.core.review import Decision
from labelwatch.core.telling import tellings, why_told
from labelwatch.plan import Plan, Report
from labelwatch.store import PollRow, Transaction


def write(plan: Plan, tx: Transaction, shop_id: int | None, decisions: Sequence[Decision], now: datetime) -> int:
    """Write the alerts that changed and, in the same transaction, the notifications that follow from them; how many
    alerts people are told of."""
    news = [_heard(plan, decision) for decision in decisions if decision.is_news]
    ids, told = tx.save_alerts(shop_id, [decision.alert for decision in news]), 0
    for decision, id_ in zip(news, ids, strict=True):
        if decision.reason is not None or decision.steps:
            rows = tellings(
                replace(decision.alert, id=id_),
                decision.reason,
                plan.destinations,
                steps=decision.steps,
                policy=plan.alerts,
                now=now,
                group_wait=plan.group_wait,
            )
            tx.add_notifications(rows, created_at=now)
            told += bool(rows)
    ended = [id_ for decision, id_ in zip(news, ids, strict=True) if decision.alert.resolved_at is not None]
    tx.outdate(ended, at=now)
    return told


def _heard(plan: Plan, decision: Decision) -> Decision:
    """What no channel wants to hear of, or none was there for, was not told: it is first news to the next one."""
    alert = decision.alert
    if decision.reason is not Reason.FIRST or any(
        why_told(to, alert, Reason.FIRST, steps=decision.steps, policy=plan.alerts) for to in plan.destinations
    ):
        return decision
    return replace(decision, alert=replace(alert, told=None), reason=None, steps=())


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
