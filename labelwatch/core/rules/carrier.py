"""Family `carrier`: the carrier has not confirmed the parcel."""

from labelwatch.core.alert import Certainty, Finding, Proof, Verdict
from labelwatch.core.facts import Facts
from labelwatch.core.lateness import TRACKED_FLOWS
from labelwatch.core.posting import Stage
from labelwatch.core.rules.base import Check, Excluded, Proven, certain, in_incident, not_so, other_incident, said
from labelwatch.core.subject import Scope


def registration_declined(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The carrier refused to register the parcel; Ozon does not tell sellers why. Proof: substatus
    posting_registration_error."""
    if finding.posting.substatus == "posting_registration_error":
        return certain(finding, "substatus", "status")
    return not_so(finding, "substatus")


def carrier_incident(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Most parcels of this carrier are stuck at once, while those of others are not: it is the carrier, not this
    order. Proof: how many of its labels are late, beyond chance. Do not fix the orders one by one."""
    return in_incident(finding, facts, Scope.CARRIER)


def registration_pending(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The parcel is packed and waits for the carrier to register it; the label comes after that. Proof: status
    awaiting_registration. Wait while it is within the usual time, then ask the carrier."""
    if finding.posting.status != "awaiting_registration":
        return not_so(finding, "status")
    if facts.incident is not None:
        return other_incident(facts.incident)
    provider = facts.detail.provider_status if facts.detail else ""
    quoted = (Proof("provider_status", provider, finding.since.latest),) if provider else ()
    evidence = (said(finding, "status"), said(finding, "substatus"), *quoted)
    if finding.overdue:
        return Proven(Certainty.CERTAIN, evidence)
    return Proven(Certainty.CERTAIN, evidence, Verdict.WAIT, finding.since.latest + finding.limit)


def tracking_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The parcel is packed but the carrier has given no tracking number, without which this kind of label is not
    made. Proof: the tracking number is empty, or repeats the posting number, in a flow that has one."""
    posting = finding.posting
    if finding.stage is not Stage.LABEL or posting.flow.lower() not in TRACKED_FLOWS:
        return not_so(finding, "flow")
    if posting.tracking_number:
        return not_so(finding, "tracking_number")
    if facts.incident is not None:
        return other_incident(facts.incident)
    evidence = (
        Proof("tracking_number", "", finding.since.latest),
        said(finding, "flow"),
        said(finding, "status"),
    )
    return Proven(Certainty.LIKELY, evidence)


RULES: dict[str, Check] = {
    "registration_declined": registration_declined,
    "carrier_incident": carrier_incident,
    "registration_pending": registration_pending,
    "tracking_missing": tracking_missing,
}
