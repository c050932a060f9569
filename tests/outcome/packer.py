"""The model packer: he reads what a channel received and does what it says. He knows nothing else.

This file imports the standard library only. What comes in is dictionaries: the JSON body of a webhook, and the page
of a posting that the seller cabinet shows to anybody who opens it. What goes out are dictionaries too: plans, each of
them steps for one posting, for the postings of an outage, or for a shop. Whoever plays the world carries them out,
one after another, and shows him the page before each: he stops where the label is there.

    {"shop", "posting_number", "outage", "not_before": time or None, "hurry": critical or not,
     "steps": [[action, minutes until he looks again], ...]}
"""

from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
Step = tuple[str, float]

SOON = 2.0
LETTER = 60.0
"""Minutes after which somebody who wrote a letter looks whether it helped."""

AGAIN_AND_AGAIN: tuple[Step, ...] = (("ship", 5.0),) * 3
"""Press "Assemble" the minute it works."""

NOT_ACCEPTED: tuple[Step, ...] = (("write_support", LETTER), *AGAIN_AND_AGAIN)

# What the steps of each remedy tell him, in their order; `look` = open the posting and do what the cabinet asks for.
# Where there is no entry for the last hour or for afterwards, the usual steps are all that he is told.
REMEDIES: dict[str, tuple[Step, ...]] = {
    "no_label_in_this_flow": (("enter_tracking", SOON),),
    "no_label_in_this_flow:urgent": (("enter_tracking", SOON),),
    "method_broken": (("repair_method", 20), ("write_support", LETTER)),
    "method_disabled": (("repair_method", 20), ("write_support", LETTER)),
    "warehouse_archived": (("restore_warehouse", 20), ("write_support", LETTER)),
    "warehouse_paused": (("restore_warehouse", 20), ("write_support", LETTER)),
    "over_dropoff_limits": (("correct_card", 15), ("ship", SOON), ("write_support", LETTER), ("ship", SOON)),
    "method_never_labelled": (("get_carrier_label", 60), ("write_support", LETTER)),
    "no_pick_up": (("look", SOON),),
    "day_off": (("ship", SOON),),
    "passport_data_missing": (("ask_buyer", LETTER), ("write_support", LETTER)),
    "passport_data_missing:urgent": (("write_support", 0), ("ask_buyer", LETTER)),
    "split_pending": (("look", SOON),),
    "arbitration": (("settle_dispute", 40), ("write_support", LETTER)),
    "not_accepted": (("fetch_back", 120), ("write_support", LETTER)),
    "marking_missing": (("enter_marks", 25), ("ship", SOON), ("ship", SOON), *NOT_ACCEPTED),
    "marking_missing:urgent": (("enter_marks", 5), *AGAIN_AND_AGAIN, ("write_support", 10), *AGAIN_AND_AGAIN),
    "customs_number_missing": (("enter_customs_number", 25), ("ship", SOON), ("ship", SOON), *NOT_ACCEPTED),
    "customs_number_missing:urgent": (
        ("enter_customs_number", 5),
        *AGAIN_AND_AGAIN,
        ("write_support", 10),
        *AGAIN_AND_AGAIN,
    ),
    "country_missing": (("enter_country", 25), ("ship", SOON), ("ship", SOON), *NOT_ACCEPTED),
    "country_missing:urgent": (("enter_country", 5), *AGAIN_AND_AGAIN, ("write_support", 10), *AGAIN_AND_AGAIN),
    "other_requirement": (("enter_product_data", 25), ("ship", SOON), ("ship", SOON), *NOT_ACCEPTED),
    "other_requirement:urgent": (
        ("enter_product_data", 5),
        *AGAIN_AND_AGAIN,
        ("write_support", 10),
        *AGAIN_AND_AGAIN,
    ),
    "box_count_missing": (("set_boxes", 0), ("ship", SOON)),
    "buyer_company_data": (("fill_in_company_data", 5), ("ship", SOON)),
    "recipient_incomplete": (("ask_buyer", LETTER), ("write_support", LETTER)),
    "recipient_incomplete:urgent": (("write_support", 0), ("ask_buyer", LETTER)),
    "label_refused": (("correct_card", 30), ("press_print", SOON), ("write_support", LETTER)),
    "label_refused:urgent": (("write_support", 0), ("correct_card", 30), ("press_print", SOON)),
    "unknown_state": (("look", SOON),),
    "assembly_failed": (("ship", 5), ("ship", 5), ("correct_card", 10), ("ship", SOON)),
    "assembly_running": (("write_support", LETTER),),
    "assembly_running:urgent": (("ship", 0), ("write_support", SOON)),
    "cutoff_not_chosen": (("set_cutoff", 0), ("ship", SOON)),
    "ozon_accepting": (("write_support", LETTER), ("ship", SOON)),
    "ozon_accepting:urgent": (("write_support", 0), ("warn_support", 10), *AGAIN_AND_AGAIN),
    "not_packed": (("ship", SOON),),
    "registration_declined": (("ask_carrier", LETTER), ("correct_card", 30), ("write_support", LETTER)),
    "registration_declined:urgent": (("write_support", 0), ("ask_carrier", LETTER)),
    "registration_pending": (("ask_carrier", LETTER), ("write_support", LETTER)),
    "registration_pending:urgent": (("write_support", 0), ("warn_support", 0), ("ask_carrier", LETTER)),
    "tracking_missing": (("ask_carrier", LETTER), ("write_support", LETTER)),
    "tracking_missing:urgent": (("ask_carrier", SOON), ("write_support", 0), ("warn_support", LETTER)),
    "label_pending": (("press_print", SOON),),
    "label_pending:urgent": (("press_print", SOON), ("write_support", 0), ("warn_support", LETTER)),
    "label_overdue": (("press_print", SOON), ("write_support", LETTER)),
    "label_overdue:urgent": (("press_print", SOON), ("write_support", 0), ("warn_support", LETTER)),
    "unexplained": (("look", SOON), ("write_support", LETTER)),
    "carrier_incident:urgent": (("warn_support", LETTER),),
    "platform_incident:urgent": (("warn_support", LETTER),),
    "shop_incident": (("write_support", LETTER),),
    "shop_incident:urgent": (("write_support", 0), ("warn_support", LETTER)),
    "carrier_incident": (("warn_support", LETTER),),
    "platform_incident": (("warn_support", LETTER),),
    "key_rejected": (("renew_key", SOON),),
    "key_expired": (("renew_key", SOON),),
    "no_label_in_this_flow:missed": (("enter_tracking", SOON),),
    "passport_data_missing:missed": (("ask_buyer", LETTER),),
    "cutoff_not_chosen:missed": (("write_support", LETTER),),
    "missed:packing": (("look", SOON),),
    "missed:registration": (("write_support", LETTER),),
    "missed:label": (("write_support", LETTER),),
}
ASK_FOR_TIME = frozenset(
    {
        "passport_data_missing",
        "marking_missing",
        "customs_number_missing",
        "country_missing",
        "other_requirement",
        "recipient_incomplete",
        "label_refused",
        "method_never_labelled",
        "registration_declined",
        "registration_pending",
        "tracking_missing",
        "label_overdue",
        "label_pending",
    }
)
"""Whose ready text for support also asks not to count the delay: the letter is worth both."""
LETTERS = frozenset({"write_support", "warn_support", "ask_carrier", "ask_buyer"})
NO_NEWS = frozenset({"resolved", "acknowledged", "snoozed", "handover"})
"""Why he hears of something without having to do anything: it is over, somebody takes care of it, or it is on the
list of what he was told before."""
NOT_TWICE_WITHIN = timedelta(hours=6)


class Packer:
    """One reader of one channel; he remembers what he has done."""

    def __init__(self) -> None:
        self._busy_with: dict[tuple[str, str], str] = {}
        self._wrote: dict[tuple[str, str], datetime] = {}

    def hears(self, body: Json, at: str) -> list[Json]:
        """What he makes of a message that he reads at this time."""
        plans = (self._about(alert, datetime.fromisoformat(at)) for alert in body.get("labelwatch", ()))
        return [plan for plan in plans if plan is not None]

    def takes(self, body: Json) -> list[str]:
        """The postings of a message that he says he takes care of: those that he is to do something about."""
        alerts = body.get("labelwatch", ())
        acts = [one for one in alerts if one["reason"] not in NO_NEWS | {"arrival"} and one["verdict"] == "act"]
        return [one["posting_number"] for one in acts if one["posting_number"]]

    def may(self, action: str, subject: str, at: str) -> bool:
        """Nobody writes the same letter about the same thing again while he waits for an answer."""
        now, key = datetime.fromisoformat(at), (action, subject)
        if action in LETTERS and key in self._wrote and now - self._wrote[key] < NOT_TWICE_WITHIN:
            return False
        self._wrote[key] = now
        return True

    def _about(self, alert: Json, now: datetime) -> Json | None:
        subject = (alert["shop"] or "", alert["posting_number"] or alert["incident"] or "")
        if alert["reason"] == "resolved":
            self._busy_with.pop(subject, None)
        if alert["reason"] in NO_NEWS:
            return None
        remedy, waits = alert["remedy_id"], alert["verdict"] == "wait"
        doing = f"{remedy} {alert['phase']} {waits} {alert['reason'] == 'arrival'}"
        if self._busy_with.get(subject) == doing and alert["reason"] != "reminder":
            return None
        self._busy_with[subject] = doing
        not_before = _begins(alert, now) if waits else None
        if waits and not_before is None:
            return None  # "nothing to do now", and no minute is named
        return {
            "shop": alert["shop"],
            "posting_number": alert["posting_number"],
            "outage": _outage(alert) if alert["incident"] and not alert["posting_number"] else None,
            "not_before": not_before.isoformat() if not_before else None,
            "hurry": alert["severity"] == "critical",
            "steps": [list(step) for step in _steps(alert)],
        }


def stops(page: Json | None) -> bool:
    """Whether the page of a posting shows that there is nothing more to do: its label, or that it has left."""
    if page is None:
        return True
    has_label = any(str(action).startswith("label_download") for action in page["available_actions"])
    return has_label or page["status"] not in WAITS


WAITS = frozenset(
    {
        "awaiting_approve",
        "awaiting_packaging",
        "awaiting_registration",
        "awaiting_deliver",
        "acceptance_in_progress",
        "arbitration",
        "client_arbitration",
        "not_accepted",
        "awaiting_weighing",
    }
)


def _steps(alert: Json) -> tuple[Step, ...]:
    """What an id tells, with what the ready letter asks besides; a new order is packed first where nothing hinders
    that, and in the last hour nobody waits long between steps."""
    remedy, phase = alert["remedy_id"], alert["phase"]
    steps = [*REMEDIES.get(remedy, (("look", SOON),))]
    if alert["reason"] == "arrival" and all(action not in ("ship", "look") for action, _ in steps):
        steps.insert(0, ("ship", SOON))
    letter = [place for place, (action, _) in enumerate(steps) if action == "write_support"]
    is_told = any(action == "warn_support" for action, _ in steps)
    if remedy.removesuffix(":urgent") in ASK_FOR_TIME and letter and not is_told:
        steps.insert(letter[-1], ("warn_support", 0))
    return tuple((action, min(pause, 5.0) if phase == "urgent" else pause) for action, pause in steps)


def _begins(alert: Json, now: datetime) -> datetime | None:
    """Told to wait he looks when the message says so; of an outage, while there is still time to warn support."""
    if alert["wait_until"]:
        return max(datetime.fromisoformat(alert["wait_until"]), now)
    if alert["posting_number"] is None and alert.get("deadline"):
        return max(datetime.fromisoformat(alert["deadline"]) - timedelta(minutes=90), now)
    return None


def _outage(alert: Json) -> Json:
    """Which postings an outage is about, as the message says it: of these shops, of this carrier or of all."""
    carrier = alert["carrier"] if alert["cause"] == "carrier_incident" else None
    return {"carrier": carrier, "shops": alert["shops"]}
