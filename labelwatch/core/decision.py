"""What an evaluation makes of one alert: its new state, and whom to notify."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Notification, Reason
from labelwatch.core.deadline import at, is_nearer
from labelwatch.core.lifecycle import reconcile, steps_told
from labelwatch.core.policy import AlertPolicy
from labelwatch.core.routing import Decision, notifications_for, why_told
from labelwatch.core.snapshot import Plan
from labelwatch.core.subject import Incident


@dataclass(frozen=True, slots=True)
class Change:
    """An alert as it is now (id None = new), and the notifications that follow; they are saved together."""

    alert: Alert
    is_news: bool = True
    """False when nothing has to be saved."""
    notifications: tuple[Notification, ...] = ()
    outdated: tuple[str, ...] = ()
    """The channels whose last message about an open incident is out of date."""
    if_unsent: "Change | None" = None
    """Instead of this one, if nothing about the alert was sent yet: what still waits is withdrawn."""


@dataclass(frozen=True, slots=True)
class Changes:
    own: tuple[Change, ...]
    """Of the shop and its postings."""
    incidents: tuple[Change, ...] = ()
    explained: tuple[tuple[Incident, frozenset[str]], ...] = ()
    """Incidents, and the other shops whose alerts without a cause of their own they explain from now on."""


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


def by_the_clock(alerts: Iterable[Alert], *, policy: AlertPolicy, now: datetime) -> list[Decision]:
    """What follows from the clock alone for open alerts whose postings were not read, such as little time left."""
    seen = ((before, renew(before, at(before.diagnosis, now), policy=policy, now=now)) for before in alerts)
    return [decision for before, decision in seen if decision.steps or is_nearer(before.diagnosis, now)]


def change(plan: Plan, decision: Decision, now: datetime) -> Change:
    """What is to be saved of the decision about a shop or a posting.

    If no channel wants the first notification, or there is none, the alert stays new for the next channel.
    """
    alert, reason, steps = decision.alert, decision.reason, decision.steps
    if reason is Reason.FIRST and not any(
        why_told(to, alert, reason, steps=steps, policy=plan.alerts) for to in plan.destinations
    ):
        return Change(replace(alert, told=None), decision.is_news)
    if not decision.is_news or (reason is None and not steps):
        return Change(alert, decision.is_news)
    rows = notifications_for(decision, plan.destinations, policy=plan.alerts, now=now, group_wait=plan.group_wait)
    return Change(alert, notifications=rows)


def says_the_same(before: Alert | None, after: Alert) -> bool:
    """`as_of` differs at every evaluation and is written only when somebody is notified."""
    return before is not None and _undated(before) == _undated(after)


def _undated(alert: Alert) -> Alert:
    return replace(alert, diagnosis=replace(alert.diagnosis, as_of=None))
