"""`/login` and `/logout`: the one password of the board. `/enter`: a board that has none."""

import math
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from labelwatch.web.auth.board_auth import ENTER
from labelwatch.web.auth.guard import LOGIN, forget_session, keep_session, keep_visit, trouble
from labelwatch.web.auth.origin import local_path
from labelwatch.web.page import respond


def ask(request: Request) -> Response:
    """The form; redirects at once if no password is needed."""
    to = local_path(request.query_params.get("next", "/"))
    if request.state.may_see:
        return RedirectResponse(to, 303)
    if request.state.auth.throttle is None:
        return trouble(request, 403, "local")
    return _form(request, to, status=200, is_wrong=False)


def enter(request: Request) -> Response:
    """Begin a session for the right password; always a new one, whatever cookie was sent."""
    state, form = request.state, request.state.form
    to = local_path(form.get("next", "/"))
    wait = state.auth.try_in(form.get("password", ""), request)
    if wait is not None:
        return _too_many(request, wait) if wait else _form(request, to, status=403, is_wrong=True)
    response = RedirectResponse(to, 303)
    keep_visit(request, response, replace(state.visit, is_known=True))
    return keep_session(request, response, state.auth.cookies.new_session(state.auth.now()))


def come_in(request: Request) -> Response:
    """Begin a session for a link that was made on this machine, on its first use only."""
    key = request.query_params.get("key", "")
    session = None if request.method == "HEAD" or request.state.may_see else request.state.auth.let_in(key)
    if session is None:
        return RedirectResponse("/", 303) if request.state.may_see else trouble(request, 403, "local")
    return keep_session(request, RedirectResponse("/", 303), session)


def leave(request: Request) -> Response:
    """End the session, also for every copy of its cookie."""
    if request.state.session is not None:
        request.state.auth.end(request.state.session)
    return forget_session(RedirectResponse(LOGIN, 303))


def _form(request: Request, to: str, *, status: int, is_wrong: bool) -> Response:
    return respond(request, "login.html", status=status, next=to, is_wrong=is_wrong)


def _too_many(request: Request, wait: timedelta) -> Response:
    response = trouble(request, 429, "too_many", minutes=math.ceil(wait / timedelta(minutes=1)))
    response.headers["retry-after"] = str(math.ceil(wait.total_seconds()))
    return response


ROUTES = (
    Route(LOGIN, ask),
    Route(ENTER, come_in),
    Route(LOGIN, enter, methods=["POST"]),
    Route("/logout", leave, methods=["POST"]),
)
