"""Family `sync_lag`: everything is done, and Ozon has not made the label yet."""

from labelwatch.core.alert import Certainty, Finding, Proof, Verdict
from labelwatch.core.facts import Facts
from labelwatch.core.posting import Stage
from labelwatch.core.rules.base import Check, Excluded, Proven, excluded, in_incident, not_so, said
from labelwatch.core.subject import Scope


def platform_incident(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Most labels are late at once, whatever the carrier: it is the platform, not this order. Proof: how many are
    late everywhere, beyond chance. Do not fix the orders one by one."""
    return in_incident(finding, facts, Scope.PLATFORM)


def shop_incident(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Most labels of this shop are late at once, whatever the carrier, while other shops get theirs: something about
    the shop's account or settings. Proof: how many are late in this shop and in the others, beyond chance."""
    return in_incident(finding, facts, Scope.SHOP)


def label_pending(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Everything is done and the label is still within its usual time. Wait until the named minute. Proof: status
    awaiting_deliver, nothing missing, and the time that labels usually take is not over."""
    if finding.stage is not Stage.LABEL:
        return not_so(finding, "status")
    if finding.overdue:
        return excluded("waiting_longer", seconds=int(finding.limit.total_seconds()))
    return Proven(Certainty.LIKELY, _evidence(finding, facts), Verdict.WAIT, finding.since.latest + finding.limit)


def label_overdue(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Everything is done, yet the label has not come within its usual time. Proof: status awaiting_deliver,
    nothing missing, and no label action for longer than labels take; where Ozon was asked to print it, also its
    answer."""
    if finding.stage is not Stage.LABEL:
        return not_so(finding, "status")
    return Proven(Certainty.LIKELY, _evidence(finding, facts))


def _evidence(finding: Finding, facts: Facts) -> tuple[Proof, ...]:
    nothing = Proof("available_actions", "no label_download", finding.since.latest)
    task = facts.label_task
    asked = (Proof("label_task", task.message or str(task.state), task.asked_at),) if task else ()
    return (said(finding, "status"), said(finding, "substatus"), nothing, *asked)


RULES: dict[str, Check] = {
    "platform_incident": platform_incident,
    "shop_incident": shop_incident,
}

LATE_RULES: dict[str, Check] = {
    "label_pending": label_pending,
    "label_overdue": label_overdue,
}
