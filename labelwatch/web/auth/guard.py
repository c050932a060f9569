"""Middleware that checks every request, and sets the headers that restrict what a browser may do with the answer.

    host -> method -> body -> origin and token (of a POST) -> password -> the page

It sets in `request.state`: `auth`, `visit`, `session`, `form` (the body is read here, and only here), `csrf`,
`flash`, `who`, `is_logged_in` and `may_see`.
"""

import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, quote, unquote

from anyio import fail_after, to_thread
from starlette.datastructures import ImmutableMultiDict, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labelwatch.messages.plain import plain
from labelwatch.store import StoreError
from labelwatch.web.auth.board_auth import ENTER, BoardAuth
from labelwatch.web.auth.origin import is_from_us, is_passed_on, local_path
from labelwatch.web.auth.signed_cookies import A_YEAR, SESSION_LASTS, Session, Visit
from labelwatch.web.page import app_of, language_of, respond
from labelwatch.web.words import words

SESSION, VISIT, FLASH, WHO = "labelwatch_session", "labelwatch_visit", "labelwatch_flash", "labelwatch_who"
LARGEST_BODY = 64 * 1024
MOST_FIELDS = 2000
BODY_WITHIN = 10.0
"""Seconds for the whole body."""
LONGEST_NAME = 40

LOGIN, LINKS, STATIC = "/login", "/a/", "/static/"
HEALTH, LIVE, READY = "/healthz", "/livez", "/readyz"
PROBES = (HEALTH, LIVE, READY)
PROGRAMS = (*PROBES, "/metrics")
"""Paths for programs, which get more details with the password."""

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_AGAIN = '<!doctype html><title>labelwatch</title><link rel="icon" href="/static/icon.svg">'
"""An empty page, with an icon so that a browser does not request one."""


class Guard:
    """ASGI middleware around the board."""

    def __init__(self, app: ASGIApp, *, auth: BoardAuth) -> None:
        self.app = app
        self.auth = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        refusal = _unheard(request, self.auth) or await _read(request)
        if refusal is None:
            watchers = self.auth.watchers if scope["path"] in PROBES else None
            refusal = await to_thread.run_sync(_weighed, request, self.auth, limiter=watchers)
        answer = refusal or self.app
        await answer(scope, receive, _with_headers(request, send))


def _unheard(request: Request, auth: BoardAuth) -> Response | None:
    """Refuse a request before its body is read."""
    if not auth.names.know(request.headers.get("host")):
        return _said(request, 421, "host")
    if auth.throttle is None and is_passed_on(request.headers):
        return _said(request, 403, "proxied")
    if "transfer-encoding" in request.headers and "content-length" in request.headers:
        return _said(request, 400, "form")  # a proxy may have read another end of the body
    if request.method not in ("GET", "HEAD", "POST"):
        return _said(request, 405, "method")
    return None


async def _read(request: Request) -> Response | None:
    """Read the body of a form, within limits of size and time."""
    request.state.form = ImmutableMultiDict[str, str]()
    if request.method != "POST":
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return _said(request, 415, "form")
    body = bytearray()
    try:
        with fail_after(BODY_WITHIN):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    return _said(request, 413, "size")
    except (TimeoutError, ClientDisconnect):
        return _said(request, 408, "slow")
    try:
        request.state.form = _fields(bytes(body))
    except ValueError:
        return _said(request, 400, "form")
    return None


def _fields(body: bytes) -> ImmutableMultiDict[str, str]:
    """The fields of a form; ValueError if it is not text, or has more fields than any of our forms."""
    fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    if any("\0" in value for _, value in fields):
        raise ValueError("no database stores NUL in a text")
    return ImmutableMultiDict(fields)


def _weighed(request: Request, auth: BoardAuth) -> Response | None:
    """Authenticate the request, and refuse what is not allowed."""
    # From the scope, as the router does: a reassembled address could be parsed differently.
    state, cookies, path = request.state, request.cookies, request.scope["path"]
    is_program = path in PROGRAMS
    state.auth, state.visit = auth, auth.cookies.opened_visit(cookies.get(VISIT, ""), auth.now())
    state.session = None
    try:
        state.session = auth.session(cookies.get(SESSION))
    except StoreError as error:
        if not is_program:
            return PlainTextResponse(f"{error}\n", 503)
    state.may_see = state.session is not None
    state.is_logged_in = state.may_see and auth.throttle is not None
    state.csrf = auth.cookies.form_token((state.session or state.visit).id)
    state.flash = auth.cookies.opened_flash(cookies.get(FLASH, ""))
    state.who = plain(unquote(cookies.get(WHO, "")), LONGEST_NAME)
    if request.method == "POST" and not _may_write(request, auth):
        return trouble(request, 403, "stale")
    if state.may_see or is_program or path in (LOGIN, ENTER) or path.startswith((LINKS, STATIC)):
        return None
    return _to_login(request)


def _may_write(request: Request, auth: BoardAuth) -> bool:
    """A form of ours sends back its token; a signed link is its own proof."""
    if not is_from_us(request.headers, auth.names):
        return False
    sent = request.state.form.get("csrf", "")
    return request.scope["path"].startswith(LINKS) or hmac.compare_digest(sent.encode(), request.state.csrf.encode())


def _to_login(request: Request) -> Response:
    if request.state.auth.throttle is None and SESSION in request.cookies:
        return trouble(request, 403, "local")
    if request.method == "POST":
        return trouble(request, 401, "login_first")
    query = request.scope["query_string"].decode("latin-1")
    here = local_path(quote(request.scope["path"]) + (f"?{query}" if query else ""))
    if SESSION not in request.cookies and request.headers.get("sec-fetch-site") == "cross-site":
        # A link from another site does not send a strict cookie. A request from our own page does.
        return HTMLResponse(_AGAIN, headers={"refresh": f"0; url={here}"})
    return RedirectResponse(f"{LOGIN}?next={quote(here, safe='')}", 303)


def _with_headers(request: Request, send: Send) -> Send:
    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update({**HEADERS, "cache-control": _kept(request)})
            if headers.get("content-type", "").startswith("text/html"):
                _bring_cookies(request, headers, int(message["status"]))
        await send(message)

    return sealed


def _kept(request: Request) -> str:
    """Pages are never cached; a static file with a hash in its address for ever."""
    if not request.scope["path"].startswith(STATIC):
        return "no-store"
    return "max-age=31536000, immutable" if "v" in request.query_params else "no-cache"


def _bring_cookies(request: Request, headers: MutableHeaders, status: int) -> None:
    visit: Visit | None = getattr(request.state, "visit", None)
    scratch = Response()
    if visit is not None and visit.is_new:
        keep_visit(request, scratch, visit)
    if status == 200 and FLASH in request.cookies:
        scratch.delete_cookie(FLASH)
    for value in scratch.headers.getlist("set-cookie"):
        headers.append("set-cookie", value)


# --- what the pages set through it


def trouble(request: Request, status: int, key: str, **values: object) -> Response:
    """A page that says what was refused and what to do."""
    said = words(language_of(request, default=app_of(request).config.language))
    title, detail = said.say("guard", f"{key}_title", **values), said.say("guard", key, **values)
    return respond(request, "refused.html", status=status, title=title, detail=detail, to_login=status == 401)


def tell(request: Request, response: Response, text: str) -> Response:
    """Show this sentence at the top of the next page."""
    return _set(request, response, FLASH, request.state.auth.cookies.flash(text), lasts=timedelta(minutes=5))


def remember_name(request: Request, response: Response, name: str) -> Response:
    """Remember in this browser who fills in its forms."""
    return _set(request, response, WHO, quote(name), lasts=A_YEAR)


def keep_session(request: Request, response: Response, session: Session) -> Response:
    sealed = request.state.auth.cookies.session(session)
    return _set(request, response, SESSION, sealed, lasts=SESSION_LASTS, strict=True)


def forget_session(response: Response) -> Response:
    response.delete_cookie(SESSION)
    return response


def keep_visit(request: Request, response: Response, visit: Visit) -> Response:
    """Not strict: it gives no access, and a link from another site would invalidate the forms that are open."""
    auth: BoardAuth = request.state.auth
    return _set(request, response, VISIT, auth.cookies.visit(visit, auth.now()), lasts=A_YEAR)


def _set(
    request: Request, response: Response, name: str, value: str, *, lasts: timedelta, strict: bool = False
) -> Response:
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="strict" if strict else "lax",
        secure=request.state.auth.names.are_public(request.headers.get("host")),
    )
    return response


def _said(request: Request, status: int, key: str) -> Response:
    """A plain answer to a request that does not reach a page."""
    language = language_of(request, default=app_of(request).config.language)
    headers = {"allow": "GET, HEAD, POST"} if status == 405 else {}
    # The rest of the body is not read, so the connection cannot be reused.
    headers |= {"connection": "close"} if status in (400, 408, 413, 421) else {}
    port = (request.scope.get("server") or ("", 0))[1]
    text = words(language).say("guard", key, address=f"http://127.0.0.1:{port}")
    return PlainTextResponse(f"{text}\n", status, headers)
