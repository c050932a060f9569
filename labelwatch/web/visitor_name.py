"""The name of a form's user: at most a line, remembered in the browser, not verified."""

from starlette.requests import Request

from labelwatch.messages.plain import plain
from labelwatch.web.auth.guard import LONGEST_NAME


def visitor_name(request: Request, *, otherwise: str = "board") -> str:
    """The name in the form, else the one given last in this browser, else a generic one."""
    return plain(request.state.form.get("by", ""), LONGEST_NAME) or request.state.who or otherwise
