"""`/healthz` and `/metrics`: what programs ask.

Anybody who can reach the board may ask whether it is well; only who brings the password, or comes where none is
needed, is told names. The metrics are full of them, and of how much is sold: they need the password too, as
`Authorization: Bearer` or as the password of Basic authentication with any user; Prometheus can send both.
"""

import base64
import binascii
import math
from datetime import timedelta
from typing import Any

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from labelwatch.app import App
from labelwatch.core.diagnose import BLIND_AFTER_INTERVALS
from labelwatch.notify.view import rfc3339
from labelwatch.store import StoreError
from labelwatch.web.door import Door
from labelwatch.web.guard import HEALTH
from labelwatch.web.metrics import exposition
from labelwatch.web.page import app_of

_ASK = {"www-authenticate": 'Basic realm="labelwatch", charset="UTF-8"'}


async def healthz(request: Request) -> Response:
    """200 while the database answers and every shop was read within three intervals; else 503 and why."""
    return await to_thread.run_sync(_how_it_is, request, limiter=request.state.door.watchers)


def _how_it_is(request: Request) -> Response:
    app = app_of(request)
    try:
        found = _health(app, names=request.state.may_see)
    except StoreError as error:
        detail = {"detail": str(error)} if request.state.may_see else {}
        found = {"state": "trouble", "reason": "database", **detail}
    return JSONResponse(found, 200 if found["state"] == "ok" else 503)


def metrics(request: Request) -> Response:
    """Everything that is measured, for Prometheus."""
    wait = _wait(request)
    if wait:
        seconds = math.ceil(wait.total_seconds())
        said = f"too many wrong passwords: nothing is tried for {seconds} s\n"
        return PlainTextResponse(said, 429, {"retry-after": str(seconds)})
    if wait is not None:
        return PlainTextResponse("the password of the board is needed\n", 401, _ASK)
    return Response(exposition(app_of(request)), media_type=CONTENT_TYPE_LATEST)


def _health(app: App, *, names: bool) -> dict[str, Any]:
    now, every = app.clock.now(), dict(app.shops())
    read = {view.name: view.read_at for view in app.sight()}
    unread = [name for name, at in read.items() if at is None or now - at >= BLIND_AFTER_INTERVALS * every[name]]
    found: dict[str, Any] = {"state": "ok", "as_of": rfc3339(now)}
    if unread:
        found |= {"state": "trouble", "reason": "shop_not_read", "shops_not_read": len(unread)}
    if names:
        listed = {name: rfc3339(at) if at else None for name, at in read.items()}
        found |= {"read_at": listed, "not_read": unread}
    return found


def _wait(request: Request) -> timedelta | None:
    """None = who asks may know all; else how long to wait before the password is tried again, maybe not at all."""
    if request.state.may_see:
        return None
    given = _given(request.headers.get("authorization", ""))
    door: Door = request.state.door
    return door.try_in(given, request) if given else timedelta(0)


def _given(header: str) -> str:
    """The password that a program brings; empty = none."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


ROUTES = (Route(HEALTH, healthz), Route("/metrics", metrics))
