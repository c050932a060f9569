"""The door of the board in a real Chromium: a password, a link in a message, a link and a form from elsewhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from labelwatch.app import App
from labelwatch.config import Address
from labelwatch.web.server import start
from tests.web import test_browser
from tests.web.accessible import COLOURS, violations
from tests.web.asking import LOCKED, PASSWORD
from tests.web.build import LATE, furnish
from tests.web.test_links import alerts, link, tell

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

chromium = test_browser.browser
POSTING = f"/posting/{LATE}"


@pytest.fixture
def address(app: App) -> Iterator[str]:
    """A board with a password, as it is served."""
    furnish(app.store)
    tell(app.store)
    stop = threading.Event()
    serving = start(app, replace(LOCKED, listen=Address("127.0.0.1", 0)), stop=stop)
    serving.ready.wait(10)
    yield serving.url
    stop.set()
    serving.join()


@contextmanager
def opened(chromium: "Browser", **how: Any) -> "Iterator[Page]":
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en", **how)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def log_in(page: "Page", address: str) -> None:
    page.goto(address + POSTING)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation(url=f"**{POSTING}"):
        page.keyboard.press("Enter")


@contextmanager
def elsewhere(page_of: str) -> Iterator[str]:
    """The address of a foreign site with one page: `localhost` is another site than 127.0.0.1."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page_of.encode())

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_password_opens_the_page_and_a_form_works_and_one_can_leave(
    address: str, chromium: "Browser", app: App, scripts: bool
) -> None:
    with opened(chromium, java_script_enabled=scripts) as page:
        log_in(page, address)
        page.get_by_label("Your name").first.fill("Olga")
        with page.expect_navigation():
            page.get_by_role("button", name="I'll take it").click()
        assert page.locator(".flash").inner_text() == "Olga takes care of it."
        with page.expect_navigation():
            page.get_by_role("button", name="Log out").click()
        page.goto(address + "/")
        assert page.get_by_label("Password").is_visible()


def test_a_link_from_elsewhere_leads_in_who_is_logged_in(address: str, chromium: "Browser") -> None:
    with opened(chromium) as page, elsewhere(f'<a href="{address}{POSTING}">look</a>') as site:
        log_in(page, address)
        page.goto(site)
        page.get_by_text("look").click()
        page.get_by_role("heading", level=1).wait_for()
        assert page.title().startswith(LATE)


def test_a_form_from_elsewhere_does_nothing(address: str, chromium: "Browser", app: App) -> None:
    form = (
        f'<form method="post" action="{address}{POSTING}/ack"><input name="by" value="Eve"><button>go</button></form>'
    )
    with opened(chromium) as page, elsewhere(form) as site:
        log_in(page, address)
        page.goto(site)
        with page.expect_navigation():
            page.get_by_text("go").click()
        assert page.get_by_role("heading", level=1).inner_text() == "Nothing was changed"
    assert all(one.handled_by != "Eve" for one in app.store.alerts.find())


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_link_in_a_message_is_one_tap_and_one_confirmation_once(
    address: str, chromium: "Browser", app: App, scripts: bool
) -> None:
    with opened(chromium, java_script_enabled=scripts) as page:
        page.goto(address + link(app))
        page.get_by_label("Your name").fill("Olga")
        with page.expect_navigation():
            page.get_by_role("button", name="I'll take it: all").click()
        assert page.get_by_role("heading", level=1).inner_text() == "You took it: 2 alerts"
        page.goto(address + link(app))
        assert page.get_by_role("heading", level=1).inner_text() == "This link was used already"
        assert page.get_by_role("button").count() == 0
    assert {one.handled_by for one in alerts(app)} == {"Olga"}


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_the_pages_at_the_door_are_whole(address: str, chromium: "Browser", app: App, language: str) -> None:
    with opened(chromium) as page:
        errors: list[str] = []
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        for path in ("/login", link(app), link(app, "snooze")):
            page.goto(f"{address}{path}?lang={language}")
            page.emulate_media(color_scheme="dark")
            assert violations(page, COLOURS) == []
            page.emulate_media(color_scheme="light")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert violations(page) == []
        assert errors == []
