"""What becomes of a posting, decided once by the world's seed: the same in every arm, whoever acts and when.

A fate says how the posting arrives, what follows from its assembly, what comes of each action of a person, and in
which order somebody who knows all this would act. `heals` = nobody has to do anything but what is done for every
posting. Times are minutes, counted from the arrival, the assembly or the action.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from labelwatch.sandbox.bodies import GOODS, merged, needs, state
from labelwatch.sandbox.labels import NOT_YET
from labelwatch.sandbox.scenarios.causes import FOR_A_COMPANY
from labelwatch.sandbox.scenarios.stage import tracking
from labelwatch.sandbox.shops import REGISTERED_BY_CARRIER, Flow, Method
from labelwatch.sandbox.world import At, Effect

Body = dict[str, Any]
Script = tuple[tuple[float, Body], ...]
Effects = dict[str, Effect]

SKU = GOODS[0].sku
WEIGHS = 1350
DAY = 24 * 60.0


@dataclass(frozen=True, slots=True)
class Case:
    """One posting and its dice."""

    number: str
    method: Method
    dice: Random

    @property
    def flow(self) -> Flow:
        return self.method.flow

    def minutes(self, least: float, most: float) -> float:
        return self.dice.uniform(least, most)

    def happens(self, chance: float) -> bool:
        return self.dice.random() < chance


@dataclass(frozen=True, slots=True)
class Fate:
    """See above; `cures` ends with the assembly where that is part of it."""

    cause: str = ""
    arrives: Body = field(default_factory=dict)
    ship: Script = ()
    later: Script = ()
    """What happens by itself after the arrival."""
    unless: Mapping[str, Any] = field(default_factory=dict)
    """What `later` needs the posting to be still."""
    effects: Effects = field(default_factory=dict)
    cures: tuple[str, ...] = ("ship",)
    heals: bool = False
    forgotten: str = ""
    """What nobody does on a usual round: its sheet fell off the table."""


def registered(case: Case, label: float, *, takes: float | None = None) -> Script:
    """The usual way after assembly, with these times for registration and label."""
    ready, labelled = waiting(case), done(case)
    if case.flow not in REGISTERED_BY_CARRIER:
        return ((0, ready), (label, labelled))
    wait = case.minutes(2, 40) if takes is None else takes
    return ((0, state(case.flow, "awaiting_registration")), (wait, ready), (wait + label, labelled))


def waiting(case: Case, **more: Any) -> Body:
    """Packed, and the label is not there."""
    number = "" if case.flow is Flow.OZON else tracking(case.number)
    return {
        **state(case.flow, "awaiting_deliver"),
        "tracking_number": number,
        "_label": {"unprinted": NOT_YET},
        **more,
    }


def done(case: Case) -> Body:
    """With its label."""
    number = "" if case.flow is Flow.OZON else tracking(case.number)
    return {
        **state(case.flow, "awaiting_deliver", label=True),
        "tracking_number": number,
        "_label": {"unprinted": ""},
    }


def answer(case: Case, chance: float, within: tuple[float, float], *changes: Body, **when: Any) -> Effect:
    """What comes of a letter or a click: these changes one minute after another, or nothing."""
    takes = case.minutes(*within)
    if not case.happens(chance):
        return Effect((), when)
    first, *others = changes or (done(case),)
    events = [At(minutes=takes, posting=case.number, change=first, when=when)]
    events += [At(minutes=takes + place, posting=case.number, change=one) for place, one in enumerate(others, 1)]
    return Effect(tuple(events), when)


def support(
    case: Case, chance: float = 0.85, *changes: Body, within: tuple[float, float] = (15, 150), **when: Any
) -> Effect:
    return answer(case, chance, within, *changes, **when)


# ---- well


def well(case: Case) -> Fate:
    return Fate(ship=registered(case, case.minutes(0.7, 1.2)), heals=True)


def slow_label(case: Case) -> Fate:
    """The label comes by itself, late."""
    late = case.minutes(3, 14) if case.happens(0.6) else case.minutes(16, 100)
    effects = {"press_print": answer(case, 0.2, (0.5, 1), status="awaiting_deliver")}
    return Fate("label_pending", ship=registered(case, late), effects=effects, heals=True)


def slow_registration(case: Case) -> Fate:
    takes = case.minutes(65, 300)
    effects = {"ask_carrier": answer(case, 0.3, (20, 60), waiting(case), done(case), status="awaiting_registration")}
    return Fate("registration_pending", ship=registered(case, 1, takes=takes), effects=effects, heals=True)


def slow_acceptance(case: Case) -> Fate:
    """Ozon releases it for packing by itself, or only when it is asked to."""
    arrives, free = state(case.flow, "acceptance_in_progress"), state(case.flow, "awaiting_packaging")
    ends = case.happens(0.85)
    return Fate(
        "ozon_accepting",
        arrives=arrives,
        ship=registered(case, 1),
        later=((case.minutes(30, 600), free),) if ends else (),
        unless={"status": "acceptance_in_progress"},
        effects={"write_support": support(case, 0.85, free, status="acceptance_in_progress")},
        cures=("ship",) if ends else ("write_support", "ship"),
        heals=ends,
    )


# ---- not processed


def not_packed(case: Case) -> Fate:
    return Fate("not_packed", ship=registered(case, 1), forgotten="ship")


def assembly_failed(case: Case) -> Fate:
    failed = state(case.flow, "awaiting_packaging", substatus="ship_failed")
    failed["available_actions"] = ["cancel", "ship", "ship_async_retry"]
    again = registered(case, 1)
    if case.happens(0.2):
        again = ((0, {"substatus": "posting_created"}), (2, {**failed, "_ship": again}))
    script: Script = ((0, {}), (2, {**failed, "_ship": again}))
    return Fate("assembly_failed", ship=script, cures=("ship", "ship", "ship"))


def assembly_running(case: Case) -> Fate:
    running: Body = {"available_actions": ["cancel", "ship_async_in_process"]}
    ends, takes = case.happens(0.75), case.minutes(10, 60)
    rest = tuple((takes + after, change) for after, change in registered(case, 1)) if ends else ()
    helped = support(case, 0.85, waiting(case), done(case), status="awaiting_packaging")
    return Fate(
        "assembly_running",
        ship=((0, running), *rest),
        effects={"write_support": helped},
        cures=("ship",) if ends else ("ship", "write_support"),
        heals=ends,
    )


def cutoff_not_chosen(case: Case) -> Fate:
    arrives: Body = {"available_actions": ["cancel", "set_cutoff"]}
    return Fate("cutoff_not_chosen", arrives=arrives, ship=registered(case, 1), cures=("set_cutoff", "ship"))


def _required(kind: str, action: str, cause: str) -> Callable[[Case], Fate]:
    def fate(case: Case) -> Fate:
        open_ones = needs(kind, SKU)
        ends: Body = {
            "requirements": {key: [] for key in open_ones["requirements"]},
            "_exemplars": {"status": "ship_available"},
        }
        accepted = case.happens(0.92)
        checking = At(minutes=0, posting=case.number, change={"_exemplars": {"status": "validation_in_process"}})
        checked = At(minutes=case.minutes(2, 25), posting=case.number, change=ends)
        events = (checking, checked) if accepted else ()
        # Codes that are not accepted have to come from the supplier.
        other = support(case, 0.5, ends, within=(120, 500), status="awaiting_packaging")
        cures = (action, "ship") if accepted else (action, "write_support", "ship")
        return Fate(
            cause,
            arrives=open_ones,
            ship=registered(case, 1),
            effects={action: Effect(events, {"status": "awaiting_packaging"}), "write_support": other},
            cures=cures,
        )

    return fate


def box_count(case: Case) -> Fate:
    arrives: Body = {"is_multibox": True, "multi_box_qty": 0}
    return Fate("box_count_missing", arrives=arrives, ship=registered(case, 1), cures=("set_boxes", "ship"))


def company(case: Case) -> Fate:
    filled = {**state(case.flow, "awaiting_packaging"), "analytics_data": {"is_legal": False}}
    helped = answer(case, 1, (1, 5), filled, status="awaiting_packaging")
    return Fate(
        "buyer_company_data",
        arrives=dict(FOR_A_COMPANY),
        ship=registered(case, 1),
        effects={"fill_in_company_data": helped},
        cures=("fill_in_company_data", "ship"),
    )


def too_heavy(case: Case) -> Fate:
    corrected = answer(
        case, 0.85, (1, 15), {"_restrictions": {"max_posting_weight": 25000}}, status="awaiting_packaging"
    )
    moved = support(case, 0.5, {"_restrictions": {"max_posting_weight": 25000}}, status="awaiting_packaging")
    return Fate(
        "over_dropoff_limits",
        arrives={"_restrictions": {"max_posting_weight": WEIGHS - 350}},
        ship=registered(case, 1),
        effects={"correct_card": corrected, "write_support": moved},
        cures=("correct_card", "write_support", "ship"),
    )


# ---- the order itself


def passport(case: Case) -> Fate:
    lacks = waiting(case, substatus="posting_awaiting_passport_data")
    asked = answer(case, 0.7, (20, 600), done(case), substatus="posting_awaiting_passport_data")
    return Fate(
        "passport_data_missing", ship=_stuck(case, lacks), effects={"ask_buyer": asked}, cures=("ship", "ask_buyer")
    )


def recipient(case: Case) -> Fate:
    gap: Body = {"addressee": {"name": ""}, "customer": {"name": "", "phone": "", "address": {"zip_code": ""}}}
    lacks = merged(state(case.flow, "awaiting_registration"), gap)
    asked = answer(case, 0.6, (30, 500), waiting(case), done(case), status="awaiting_registration")
    helped = support(case, 0.7, waiting(case), done(case), within=(60, 240), status="awaiting_registration")
    return Fate(
        "recipient_incomplete",
        ship=((0, lacks),),
        effects={"ask_buyer": asked, "write_support": helped},
        cures=("ship", "ask_buyer", "write_support"),
    )


def dispute(case: Case) -> Fate:
    disputed = state(case.flow, "arbitration")
    settled = answer(case, 0.9, (1, 40), status="arbitration")
    return Fate(
        "arbitration",
        ship=((0, waiting(case)), (1, {**disputed, "available_actions": ["arbitration", "awaiting_delivery"]})),
        effects={"settle_dispute": settled, "write_support": support(case, 0.6, status="arbitration")},
        cures=("ship", "settle_dispute", "write_support"),
    )


def refused_at_center(case: Case) -> Fate:
    fetched = answer(case, 0.85, (40, 200), status="not_accepted")
    return Fate(
        "not_accepted",
        ship=((0, waiting(case)), (1, state(case.flow, "not_accepted"))),
        effects={"fetch_back": fetched, "write_support": support(case, 0.4, status="not_accepted")},
        cures=("ship", "fetch_back", "write_support"),
    )


def refused_label(case: Case) -> Fate:
    lacks = waiting(case, _label={"unprinted": "Печать запрещена складом"})
    corrected = answer(case, 0.6, (5, 30), status="awaiting_deliver")
    return Fate(
        "label_refused",
        ship=_stuck(case, lacks),
        effects={"correct_card": corrected, "write_support": support(case, 0.85, status="awaiting_deliver")},
        cures=("ship", "correct_card", "write_support"),
    )


def unknown_status(case: Case) -> Fate:
    odd = state(case.flow, "awaiting_weighing", substatus="posting_on_scales")
    ends, takes = case.happens(0.6), case.minutes(30, 200)
    rest = ((takes, done(case)),) if ends else ()
    helped = {"write_support": support(case, 0.8, status="awaiting_weighing")}
    cures = ("ship",) if ends else ("ship", "write_support")
    return Fate("unknown_state", ship=((0, waiting(case)), (1, odd), *rest), effects=helped, cures=cures, heals=ends)


def split(case: Case) -> Fate:
    """Ozon splits it; the parts are planned with it (see world.py)."""
    halved = state(case.flow, "awaiting_packaging", substatus="posting_split_pending")
    halved["available_actions"] = ["cancel"]
    over = state(case.flow, "cancelled_from_split_pending")
    return Fate("split_pending", arrives=halved, later=((case.minutes(20, 120), over),), cures=(), heals=True)


# ---- carrier


def hung_registration(case: Case) -> Fate:
    asked = answer(case, 0.75, (20, 120), waiting(case), done(case), status="awaiting_registration")
    helped = support(case, 0.7, waiting(case), done(case), within=(40, 180), status="awaiting_registration")
    return Fate(
        "registration_pending",
        ship=((0, state(case.flow, "awaiting_registration")),),
        effects={"ask_carrier": asked, "write_support": helped},
        cures=("ship", "ask_carrier", "write_support"),
    )


def declined(case: Case) -> Fate:
    refused = state(case.flow, "awaiting_registration", substatus="posting_registration_error")
    when = {"substatus": "posting_registration_error"}
    return Fate(
        "registration_declined",
        ship=((0, state(case.flow, "awaiting_registration")), (case.minutes(2, 10), refused)),
        effects={
            "ask_carrier": answer(case, 0.6, (20, 120), waiting(case), done(case), **when),
            "correct_card": answer(case, 0.3, (5, 30), waiting(case), done(case), **when),
            "write_support": support(case, 0.7, waiting(case), done(case), within=(30, 150), **when),
        },
        cures=("ship", "ask_carrier", "correct_card", "write_support"),
    )


def untracked(case: Case) -> Fate:
    lacks = waiting(case, tracking_number="")
    ends, takes = case.happens(0.3), case.minutes(40, 240)
    rest = ((takes, done(case)),) if ends else ()
    return Fate(
        "tracking_missing",
        ship=(*_stuck(case, lacks), *rest),
        effects={
            "ask_carrier": answer(case, 0.85, (20, 150), status="awaiting_deliver"),
            "write_support": support(case, 0.5, within=(60, 200), status="awaiting_deliver"),
        },
        cures=("ship",) if ends else ("ship", "ask_carrier", "write_support"),
        heals=ends,
    )


def own_carrier(case: Case) -> Fate:
    """Ozon prints nothing; what counts is the tracking number, which somebody enters or forgets."""
    return Fate(
        "no_label_in_this_flow",
        ship=((0, {**state(case.flow, "awaiting_deliver"), "tracking_number": ""}),),
        cures=("ship", "enter_tracking"),
        forgotten="enter_tracking" if case.happens(0.2) else "",
    )


def carriers_label(case: Case) -> Fate:
    """A method of which Ozon never has a label: the parcel goes out with the carrier's own."""
    leaves = answer(case, 1, (10, 60), state(case.flow, "delivering"), status="awaiting_deliver")
    return Fate(
        "method_never_labelled",
        ship=((0, waiting(case)),),
        # Support says what paper to hand in.
        effects={
            "get_carrier_label": leaves,
            "write_support": support(case, 0.8, state(case.flow, "delivering"), status="awaiting_deliver"),
        },
        cures=("ship", "get_carrier_label"),
        forgotten="get_carrier_label" if case.happens(0.25) else "",
    )


# ---- Ozon


def hung_label(case: Case) -> Fate:
    return Fate(
        "label_overdue",
        ship=_stuck(case, waiting(case)),
        effects={
            "press_print": answer(case, 0.35, (0.5, 1), status="awaiting_deliver"),
            "write_support": support(case, 0.85, status="awaiting_deliver"),
        },
        cures=("ship", "press_print", "write_support"),
    )


def _stuck(case: Case, lacks: Body) -> Script:
    """Assembled, and registered where that is done, and then nothing more."""
    if case.flow not in REGISTERED_BY_CARRIER:
        return ((0, lacks),)
    return ((0, state(case.flow, "awaiting_registration")), (case.minutes(2, 30), lacks))


Maker = Callable[[Case], Fate]
ABROAD = frozenset({Flow.AGGREGATOR, Flow.TRACKING})
CARRIER = frozenset({Flow.AGGREGATOR})
HOME = frozenset({Flow.OZON})
LABELLED = ABROAD | HOME

RATES: Sequence[tuple[float, frozenset[Flow], Maker]] = (
    (20, LABELLED, not_packed),
    (8, LABELLED, assembly_failed),
    (5, LABELLED, assembly_running),
    (8, LABELLED, slow_acceptance),
    (4, ABROAD, cutoff_not_chosen),
    (8, HOME, _required("mandatory_mark", "enter_marks", "marking_missing")),
    (5, HOME, _required("gtd", "enter_customs_number", "customs_number_missing")),
    (4, HOME, _required("country", "enter_country", "country_missing")),
    (3, HOME, _required("jw_uin", "enter_product_data", "other_requirement")),
    (4, LABELLED, box_count),
    (4, HOME, company),
    (4, HOME, too_heavy),
    (6, ABROAD, passport),
    (3, CARRIER, recipient),
    (2, LABELLED, dispute),
    (2, HOME, refused_at_center),
    (5, LABELLED, refused_label),
    (2, LABELLED, unknown_status),
    (3, LABELLED, split),
    (15, CARRIER, slow_registration),
    (8, CARRIER, hung_registration),
    (6, CARRIER, declined),
    (8, CARRIER, untracked),
    (15, LABELLED, slow_label),
    (10, LABELLED, hung_label),
)
"""Of a thousand postings of these flows so many have this fate."""


def fate_of(case: Case) -> Fate:
    """The fate that the dice give, and what a warning to support does to any posting that stands still."""
    if case.flow is Flow.NON_INTEGRATED:
        return own_carrier(case)
    left = case.dice.uniform(0, 1000)
    for rate, flows, maker in RATES:
        if case.flow in flows:
            left -= rate
            if left < 0:
                return maker(case)
    return well(case)


def with_effect(fate: Fate, action: str, effect: Effect) -> Fate:
    return replace(fate, effects={**fate.effects, action: effect})
