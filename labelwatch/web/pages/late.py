"""`/`: what is late now, most urgent first."""

from starlette.requests import Request
from starlette.responses import Response

from labelwatch.web.page import respond


def page(request: Request) -> Response:
    """The open alerts."""
    return respond(request, "late.html")
