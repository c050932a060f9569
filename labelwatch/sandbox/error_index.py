"""The error index of a shop, and the list of the orders that moved it."""

from datetime import datetime, timedelta

from labelwatch.sandbox.call import Call
from labelwatch.sandbox.http import bad_request, integer, section
from labelwatch.sandbox.shops import Body

PERIOD = timedelta(days=14)
MOST = 1000


def info(call: Call) -> Body:
    """The index of each day of the last fortnight; the last one is that of the period."""
    today, values = call.world.now.date(), call.shop.index_days
    dates = [today - timedelta(days=len(values) - 1 - place) for place in range(len(values))]
    costs = {day: sum(_cost(row) for row in call.shop.errors if _at(row).date() == day) for day in dates}
    return {
        "currency_code": call.shop.currency,
        "defects": [
            {"date": day.isoformat(), "index_by_date": value, "processing_costs_sum_by_date": costs[day]}
            for day, value in zip(dates, values, strict=True)
        ],
        "index": values[-1] if values else 0,
        "period_from": (today - PERIOD).isoformat(),
        "period_to": today.isoformat(),
        "processing_costs_sum": sum(costs.values()),
    }


def postings(call: Call) -> Body:
    """The errors of a period, oldest first; the cursor is an offset."""
    asked, limit = section(call.body, "filter"), integer(call.body.get("limit") or 0, "limit")
    if not 1 <= limit <= MOST:
        raise bad_request(f"invalid limit: value must be inside range [1, {MOST}]")
    since, until = _time(asked.get("date_from"), "date_from"), _time(asked.get("date_to"), "date_to")
    numbers = {str(number) for number in asked.get("posting_numbers") or ()}
    rows = sorted(
        (
            row
            for row in call.shop.errors
            if since <= _at(row) <= until and (not numbers or row["posting_number"] in numbers)
        ),
        key=_at,
    )
    start = integer(call.body.get("cursor") or 0, "cursor")
    more = start + limit < len(rows)
    return {"errors": rows[start : start + limit], "has_next": more, "cursor": str(start + limit) if more else ""}


def _at(row: Body) -> datetime:
    return datetime.fromisoformat(row["error_at"])


def _cost(row: Body) -> float:
    return float(row["charge_price"])


def _time(value: object, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise bad_request(f"invalid {name}: value must be a time") from None
    if found.tzinfo is None:
        raise bad_request(f"invalid {name}: value must have a zone")
    return found
