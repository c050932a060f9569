"""Family `sync_lag`: everything is done, and Ozon has not made the label yet."""

from labelwatch.core.causes.verdict import Excluded, Proven, Rule, not_so, said
from labelwatch.core.model import Certainty, Facts, Finding, Proof, Stage, Verdict


def label_pending(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Everything is done and the label is still within its usual time. Wait until the named minute. Proof: status
    awaiting_deliver, nothing missing, and the time that labels usually take is not over."""
    if finding.stage is not Stage.LABEL:
        return not_so(finding, "status")
    if finding.overdue:
        return Excluded(f"waiting longer than {int(finding.limit.total_seconds())} s")
    return Proven(Certainty.LIKELY, _evidence(finding), Verdict.WAIT, finding.since.latest + finding.limit)


def label_overdue(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Everything is done, yet the label has not come within its usual time. Proof: status awaiting_deliver,
    nothing missing, and no label action for longer than labels take."""
    if finding.stage is not Stage.LABEL:
        return not_so(finding, "status")
    return Proven(Certainty.LIKELY, _evidence(finding))


def _evidence(finding: Finding) -> tuple[Proof, ...]:
    nothing = Proof("available_actions", "no label_download", finding.since.latest)
    return said(finding, "status"), said(finding, "substatus"), nothing


RULES: tuple[Rule, ...] = (label_pending, label_overdue)
