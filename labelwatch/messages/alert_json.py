"""An alert as a JSON object, the same for a webhook and for `labelwatch late --json`."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from labelwatch.core.alert import Alert, Diagnosis, Proof, Reason
from labelwatch.core.baseline import Usual
from labelwatch.core.deadline import alert_at, phase
from labelwatch.core.posting import TariffStep
from labelwatch.core.text import Text
from labelwatch.core.visibility import as_seen
from labelwatch.messages.cabinet_links import link, settings_link
from labelwatch.messages.catalog import catalog
from labelwatch.messages.diagnosis_text import remedy, steps
from labelwatch.messages.raw_text import raw
from labelwatch.messages.time_format import RenderContext

View = dict[str, Any]


def view(
    alert: Alert,
    *,
    language: str,
    now: datetime,
    reason: Reason | None = None,
    zone: str = "UTC",
    shops: Collection[str] = (),
) -> View:
    """The alert with all its fields; times RFC 3339 UTC, `posting_number` None for a shop's trouble or an incident.

    Severity, verdict, phase and remedy are those at `now`, of a resolved alert those at its end; its steps are in
    `language` with times of `zone`. `reason` is only in a message. `shops` are the reader's (empty = all).
    """
    alert = alert_at(as_seen(alert, shops), now)
    diagnosis, told = alert.diagnosis, alert.told
    context = RenderContext(catalog(language), ZoneInfo(zone), min(now, alert.resolved_at or now))
    return {
        **({"reason": str(reason)} if reason is not None else {}),
        "shop": diagnosis.shop or None,
        "posting_number": diagnosis.posting_number,
        "state": str(alert.state),
        **_cause(diagnosis),
        **_posting(diagnosis),
        "opened_at": _utc(alert.opened_at),
        "resolved_at": _utc(alert.resolved_at),
        "outcome": str(alert.outcome) if alert.outcome else None,
        "told_at": _utc(told.at) if told else None,
        "told_count": told.count if told else 0,
        "handled_by": alert.handled_by or None,
        "note": alert.note or None,
        "snoozed_until": _utc(alert.snoozed_until),
        **_incident(diagnosis),
        "next_tariff": _tariff(diagnosis.next_tariff),
        **_remedy(context, diagnosis),
        "link": link(diagnosis) or None,
        "settings_link": settings_link(diagnosis) or None,
    }


def _remedy(context: RenderContext, diagnosis: Diagnosis) -> View:
    return {
        "phase": str(phase(diagnosis, context.now)),
        "remedy_id": remedy(context, diagnosis)[0],
        "remedy": steps(context, diagnosis),
    }


def _cause(diagnosis: Diagnosis) -> View:
    return {
        "severity": str(diagnosis.severity),
        "family": str(diagnosis.family),
        "cause": diagnosis.cause,
        "certainty": str(diagnosis.certainty),
        "evidence": _evidence(diagnosis.evidence),
        "ruled_out": [{"cause": other.cause, "because": raw(other.because)} for other in diagnosis.ruled_out],
        "verdict": str(diagnosis.verdict),
        "wait_until": _utc(diagnosis.wait_until),
        "usual": _usual(diagnosis.usual),
    }


def _usual(known: Usual | None) -> View | None:
    """How long such a posting usually waits; `chance`: the share of those that waited as long and came in time."""
    if known is None:
        return None
    return {
        "median_s": known.median.total_seconds(),
        "p95_s": known.most.total_seconds(),
        "chance": None if known.chance is None else round(known.chance, 3),
        "learned": known.learned
        and {
            "limit_s": known.learned.limit.total_seconds(),
            "fixed_s": known.learned.fixed.total_seconds(),
            "cases": known.learned.cases,
        },
    }


def _incident(diagnosis: Diagnosis) -> View:
    """The key of the incident that explains a posting; for an incident itself also its size."""
    key = {"incident": str(diagnosis.event) if diagnosis.event else None}
    if (incident := diagnosis.incident) is None:
        return key
    return {**key, "late": incident.late, "total": incident.total, "shops": list(incident.shops)}


def _tariff(step: TariffStep | None) -> View | None:
    if step is None:
        return None
    said = {"charge": step.charge, "currency": step.currency, "rate": step.rate, "kind": step.kind}
    return {"at": _utc(step.until), **said}


def _posting(diagnosis: Diagnosis) -> View:
    since, method = diagnosis.waiting_since, diagnosis.method
    return {
        "stage": str(diagnosis.stage) if diagnosis.stage else None,
        "status": diagnosis.status or None,
        "substatus": diagnosis.substatus or None,
        "carrier": ", ".join(diagnosis.carriers) or None,
        "delivery_method": method.name or None,
        "alternatives": list(diagnosis.alternatives),
        "warehouse": method.warehouse or None,
        "waiting_since": [_utc(since.earliest), _utc(since.latest)] if since else None,
        "deadline": _utc(diagnosis.deadline),
        "cutoff": _utc(diagnosis.cutoff or diagnosis.deadline),
        "as_of": _utc(diagnosis.as_of),
    }


def _evidence(proofs: tuple[Proof, ...]) -> dict[str, str]:
    """Field -> value, and `<field>_since` if the time is known."""
    seen: dict[str, str] = {}
    for proof in proofs:
        field = proof.field
        match proof.value:
            case Text("late_of", {"scope": scope, "name": name}):
                field = f"{scope}:{name}"
        seen[field] = raw(proof.value)
        if proof.since is not None:
            seen[f"{field}_since"] = rfc3339(proof.since)
    return seen


def _utc(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None


def rfc3339(at: datetime) -> str:
    """`2026-11-23T15:00:00Z`, with milliseconds only if there are any."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")
