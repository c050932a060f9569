"""What a channel may see of an incident and of other channels: its own shops, and nothing of the others."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome
from labelwatch.core.diagnosis import incident_diagnosis
from labelwatch.core.outages import within
from labelwatch.core.subject import Channel, Incident, Summary, is_outage

OF_NO_SHOP = frozenset({""})
"""The shops of a channel that is only a fallback for others."""


def may_know(shops: Collection[str], others: Collection[str] | None) -> bool:
    """Whether a channel of these shops may know that a channel of those other shops exists and does not work.

    Empty = all shops; None = the shops of that channel are not known any more.
    """
    if not shops or OF_NO_SHOP.issuperset(shops):
        return True
    return bool(others) and set(others or ()).issubset(shops)


def is_for(alert: Alert, shops: Collection[str]) -> bool:
    """Whether a channel of these shops (empty = all) may still get what was queued for it: its shops may have changed
    since. A channel that an escalation step names hears of shops that are not its own."""
    if not shops or OF_NO_SHOP.issuperset(shops):
        return True
    about = alert.diagnosis.subject
    own = {about.shop, *about.shops} - {""} if isinstance(about, Summary) else set(alert.diagnosis.shops)
    was_escalated = alert.told is not None and alert.told.left is not None
    return narrowed(alert, shops) is not None and (was_escalated or not own or not own.isdisjoint(shops))


def unnamed(alert: Alert) -> Alert:
    """The alert about a channel as readers see it who may not know which one it is: neither its name nor what its
    service said."""
    subject = Channel("")
    return replace(alert, diagnosis=replace(alert.diagnosis, subject=subject, evidence=()), handled_by="", note="")


def narrowed(alert: Alert, shops: Collection[str]) -> Alert | None:
    """The alert as it concerns these shops (empty = all of them); None = it does not.

    An incident that is over in all of these shops is over for those who see only them. An incident that an earlier
    version stored has neither the numbers of single shops nor which ones have recovered: its size is left out. A
    note on an incident that also concerns other shops may be about those: it is left out, with the name.
    """
    about, incident = alert.diagnosis, alert.diagnosis.subject
    if not shops or OF_NO_SHOP.issuperset(shops) or not isinstance(incident, Incident):
        return alert
    hit = {part.shop for part in incident.parts} or set(incident.shops)
    if not hit.intersection(shops):
        return None
    if not incident.parts or not hit.issubset(shops):
        alert = replace(alert, handled_by="", note="")
    if not incident.parts:
        return replace(alert, diagnosis=_unmeasured(about, incident.unmeasured(shops)))
    if is_outage(incident):
        own = within(about, incident, shops)
    else:
        own = _within(incident.within(shops), about.as_of or alert.opened_at)
    well = [part.well_since for part in incident.parts if part.shop in shops]
    if alert.resolved_at is not None or None in well:
        return replace(alert, diagnosis=own)
    return _over(alert, own, incident, max(at for at in well if at is not None))


def as_seen(alert: Alert, shops: Collection[str]) -> Alert:
    """The alert as it concerns these shops; if none, it is over for them, and its size is left out."""
    seen, about, incident = narrowed(alert, shops), alert.diagnosis, alert.diagnosis.subject
    if seen is not None or not isinstance(incident, Incident):
        return seen or alert
    own = _unmeasured(about, replace(incident.unmeasured(shops), parts=(), watched=()))
    alert = replace(alert, handled_by="", note="")
    return _over(alert, own, incident, alert.resolved_at or about.as_of or alert.opened_at)


def _over(alert: Alert, own: Diagnosis, incident: Incident, at: datetime) -> Alert:
    outcome = Outcome.SEEN_AGAIN if is_outage(incident) else Outcome.OVER
    return replace(alert, diagnosis=own, state=AlertState.RESOLVED, resolved_at=at, outcome=outcome)


def _within(own: Incident, now: datetime) -> Diagnosis:
    read = [part.as_of for part in own.parts if part.as_of is not None]
    return replace(incident_diagnosis(own, now=now), as_of=min(read) if len(read) == len(own.parts) else now)


def _unmeasured(about: Diagnosis, incident: Incident) -> Diagnosis:
    return replace(about, subject=incident, evidence=(), waiting_since=None, deadline=None, act_by=None)
