"""What anybody does who opens a posting in the seller cabinet: a page in, what it asks for out. Dictionaries only.

The same staff looks into the cabinet in every arm; with no message of labelwatch's this is all they go by.
"""

from typing import Any

Json = dict[str, Any]

_DATA = {
    "products_requiring_mandatory_mark": "enter_marks",
    "products_requiring_gtd": "enter_customs_number",
    "products_requiring_country": "enter_country",
    "products_requiring_change_country": "enter_country",
}
_SUBSTATUS = {
    "posting_awaiting_passport_data": "ask_buyer",
    "posting_registration_error": "ask_carrier",
}
_STATUS = {"arbitration": "settle_dispute", "client_arbitration": "settle_dispute", "not_accepted": "fetch_back"}


def asks_for(page: Json, *, again: bool) -> list[str]:
    """What the page of a posting makes people do; `again` = it stood there without a label at the last look too."""
    if any(str(action).startswith("label_download") for action in page["available_actions"]):
        return []
    status = page["status"]
    if status == "awaiting_packaging":
        return _to_pack(page, again=again)
    if status in _STATUS:
        return [_STATUS[status]]
    if page["substatus"] in _SUBSTATUS:
        return [_SUBSTATUS[page["substatus"]]]
    if "set_track_number" in page["available_actions"] and not page["tracking_number"]:
        return ["enter_tracking"]
    return _stuck(status) if again else []


def _to_pack(page: Json, *, again: bool) -> list[str]:
    actions = page["available_actions"]
    if "set_cutoff" in actions:
        return ["set_cutoff", "ship"]
    if "ship_with_additional_info" in actions:
        return ["fill_in_company_data", "ship"]
    if not any(action in actions for action in ("ship", "ship_async", "ship_async_retry")):
        return ["write_support"] if again else []
    data = [_DATA.get(key, "enter_product_data") for key, skus in page["requirements"].items() if skus]
    boxes = ["set_boxes"] if page["is_multibox"] and page["multi_box_qty"] < 1 else []
    return [*dict.fromkeys(data), *boxes, "ship"]


def _stuck(status: str) -> list[str]:
    """Nothing is asked for, and still no label, half a day later: please make it, or do not count it as late."""
    if status == "awaiting_registration":
        return ["ask_carrier", "write_support", "warn_support"]
    if status == "awaiting_deliver":
        return ["press_print", "write_support", "warn_support"]
    return ["write_support"]
