"""Saves the changes of a poll: alerts together with the notifications that follow from them, and its record."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from labelwatch.core.alert import Alert
from labelwatch.core.decision import Change, Changes
from labelwatch.core.diagnosis import explained
from labelwatch.core.enrichment import Answers, first_check
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.report import Report
from labelwatch.core.subject import Incident, Scope
from labelwatch.store import PollRow, Transaction

EDITED_AFTER = timedelta(seconds=30)
"""The size of an incident changes with every polled shop; a message about it is edited after this delay."""


def save(tx: Transaction, shop_id: int, changes: Changes, now: datetime) -> tuple[Change, ...]:
    """Write what changed, in the caller's transaction; returns the changes of the shop as they were written."""
    save_incidents(tx, changes.incidents, now)
    for incident, shops in changes.explained:
        _explain(tx, incident, shops, now)
    own = tuple(_sent_or_not(tx, one) for one in changes.own)
    _write(tx, shop_id, own, now)
    return own


def save_incidents(tx: Transaction, changes: Iterable[Change], now: datetime) -> None:
    """Write the incidents that changed."""
    _write(tx, None, changes, now)


def _sent_or_not(tx: Transaction, change: Change) -> Change:
    id_, instead = change.alert.id, change.if_unsent
    return instead if instead is not None and id_ is not None and tx.outbox.withdraw([id_]) else change


def _write(tx: Transaction, shop_id: int | None, changes: Iterable[Change], now: datetime) -> None:
    news = [one for one in changes if one.is_news]
    ids = tx.alerts.save(shop_id, [one.alert for one in news])
    saved = list(zip(news, ids, strict=True))
    rows = (replace(row, alert=replace(row.alert, id=id_)) for one, id_ in saved for row in one.notifications)
    tx.outbox.add(rows, created_at=now)
    tx.channels.outdate([id_ for one, id_ in saved if one.alert.resolved_at is not None], at=now)
    for one, id_ in saved:
        if one.outdated:
            tx.channels.outdate_later(id_, at=now + EDITED_AFTER, names=one.outdated)


def _explain(tx: Transaction, incident: Incident, shops: frozenset[str], now: datetime) -> None:
    """Link alerts of other shops to the incident that explains them; those not sent yet are not sent singly."""
    carrier = incident.id.name if incident.id.scope is Scope.CARRIER else None
    for shop_id, alerts in tx.alerts.unexplained(shops=shops, carrier=carrier).items():
        others = [one for one in alerts if one.diagnosis.explained_by != incident.id]
        told = [one.id for one in others if one.id is not None and one.told and one.diagnosis.explained_by is None]
        unsent = tx.outbox.withdraw(told)
        linked = [
            replace(one, diagnosis=explained(one.diagnosis, incident, now=now), cause_since=now) for one in others
        ]
        tx.alerts.save(shop_id, [replace(one, told=None if one.id in unsent else one.told) for one in linked])


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
