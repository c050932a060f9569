"""Actions of a seller outside of the API: letters, calls, data and settings in the cabinet.

Their effects are in `World.effects` and part of the plan of the world, so they do not depend on who acts. An action
without a planned effect does nothing and reports nothing: a letter to support gets no answer at once.
"""

from labelwatch.sandbox.world import World

ACTIONS = frozenset(
    {
        "write_support",  # a letter about this posting: please make its label
        "warn_support",  # a letter before the cutoff: it is stuck, please do not count it as late
        "ask_carrier",
        "ask_buyer",
        "enter_marks",
        "enter_customs_number",
        "enter_country",
        "enter_product_data",
        "fill_in_company_data",
        "correct_card",  # weight, size or category in the product card
        "press_print",  # "Download label" in the cabinet
        "settle_dispute",
        "fetch_back",  # a refused parcel: fetched and handed in again
        "get_carrier_label",  # the carrier's own, where Ozon prints none
        "repair_method",
        "restore_warehouse",
    }
)


def perform(world: World, subject: str, action: str) -> None:
    """Apply it to a posting, or to the delivery method or warehouse of this id. ValueError for an unknown action."""
    if action not in ACTIONS:
        raise ValueError(f"no such action: {action}; there are {', '.join(sorted(ACTIONS))}")
    with world.lock:
        effects = world.effects.get((subject, action), [])
        effect = next((one for one in effects if world.fits(subject, one.when)), None)
        if effect is None:
            return
        effects.remove(effect)
        for event in effect.events:
            world.later(event)
