"""Family `anomaly`: something is wrong with the order itself."""

from labelwatch.core.causes.verdict import Excluded, Proven, Rule, certain, not_so
from labelwatch.core.detect import KNOWN_STATUSES
from labelwatch.core.model import Certainty, Facts, Finding, Proof, Stage


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
    requirements.products_requiring_mandatory_mark while the posting waits for packing."""
    return _required(finding, "products_requiring_mandatory_mark")


def customs_number_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need the number of their customs declaration (GTD) before the posting can be packed. Proof: the
    products named under requirements.products_requiring_gtd while the posting waits for packing."""
    return _required(finding, "products_requiring_gtd")


def country_missing(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Products need their country of origin, or another one than was given, before the posting can be packed.
    Proof: the products named under requirements.products_requiring_country or products_requiring_change_country
    while the posting waits for packing."""
    return _required(finding, "products_requiring_country", "products_requiring_change_country")


def unknown_state(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon reports a status that labelwatch does not know, so it cannot say what the posting waits for. Proof: the
    status, word for word."""
    if finding.posting.status not in KNOWN_STATUSES:
        return certain(finding, "status", "substatus")
    return not_so(finding, "status")


def _substatus(finding: Finding, value: str) -> Proven | Excluded:
    if finding.posting.substatus == value:
        return certain(finding, "substatus", "status")
    return not_so(finding, "substatus")


def _required(finding: Finding, *keys: str) -> Proven | Excluded:
    """Requirements can stay filled after packing, so they prove something only while the posting waits for it."""
    if finding.stage is not Stage.PACKING:
        return not_so(finding, "status")
    open_ones = [(key, skus) for key, skus in finding.posting.requirements if key in keys]
    if not open_ones:
        return Excluded(f"requirements.{keys[0]}=empty")
    proofs = (Proof(f"requirements.{key}", ", ".join(skus), finding.since.latest) for key, skus in open_ones)
    return Proven(Certainty.CERTAIN, tuple(proofs))


RULES: tuple[Rule, ...] = (
    passport_data_missing,
    split_pending,
    arbitration,
    not_accepted,
    marking_missing,
    customs_number_missing,
    country_missing,
    unknown_state,
)
