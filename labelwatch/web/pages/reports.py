"""`/reports`: the report of the last week or day, of all shops or of one, as it is sent to the channels."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.messages.message import SizeLimit
from labelwatch.messages.report_text import message
from labelwatch.web.page import app_of, link, reader_of, respond

PERIODS = {"week": timedelta(days=7), "day": timedelta(days=1)}
ROOM = SizeLimit(40_000)
"""A page has room for all of it."""


def page(request: Request) -> Response:
    """?period= chooses week or day, ?shop= one shop, ?group= a group of shops."""
    app, reader = app_of(request), reader_of(request)
    names, groups = [name for name, _ in app.shops()], {one.name: one.shops for one in app.config.groups}
    period, chosen = request.query_params.get("period", ""), request.query_params.get("shop", "")
    period, group = period if period in PERIODS else "week", request.query_params.get("group", "")
    if (chosen and chosen not in names) or (group and group not in groups):
        return respond(request, "trouble.html", status=404, key="no_page", detail="")
    found = app.queries.report(PERIODS[period], shops=groups[group] if group else [chosen] if chosen else [])
    made = message(reader.context, found, name=group or chosen, limit=ROOM)
    return respond(
        request,
        "reports.html",
        made=made,
        periods=[(key, link(request, period=key), key == period) for key in PERIODS],
        period=period,
        shops=names,
        chosen=chosen,
        groups=[(one, link(request, group=one, shop=None), one == group) for one in groups],
    )
