"""Browsers, and those who pretend to be one, before a board with or without a password."""

import re
import warnings
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from labelwatch.app import App
from labelwatch.config import Web
from labelwatch.web.application import create
from labelwatch.web.auth.board_auth import board_auth
from tests.web.build import ADDRESS, WEB

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient` is deprecated")
    from starlette.testclient import TestClient

PASSWORD = "open sesame"
LOCKED = replace(WEB, password=SecretStr(PASSWORD))
PUBLIC = "https://watch.example.org"


def browser(app: App, settings: Web = LOCKED, *, at: str = ADDRESS) -> "TestClient":
    """A browser that was never here; it goes nowhere by itself."""
    return TestClient(create(app, settings), base_url=at, follow_redirects=False)


def enter(client: "TestClient", app: App, settings: Web = WEB) -> "TestClient":
    """Use the link that opens a board without a password."""
    assert client.get(board_auth(app, settings).link("")).status_code in (200, 303)
    return client


def token_on(client: "TestClient", path: str) -> str:
    """What the forms of a page send back."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found, f"no form on {path}"
    return found[1]


def send(client: "TestClient", path: str, *, form: str = "/login", **fields: Any) -> Any:
    """Fill in a form and send it, as a browser does from a page of the board; `form` is a page with a form on it."""
    origin = str(client.base_url).rstrip("/")
    headers = {"origin": origin, "sec-fetch-site": "same-origin"}
    return client.post(path, data={"csrf": token_on(client, form), **fields}, headers=headers)


def log_in(client: "TestClient", password: str = PASSWORD, **fields: str) -> Any:
    return send(client, "/login", password=password, **fields)
