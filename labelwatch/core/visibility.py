"""What a channel may see of an incident and of other channels: its own shops, and nothing of the others."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from labelwatch.core.alert import Alert, AlertState, Diagnosis, Outcome, Part
from labelwatch.core.diagnosis import incident_diagnosis
from labelwatch.core.incidents import Scope, is_incident, is_outage, restored
from labelwatch.core.outages import within
from labelwatch.core.posting import DeliveryMethod

OF_NO_SHOP = frozenset({""})
"""The shops of a channel that is only a fallback for others."""


def may_know(shops: Collection[str], others: Collection[str] | None) -> bool:
    """Whether a channel of these shops may know that a channel of those other shops exists and does not work.

    Empty = all shops; None = the shops of that channel are not known any more.
    """
    if not shops or OF_NO_SHOP.issuperset(shops):
        return True
    return bool(others) and set(others or ()).issubset(shops)


def narrowed(alert: Alert, shops: Collection[str]) -> Alert | None:
    """The alert as it concerns these shops (empty = all of them); None = it does not.

    An incident that is over in all of these shops is over for those who see only them. An incident that an earlier
    version stored has neither the numbers of single shops nor which ones have recovered: its size is left out. A
    note on an incident that also concerns other shops may be about those: it is left out, with the name.
    """
    about = alert.diagnosis
    if not shops or OF_NO_SHOP.issuperset(shops) or not is_incident(about):
        return alert
    hit = {part.shop for part in about.parts} or set(about.shops)
    if not hit.intersection(shops):
        return None
    if not about.parts or not hit.issubset(shops):
        alert = replace(alert, handled_by="", note="")
    if not about.parts:
        return replace(alert, diagnosis=_unmeasured(about, shops))
    own = within(about, shops) if is_outage(about) else _within(about, shops, about.as_of or alert.opened_at)
    well = [part.well_since for part in own.parts if part.well_since]
    if alert.resolved_at is not None or len(well) < len(own.parts):
        return replace(alert, diagnosis=own)
    outcome = Outcome.SEEN_AGAIN if is_outage(about) else Outcome.OVER
    return replace(alert, diagnosis=own, state=AlertState.RESOLVED, resolved_at=max(well), outcome=outcome)


def as_seen(alert: Alert, shops: Collection[str]) -> Alert:
    """The alert as it concerns these shops; if none, it is over for them, and its size is left out."""
    seen = narrowed(alert, shops)
    if seen is not None:
        return seen
    about = alert.diagnosis
    ended = alert.resolved_at or about.as_of or alert.opened_at
    outcome = Outcome.SEEN_AGAIN if is_outage(about) else Outcome.OVER
    own = replace(_unmeasured(about, shops), parts=(), watched=())
    over = replace(alert, state=AlertState.RESOLVED, resolved_at=ended, outcome=outcome, handled_by="", note="")
    return replace(over, diagnosis=own)


def _within(about: Diagnosis, shops: Collection[str], now: datetime) -> Diagnosis:
    own = incident_diagnosis(restored(about.incident or "", about).within(shops), now=now)
    return replace(own, as_of=_read(own.parts) or now)


def _read(parts: Collection[Part]) -> datetime | None:
    read = [part.as_of for part in parts if part.as_of is not None]
    return min(read) if len(read) == len(parts) else None


def _unmeasured(about: Diagnosis, shops: Collection[str]) -> Diagnosis:
    seen = tuple(shop for shop in about.shops if shop in shops)
    scope, _, name = (about.incident or "").partition(":")
    return replace(
        about,
        shop=seen[0] if len(seen) == 1 else "",
        evidence=(),
        method=DeliveryMethod(carrier=name if scope == Scope.CARRIER else ""),
        waiting_since=None,
        deadline=None,
        act_by=None,
        shops=seen,
        late=0,
        total=0,
    )
