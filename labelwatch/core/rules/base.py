"""What a rule may return: proven, with evidence, or excluded, with the reason."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from labelwatch.core.alert import Certainty, Finding, Proof, Verdict
from labelwatch.core.facts import Facts
from labelwatch.core.posting import Stage
from labelwatch.core.subject import Incident, Scope
from labelwatch.core.text import Text


@dataclass(frozen=True, slots=True)
class Proven:
    """The cause is this one. `wait_until` set = it is normal until then, nothing has to be done before."""

    certainty: Certainty
    evidence: tuple[Proof, ...]
    verdict: Verdict = Verdict.ACT
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Excluded:
    """The cause is not this one; `because` is the observation that excludes it."""

    because: Text


Check = Callable[[Finding, Facts], Proven | Excluded]
"""Pure; its docstring is what users read about the cause."""


def certain(finding: Finding, *fields: str) -> Proven:
    """Ozon said so in these fields of the posting."""
    return Proven(Certainty.CERTAIN, tuple(said(finding, name) for name in fields))


def said(finding: Finding, name: str) -> Proof:
    """A field of the posting, quoted; it is known to be so since the posting entered its stage."""
    return Proof(name, str(getattr(finding.posting, name)), finding.since.latest)


def in_incident(finding: Finding, facts: Facts, scope: Scope) -> Proven | Excluded:
    """The posting waits for others and is part of an open incident of this scope."""
    incident = facts.incident
    if finding.stage is Stage.PACKING or incident is None or incident.id.scope is not scope:
        return other_incident(incident)
    return Proven(certainty_of(incident), size_of(incident), verdict_on(scope))


def size_of(incident: Incident) -> tuple[Proof, ...]:
    """How many labels are late out of how many, as evidence; empty if not known."""
    if not incident.total:
        return ()
    size: dict[str, str | int] = {"scope": incident.id.scope, "name": incident.id.name}
    size |= {"late": incident.late, "total": incident.total}
    return (Proof("incident", Text("late_of", size), incident.since),)


def certainty_of(incident: Incident) -> Certainty:
    return Certainty.LIKELY if incident.is_compared else Certainty.UNKNOWN


def verdict_on(scope: Scope) -> Verdict:
    """A problem of one shop can be investigated by its owner; the others can only be waited for."""
    return Verdict.ACT if scope is Scope.SHOP else Verdict.WAIT


def excluded(key: str, **values: str | int) -> Excluded:
    return Excluded(Text(key, values))


def other_incident(incident: Incident | None) -> Excluded:
    return excluded("incident", raw=str(incident.id)) if incident else excluded("no_incident")


def is_so(field: str, value: object) -> Excluded:
    """This field has another value."""
    return excluded("is", field=field, value=str(value or "empty"))


def not_so(finding: Finding, name: str) -> Excluded:
    return is_so(name, getattr(finding.posting, name))
