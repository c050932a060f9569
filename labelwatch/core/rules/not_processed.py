"""Family `not_processed`: the order has not been packed, so there cannot be a label yet."""

from dataclasses import replace

from labelwatch.core.alert import Certainty, Finding, Proof, Verdict
from labelwatch.core.facts import Facts
from labelwatch.core.rules.base import Check, Excluded, Proven, certain, excluded, not_so


def assembly_failed(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Packing was confirmed but Ozon did not carry it out; it has to be confirmed again. Proof: substatus
    ship_failed, or the action ship_async_retry is offered."""
    if finding.posting.substatus == "ship_failed":
        return certain(finding, "substatus", "status")
    return _offered(finding, "ship_async_retry")


def assembly_running(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Packing was confirmed and Ozon is still carrying it out. Proof: the action ship_async_in_process is
    offered."""
    answer = _offered(finding, "ship_async_in_process")
    return replace(answer, verdict=Verdict.WAIT) if isinstance(answer, Proven) else answer


def cutoff_not_chosen(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The seller must choose the shipping date before the posting can be packed; after the cutoff neither can be
    done. Proof: the action set_cutoff is offered while the posting waits for packing."""
    if finding.posting.status != "awaiting_packaging":
        return not_so(finding, "status")
    return _offered(finding, "set_cutoff")


def ozon_accepting(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon itself has not released the order for packing yet. Proof: status awaiting_verification,
    awaiting_approve or acceptance_in_progress."""
    if finding.posting.status in ("awaiting_verification", "awaiting_approve", "acceptance_in_progress"):
        return replace(certain(finding, "status", "substatus"), verdict=Verdict.WAIT)
    return not_so(finding, "status")


def not_packed(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Nobody has packed the order: a label is made only after packing is confirmed. Proof: status
    awaiting_packaging and nothing that hinders packing."""
    if finding.posting.status == "awaiting_packaging":
        return certain(finding, "status", "substatus")
    return not_so(finding, "status")


def _offered(finding: Finding, action: str) -> Proven | Excluded:
    if action in finding.posting.actions:
        return Proven(Certainty.CERTAIN, (Proof("available_actions", action, finding.since.latest),))
    return excluded("action_absent", raw=action)


RULES: dict[str, Check] = {
    "assembly_failed": assembly_failed,
    "assembly_running": assembly_running,
    "cutoff_not_chosen": cutoff_not_chosen,
    "ozon_accepting": ozon_accepting,
    "not_packed": not_packed,
}
