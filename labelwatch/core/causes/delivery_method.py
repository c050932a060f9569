"""Family `delivery_method`: the way it leaves the warehouse gives no label."""

from labelwatch.core.causes.verdict import Excluded, Proven, Rule, not_so, said
from labelwatch.core.detect import OWN_CARRIER_FLOWS
from labelwatch.core.model import Certainty, Facts, Finding, Proof, Stage


def no_label_in_this_flow(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon never prints a label for this delivery method: the seller's carrier does, and Ozon wants its tracking
    number. Until that number is entered Ozon counts the posting as late. Proof: the flow of the posting; for a
    domestic integrated carrier also that this method has never offered a label."""
    if facts.label_expected is not False or finding.stage is Stage.PACKING:
        return not_so(finding, "flow")
    own = finding.posting.flow.lower() in OWN_CARRIER_FLOWS
    evidence = (said(finding, "flow"), Proof("tracking_number", "", finding.since.latest))
    return Proven(Certainty.CERTAIN if own else Certainty.LIKELY, evidence)


RULES: tuple[Rule, ...] = (no_label_in_this_flow,)
