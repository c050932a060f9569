"""The board as one ASGI application: its routes and its error pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from labelwatch.app import App
from labelwatch.config import Web
from labelwatch.store import StoreError
from labelwatch.web import actions, health, links
from labelwatch.web.auth import login
from labelwatch.web.auth.board_auth import board_auth
from labelwatch.web.auth.guard import HEADERS, Guard
from labelwatch.web.page import respond
from labelwatch.web.pages import (
    carriers,
    causes,
    channels,
    charts,
    dispute,
    incidents,
    late,
    needs,
    posting,
    reports,
    settings,
    shops,
)

THREADS = 8
"""Pages rendered at once; further requests wait, so that the poller keeps its share of the machine."""

PAGES = (
    Route("/", late.page),
    Route("/needs", needs.page),
    Route("/shops", shops.page),
    Route("/settings", settings.page),
    Route("/channels", channels.page),
    Route("/incidents", incidents.page),
    Route("/plots", charts.page),
    Route("/carriers", carriers.page),
    Route("/reports", reports.page),
    Route("/causes", causes.page),
    Route("/posting/{number:path}", posting.page),
    Route("/dispute/{number:path}", dispute.page),
)
"""In the order of the navigation; those about one posting are not in it."""


def create(app: App, settings: Web) -> Starlette:
    """The board over an app; it owns neither the app nor its store."""
    static = StaticFiles(directory=str(files("labelwatch.web").joinpath("static")))
    board = Starlette(
        routes=[*PAGES, *actions.ROUTES, *links.ROUTES, *login.ROUTES, *health.ROUTES, Mount("/static", static)],
        middleware=[Middleware(Guard, auth=board_auth(app, settings))],
        exception_handlers={HTTPException: _no_page, StoreError: _no_database, Exception: _failed},
        lifespan=_few_threads,
    )
    board.state.labelwatch = app
    board.state.settings = settings
    board.state.nav = [(page.path.strip("/") or "late", page.path) for page in PAGES if not page.param_convertors]
    return board


def _no_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return respond(request, "trouble.html", status=status, key="no_page" if status == 404 else "refused", detail="")


def _no_database(request: Request, error: Exception) -> Response:
    detail = str(error) if getattr(request.state, "may_see", True) else ""
    return respond(request, "trouble.html", status=503, key="no_database", detail=detail, shop_lines=())


def _failed(request: Request, error: Exception) -> Response:
    """An unexpected error, which the server logs. It is outside of the guard, so its headers are added here."""
    response = respond(request, "trouble.html", status=500, key="failed", detail="", shop_lines=())
    response.headers.update({**HEADERS, "cache-control": "no-store"})
    return response


@asynccontextmanager
async def _few_threads(_: Starlette) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
