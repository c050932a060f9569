"""`/healthz`, `/livez`, `/readyz` and `/metrics`: endpoints for programs.

    /livez    would a restart help: do process, scheduler and database make progress, whatever Ozon does
    /readyz   was every shop read since the start, or is it unreadable for a reason of its own
    /healthz  is every shop read now: for alarms, not for restarts

Anybody who can reach the board may ask for its health; only logged-in users see names. The metrics reveal how much is
sold, and need the password too, as `Authorization: Bearer` or as the password of Basic
authentication with any user; Prometheus can send both. Without a password anybody who reaches the port may read
them, possibly through a plain proxy: there shops and channels have numbers instead of names.
"""

import base64
import binascii
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from labelwatch.app import App
from labelwatch.core.diagnosis import BLIND_AFTER_INTERVALS
from labelwatch.messages.alert_json import rfc3339
from labelwatch.sources import Trouble
from labelwatch.store import StoreError
from labelwatch.web.auth.board_auth import BoardAuth
from labelwatch.web.auth.guard import HEALTH, LIVE, READY
from labelwatch.web.metrics import exposition
from labelwatch.web.page import app_of

_ASK = {"www-authenticate": 'Basic realm="labelwatch", charset="UTF-8"'}


Probe = Callable[[App], dict[str, Any]]
"""The result of a probe: `state` ok or trouble, `reason`, and in `names` what needs the password."""

_OWN_TROUBLES = frozenset(str(trouble) for trouble in Trouble if trouble.is_final)
"""Causes that are due to a shop and its key, not to Ozon or the network."""


def _answering(probe: Probe) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that is 200 while the probe finds no trouble and the database answers; else 503 with the reason."""

    def ask(request: Request) -> Response:
        app = app_of(request)
        try:
            found = {"state": "ok", "as_of": rfc3339(app.clock.now()), **probe(app)}
        except StoreError as error:
            found = {"state": "trouble", "reason": "database", "names": {"detail": str(error)}}
        names = found.pop("names", {})
        found |= names if request.state.may_see else {}
        return JSONResponse(found, 200 if found["state"] == "ok" else 503)

    async def answer(request: Request) -> Response:
        return await to_thread.run_sync(ask, request, limiter=request.state.auth.watchers)

    return answer


def metrics(request: Request) -> Response:
    """Everything that is measured, for Prometheus."""
    wait = None if request.state.auth.throttle is None else _wait(request)
    if wait:
        seconds = math.ceil(wait.total_seconds())
        said = f"too many wrong passwords: nothing is tried for {seconds} s\n"
        return PlainTextResponse(said, 429, {"retry-after": str(seconds)})
    if wait is not None:
        return PlainTextResponse("the password of the board is needed\n", 401, _ASK)
    return Response(exposition(app_of(request), named=_may_name(request)), media_type=CONTENT_TYPE_LATEST)


def _health(app: App) -> dict[str, Any]:
    """Every shop was read within three intervals."""
    now, every = app.clock.now(), dict(app.shops())
    read = {view.name: view.read_at for view in app.queries.shops()}
    unread = [name for name, at in read.items() if at is None or now - at >= BLIND_AFTER_INTERVALS * every[name]]
    listed = {name: rfc3339(at) if at else None for name, at in read.items()}
    return _unread(unread) | {"names": {"read_at": listed, "not_read": unread}}


def _liveness(app: App) -> dict[str, Any]:
    """No job of the service is stuck, and the database can be written."""
    app.store.shops.all()
    if app.database_watch.line:
        return {"state": "trouble", "reason": "database", "names": {"detail": app.database_watch.line}}
    stuck = app.stuck()
    return {"state": "trouble", "reason": "no_progress", "names": {"detail": stuck}} if stuck else {}


def _readiness(app: App) -> dict[str, Any]:
    """Every enabled shop was read since the start, or has a problem of its own."""
    states = {state.name: state for state in app.store.shops.all()}

    def is_read(name: str) -> bool:
        state = states.get(name)
        return state is not None and (
            state.read_at != app.poller.read_before.get(name)
            or (bool(state.failing_since) and state.cause in _OWN_TROUBLES)
        )

    unread = [name for name, _ in app.shops() if not is_read(name)]
    return _unread(unread) | {"names": {"not_read": unread}}


def _unread(shops: Sequence[str]) -> dict[str, Any]:
    return {"state": "trouble", "reason": "shop_not_read", "shops_not_read": len(shops)} if shops else {}


def _may_name(request: Request) -> bool:
    return bool(request.state.may_see or request.state.auth.throttle)


def _wait(request: Request) -> timedelta | None:
    """None = the request is authorised; else how long to wait before the next password, maybe zero."""
    if request.state.may_see:
        return None
    given = _given(request.headers.get("authorization", ""))
    auth: BoardAuth = request.state.auth
    return auth.try_in(given, request) if given else timedelta(0)


def _given(header: str) -> str:
    """The password in the request of a program; empty = none."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


ROUTES = (
    Route(HEALTH, _answering(_health)),
    Route(LIVE, _answering(_liveness)),
    Route(READY, _answering(_readiness)),
    Route("/metrics", metrics),
)
