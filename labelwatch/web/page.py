"""One page for one reader: language, time zone, and what every template uses.

The guard sets in `request.state`: `csrf` (the token that every form sends back), `flash` (what the last form did,
shown once), `who` (the name given last) and `is_logged_in`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from labelwatch.app import App
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.catalog import catalog
from labelwatch.messages.time_format import RenderContext, clock, duration, zoned_clock
from labelwatch.queries import ShopHealth
from labelwatch.web.auth.origin import local_path
from labelwatch.web.words import Words, accepted, words

LANGUAGE_COOKIE = "language"
A_YEAR = 365 * 24 * 3600
REFRESH = timedelta(seconds=20)
"""How often an open page checks for news."""
NAMES = {"zh": "中文", "ru": "Русский", "en": "English"}

Context = Mapping[str, Any]

environment = Environment(
    loader=PackageLoader("labelwatch.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader of a page: the board's texts in their language, and the context that renders causes and times."""

    words: Words
    context: RenderContext

    @property
    def language(self) -> str:
        return self.words.language

    @property
    def now(self) -> datetime:
        return self.context.now

    def say(self, table: str, key: str, **values: object) -> str:
        """A phrase of the board."""
        return self.words.say(table, key, **values)

    def ago(self, at: datetime) -> str:
        """`3 min ago`, `just now`."""
        if self.now - at < timedelta(minutes=1):
            return self.say("page", "just_now")
        return self.say("page", "ago", span=duration(self.context, self.now - at))

    def at(self, at: datetime | None) -> str:
        """A time in the zone that the page names at its top; empty for None."""
        return clock(self.context, at) if at is not None else ""


@dataclass(frozen=True, slots=True)
class ShopLine:
    """How fresh the data of a shop are, in words."""

    name: str
    state: str
    text: str


def app_of(request: Request) -> App:
    """What the board asks."""
    app: App = request.app.state.labelwatch
    return app


def reader_of(request: Request) -> Reader:
    """The reader of the page: the language of ?lang=, then of the cookie, then of the browser."""
    app = app_of(request)
    language = language_of(request, default=app.config.language)
    return Reader(words(language), RenderContext(catalog(language), ZoneInfo(app.timezone), app.clock.now()))


def language_of(request: Request, *, default: str) -> str:
    """The language that the request asks for, if it is supported."""
    asked = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    liked = accepted(request.headers.get("accept-language", ""))
    return next((one for one in asked if one in LANGUAGES), liked or default)


def respond(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a template with this context and that of every page (see base.html); `shop_lines` are read from the
    database unless they are given."""
    reader = reader_of(request)
    if not getattr(request.state, "may_see", True):  # who is not logged in sees nothing of the shops
        context |= {"shop_lines": (), "nav": ()}
    if "shop_lines" not in context:
        context["shop_lines"] = shop_lines(reader, app_of(request).queries.shops())
    shown = {**_frame(request, reader), **context}
    response = HTMLResponse(environment.get_template(template).render(shown), status_code=status)
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, asked, max_age=A_YEAR, httponly=True, samesite="lax")
    return response


def link(request: Request, **changes: str | int | None) -> str:
    """This page's address with other query parameters; None removes one."""
    query: dict[str, str | int | None] = {**request.query_params, **changes}
    kept = urlencode({key: value for key, value in query.items() if value not in (None, "")})
    path = local_path(quote(request.scope["path"]))
    return f"{path}?{kept}" if kept else path


def _frame(request: Request, reader: Reader) -> Context:
    """What base.html needs."""
    path, state = request.scope["path"], request.state
    return {
        "w": reader.words.said,
        "say": reader.say,
        "counted": reader.words.counted,
        "language": reader.language,
        "languages": [(code, name, link(request, lang=code)) for code, name in NAMES.items()],
        "nav": [(key, to, path == to) for key, to in request.app.state.nav],
        "as_of": zoned_clock(reader.context, reader.now),
        "refresh": int(REFRESH.total_seconds()),
        "wall": "wall" in request.query_params,
        "here": link(request),
        "csrf": getattr(state, "csrf", ""),
        "flash": getattr(state, "flash", ""),
        "who": getattr(state, "who", ""),
        "is_logged_in": getattr(state, "is_logged_in", False),
        "static": static,
    }


def shop_lines(reader: Reader, shops: tuple[ShopHealth, ...]) -> list[ShopLine]:
    """How long ago each shop was read; those with old or no data first."""
    order = {"blind": 0, "stale": 1, "fresh": 2}
    return [_shop_line(reader, shop) for shop in sorted(shops, key=lambda shop: (order[shop.state], shop.name))]


def _shop_line(reader: Reader, shop: ShopHealth) -> ShopLine:
    if shop.read_at is None:
        return ShopLine(shop.name, shop.state, reader.say("read", "never", shop=shop.name))
    return ShopLine(
        shop.name, shop.state, reader.say("read", shop.state, shop=shop.name, ago=reader.ago(shop.read_at))
    )


@cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content."""
    content = files("labelwatch.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
