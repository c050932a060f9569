"""What a seller does that no method of the API does: letters, calls, data and settings in the cabinet.

What comes of it stands in `World.effects` and was decided when the world was planned, so it is the same whoever does
it. Where nothing is planned, nothing comes of it, and nobody is told so: a letter to support answers nothing at once.
"""

from labelwatch.sandbox.world import World

ACTIONS = frozenset(
    {
        "write_support",  # a letter about this posting: please make its label
        "warn_support",  # a letter before the cutoff: it stands still, please do not count it as late
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
    """Do it to a posting, or to the delivery method or warehouse of this id. ValueError for an unknown action."""
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
