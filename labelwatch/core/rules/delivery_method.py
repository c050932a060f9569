"""Family `delivery_method`: the way it leaves the warehouse gives no label."""

from labelwatch.core.alert import Certainty, Finding, Proof
from labelwatch.core.facts import DropoffLimits, Facts
from labelwatch.core.lateness import OWN_CARRIER_FLOWS
from labelwatch.core.posting import Posting, Stage
from labelwatch.core.rules.base import Check, Excluded, Proven, excluded, is_so, not_so, said
from labelwatch.core.text import Text

HANDED_OVER_WITHOUT = 5
"""So many postings of a method must have gone out, none ever with a label, before the method is suspected."""

_UNFINISHED = frozenset({"NEW", "WAITING", "EDITED"})
_ARCHIVED = "disabled"  # Ozon's word for an archived warehouse
_PAUSED = frozenset({"blocked", "disabled_due_to_limit", "error"})


def no_label_in_this_flow(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Ozon never prints a label for this delivery method: the seller's carrier does, and Ozon wants its tracking
    number. Until that number is entered Ozon counts the posting as late. Proof: the flow of the posting; for a
    domestic integrated carrier also that this method has never offered a label."""
    if facts.label_expected is not False or finding.stage is Stage.PACKING:
        return not_so(finding, "flow")
    own = finding.posting.flow.lower() in OWN_CARRIER_FLOWS
    evidence = (said(finding, "flow"), Proof("tracking_number", "", finding.since.latest))
    return Proven(Certainty.CERTAIN if own else Certainty.LIKELY, evidence)


def method_broken(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The delivery method has an error in the shop's settings, so its carrier gets no parcels and makes no labels.
    Proof: status BROKEN in the list of delivery methods."""
    if (matters_not := _settings_matter_not(finding)) or facts.method is None:
        return matters_not or is_so("delivery_method.status", "unknown")
    if facts.method.status != "BROKEN":
        return _has_status(facts.method.status)
    return Proven(Certainty.CERTAIN, (Proof("delivery_method.status", "BROKEN", facts.method.changed_at),))


def method_disabled(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The delivery method is switched off, so its carrier gets no parcels. Proof: status DISABLED in the list of
    delivery methods."""
    if (matters_not := _settings_matter_not(finding)) or facts.method is None:
        return matters_not or is_so("delivery_method.status", "unknown")
    if facts.method.status != "DISABLED":
        return _has_status(facts.method.status)
    return Proven(Certainty.CERTAIN, (Proof("delivery_method.status", "DISABLED", facts.method.changed_at),))


def method_not_ready(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The same cause, only likely: the method is new, being edited, under review, or no longer in the settings. Plain
    FBS has no methods of its own there, so for it nothing follows from the list."""
    if finding.stage is not Stage.LABEL or facts.method is None:
        return is_so("delivery_method.status", "unknown")
    status, since = facts.method.status, facts.method.changed_at
    gone = not status and finding.posting.flow.lower() != "ozon"
    if not gone and status not in _UNFINISHED:
        return _has_status(status)
    return Proven(Certainty.LIKELY, (Proof("delivery_method.status", status or "not listed", since),))


def warehouse_archived(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The warehouse is archived, so nothing can be shipped from it. Proof: status disabled in the list of
    warehouses."""
    if (matters_not := _settings_matter_not(finding)) or facts.warehouse is None:
        return matters_not or is_so("warehouse.status", "unknown")
    if facts.warehouse.status != _ARCHIVED:
        return is_so("warehouse.status", facts.warehouse.status)
    return Proven(Certainty.CERTAIN, (Proof("warehouse.status", _ARCHIVED),))


def warehouse_paused(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The warehouse is paused or blocked, so its carriers take nothing and make no labels. Proof: pause_at, or one
    of the statuses blocked, disabled_due_to_limit and error in the list of warehouses."""
    if (matters_not := _settings_matter_not(finding)) or facts.warehouse is None:
        return matters_not or is_so("warehouse.status", "unknown")
    status, at = facts.warehouse.status, facts.warehouse.paused_at
    if at is None and status not in _PAUSED:
        return is_so("warehouse.status", status)
    paused = (Proof("warehouse.pause_at", at.isoformat(), at),) if at else ()
    return Proven(Certainty.CERTAIN, (*paused, Proof("warehouse.status", status, at)))


def over_dropoff_limits(finding: Finding, facts: Facts) -> Proven | Excluded:
    """The parcel is heavier, dearer or bigger than its drop-off point takes, so packing it is refused. Proof: the
    limits that Ozon names for this posting, against the products in it. Told before packing only."""
    if finding.stage is not Stage.PACKING:
        return not_so(finding, "status")
    if facts.limits is None:
        return excluded("rule_unknown")
    sides = facts.detail.sides if facts.detail else ()
    over = tuple(_over(finding.posting, facts.limits, sides))
    return Proven(Certainty.CERTAIN, over) if over else excluded("rule_kept")


def method_never_labelled(finding: Finding, facts: Facts) -> Proven | Excluded:
    """Postings of this delivery method have gone out while we watched, and none of them ever had a label of Ozon's.
    Proof: our own history. It is judged after everything that Ozon says itself."""
    if finding.stage is not Stage.LABEL or facts.method_labelled is not False:
        return excluded("gave_labels")
    count = facts.method_handed_over or 0
    if count < HANDED_OVER_WITHOUT:
        return excluded("watched_few", number=count)
    return Proven(Certainty.LIKELY, (Proof("handed over without a label", str(count)), said(finding, "flow")))


def _settings_matter_not(finding: Finding) -> Excluded | None:
    """An order that is not packed is late for that reason, whatever happened to its method."""
    return not_so(finding, "status") if finding.stage is Stage.PACKING else None


def _over(posting: Posting, limits: DropoffLimits, sides: tuple[tuple[float, float, float], ...]) -> list[Proof]:
    weight = round(sum(product.weight * product.quantity for product in posting.products) * 1000)
    price = sum(product.price * product.quantity for product in posting.products)
    roubles = all(product.currency == "RUB" for product in posting.products)
    found = []
    if limits.max_weight and weight > limits.max_weight:
        found.append(_beyond("weight", f"{weight}", f"{limits.max_weight:g}", "g"))
    if limits.max_price and roubles and price > limits.max_price:
        found.append(_beyond("price", f"{price:g}", f"{limits.max_price:g}", "RUB"))
    allowed = sorted(limits.sides)
    for one in sides:
        if all(allowed) and any(side / 10 > most for side, most in zip(sorted(one), allowed, strict=True)):
            size, most = (" x ".join(f"{x:g}" for x in xs) for xs in (sorted(s / 10 for s in one), allowed))
            found.append(_beyond("size", size, most, "cm"))
            break
    return found


def _beyond(field: str, value: str, limit: str, unit: str) -> Proof:
    return Proof(field, Text("over", {"value": value, "limit": limit, "unit": unit}))


def _has_status(status: str) -> Excluded:
    return is_so("delivery_method.status", status) if status else excluded("method_unlisted")


RULES: dict[str, Check] = {
    "no_label_in_this_flow": no_label_in_this_flow,
    "method_broken": method_broken,
    "method_disabled": method_disabled,
    "warehouse_archived": warehouse_archived,
    "warehouse_paused": warehouse_paused,
    "over_dropoff_limits": over_dropoff_limits,
}

LATE_RULES: dict[str, Check] = {
    "method_disabled": method_not_ready,
    "method_never_labelled": method_never_labelled,
}
"""Only likely, so they must not hide what Ozon says for certain."""
