"""Family `anomaly`: something is wrong with the order itself."""

from labelwatch.core.alert import Certainty, Finding, Proof, Verdict
from labelwatch.core.facts import Facts, TaskState
from labelwatch.core.lateness import KNOWN_STATUSES, KNOWN_SUBSTATUSES
from labelwatch.core.posting import Stage
from labelwatch.core.rules.base import Check, Excluded, Proven, certain, excluded, is_so, not_so, said
from labelwatch.core.text import Text

_OF_ITS_OWN = frozenset(
    f"products_requiring_{what}" for what in ("mandatory_mark", "gtd", "country", "change_country")
)


def passport_data_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The buyer has not given the passport data that customs want; without them Ozon makes no label and cancels
    the order after a day. Proof: substatus posting_awaiting_passport_data."""
    return _substatus(finding, "posting_awaiting_passport_data")


def split_pending(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon is splitting the posting into several; each part gets a number and a label of its own, this one gets
    none. Proof: substatus posting_split_pending."""
    return _substatus(finding, "posting_split_pending")


def arbitration(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The posting is disputed, so no label is made until the dispute is settled or the posting is moved back to
    awaiting shipment. Proof: status arbitration or client_arbitration."""
    if finding.posting.status in ("arbitration", "client_arbitration"):
        return certain(finding, "status", "substatus")
    return not_so(finding, "status")


def not_accepted(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The sorting centre did not accept the parcel. Proof: status not_accepted or substatus
    posting_not_in_sort_center."""
    if finding.posting.status == "not_accepted" or finding.posting.substatus == "posting_not_in_sort_center":
        return certain(finding, "status", "substatus")
    return not_so(finding, "status")


def marking_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need a mandatory marking code before the posting can be packed. Proof: the products named under
    requirements.products_requiring_mandatory_mark while the posting waits for packing, unless the check of the marks
    says that it can be packed."""
    return _required(finding, facts, "products_requiring_mandatory_mark")


def customs_number_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need the number of their customs declaration (GTD) before the posting can be packed. Proof: the
    products named under requirements.products_requiring_gtd while the posting waits for packing."""
    return _required(finding, facts, "products_requiring_gtd")


def country_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need their country of origin, or another one than was given, before the posting can be packed.
    Proof: the products named under requirements.products_requiring_country or products_requiring_change_country
    while the posting waits for packing."""
    return _required(finding, facts, "products_requiring_country", "products_requiring_change_country")


def other_requirement(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need other data before the posting can be packed: a batch registration number, a jewellery mark, the
    IMEI or the weight of each piece, or something that Ozon has come to ask for. Proof: the products named under the
    requirement while the posting waits for packing."""
    others = [key for key, _ in finding.posting.requirements if key not in _OF_ITS_OWN]
    return _required(finding, facts, *(others or ("of other kinds",)))


def box_count_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The order goes in several boxes, and their number has to be given before it can be packed. Proof: is_multibox
    while the posting waits for packing, and multi_box_qty names no more than one box."""
    posting = finding.posting
    if finding.stage is not Stage.PACKING or not posting.is_multibox:
        return not_so(finding, "is_multibox")
    if posting.boxes > 1:
        return is_so("multi_box_qty", posting.boxes)
    since = finding.since.latest
    return Proven(
        Certainty.CERTAIN, (Proof("is_multibox", "true", since), Proof("multi_box_qty", str(posting.boxes), since))
    )


def buyer_company_data(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The buyer is a company, and Ozon wants additional data for its papers before the posting can be packed. Proof:
    the buyer is a company and the action ship_with_additional_info is offered, with no product asked for by name."""
    posting = finding.posting
    if finding.stage is not Stage.PACKING or not posting.is_legal:
        return not_so(finding, "is_legal")
    if "ship_with_additional_info" not in posting.actions:
        return excluded("action_absent", raw="ship_with_additional_info")
    since = finding.since.latest
    offered = Proof("available_actions", "ship_with_additional_info", since)
    return Proven(Certainty.LIKELY, (Proof("is_legal", "true", since), offered))


def recipient_incomplete(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The recipient's address lacks a part that the carrier needs. Proof: Ozon sends that part empty, in a flow in
    which it sends the address at all; plain FBS hides the buyer by design, so nothing follows from it there."""
    posting = finding.posting
    if finding.stage is Stage.PACKING or posting.flow.lower() == "ozon" or not posting.recipient_gaps:
        return not_so(finding, "recipient_gaps")
    gaps = Text("gaps", {"names": posting.recipient_gaps})
    return Proven(Certainty.LIKELY, (Proof("recipient", gaps, finding.since.latest),))


def label_refused(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon was asked to print the label and refused; its own words are quoted. Proof: the message about this posting
    in the answer to the label task."""
    task = facts.label_task
    if finding.stage is not Stage.LABEL or task is None or task.state is not TaskState.REFUSED:
        return is_so("label_task", task.state) if task else excluded("label_not_asked")
    return Proven(Certainty.CERTAIN, (Proof("label_task", task.message, task.asked_at),))


def unknown_state(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon reports a status that labelwatch does not know, so it cannot say what the posting waits for. Proof: the
    status, word for word."""
    if finding.posting.status not in KNOWN_STATUSES:
        return certain(finding, "status", "substatus")
    return not_so(finding, "status")


def unknown_substatus(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The same cause, only likely: the status is known, its substatus is not, and nothing else explains the
    posting."""
    if finding.posting.substatus in KNOWN_SUBSTATUSES:
        return not_so(finding, "substatus")
    return Proven(Certainty.LIKELY, (said(finding, "substatus"), said(finding, "status")))


def _substatus(finding: Finding, value: str) -> Proven | Excluded:
    if finding.posting.substatus == value:
        return certain(finding, "substatus", "status")
    return not_so(finding, "substatus")


def _required(finding: Finding, facts: Facts, *keys: str) -> Proven | Excluded:
    """Requirements can stay filled after packing, so they prove something only while the posting waits for it."""
    if finding.stage is not Stage.PACKING:
        return not_so(finding, "status")
    open_ones = [(key, skus) for key, skus in finding.posting.requirements if key in keys]
    if not open_ones:
        return is_so(f"requirements.{keys[0]}", "")
    if facts.exemplars == "ship_available":
        return is_so("exemplars", "ship_available")
    proofs = [Proof(f"requirements.{key}", ", ".join(skus), finding.since.latest) for key, skus in open_ones]
    if facts.exemplars:
        proofs.append(Proof("exemplars", facts.exemplars))
    verdict = Verdict.WAIT if facts.exemplars == "validation_in_process" else Verdict.ACT
    return Proven(Certainty.CERTAIN, tuple(proofs), verdict)


RULES: dict[str, Check] = {
    "passport_data_missing": passport_data_missing,
    "split_pending": split_pending,
    "arbitration": arbitration,
    "not_accepted": not_accepted,
    "marking_missing": marking_missing,
    "customs_number_missing": customs_number_missing,
    "country_missing": country_missing,
    "other_requirement": other_requirement,
    "box_count_missing": box_count_missing,
    "buyer_company_data": buyer_company_data,
    "recipient_incomplete": recipient_incomplete,
    "label_refused": label_refused,
    "unknown_state": unknown_state,
}

LATE_RULES: dict[str, Check] = {
    "unknown_state": unknown_substatus,
}
"""Only what nothing else explains, an incident included."""
