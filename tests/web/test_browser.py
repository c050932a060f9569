"""The board in a real Chromium: every page, language, width and theme; with keys alone, and without JavaScript."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
import uvicorn

from labelwatch.app import App
from labelwatch.config import Address, Web
from labelwatch.i18n import LANGUAGES
from labelwatch.store import open_store
from labelwatch.web.application import create
from labelwatch.web.auth.board_auth import board_auth
from labelwatch.web.auth.guard import SESSION
from tests.web.accessible import COLOURS, violations
from tests.web.build import LATE, TAKEN, WEB, Hands, clock, config, furnish, furnish_beforehand

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.lengthy

PATHS = (
    "/",
    "/?wall",
    f"/posting/{LATE}",
    f"/posting/{TAKEN}",
    "/shops",
    "/channels",
    "/incidents",
    "/plots",
    "/carriers",
    "/reports",
    "/needs",
    "/settings",
    "/causes",
)
SESSIONS: dict[str, str] = {}
"""The address of a board -> the cookie of a browser that has used a link to it."""
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A board on a real socket, with something of everything in it."""
    file = tmp_path_factory.mktemp("browser") / "labelwatch.db"
    shutil.copyfile(sqlite_template, file)
    settings = config()
    with socket.socket() as listening, closing(open_store(f"sqlite:///{file}")) as store:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        store.shops.sync([(shop.name, shop.client_id) for shop in settings.shops])
        furnish(store)
        furnish_beforehand(store)
        with closing(App(settings, store, clock=clock(Hands()), stop=threading.Event())) as app:
            board = create(app, Web(listen=Address("127.0.0.1", port)))
            server = uvicorn.Server(uvicorn.Config(board, log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            while not server.started:
                time.sleep(0.01)
            seals = board_auth(app, WEB).cookies
            address = f"http://127.0.0.1:{port}"
            SESSIONS[address] = seals.session(seals.new_session(app.clock.now()))
            yield address
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Chromium, the system's or Playwright's own; without one these tests are skipped."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        except Error as error:
            if os.environ.get("LABELWATCH_TESTS_REQUIRE") == "1":
                raise
            pytest.skip(f"no Chromium starts here: {error}")
        with chromium:
            yield chromium


@contextmanager
def entered(browser: "Browser", address: str, **how: Any) -> "Iterator[BrowserContext]":
    """A browser that has used a link to the board."""
    with browser.new_context(**how) as context:
        context.add_cookies([{"name": SESSION, "value": SESSIONS[address], "url": address}])
        yield context


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """A phone."""
    with entered(browser, address, viewport={"width": 390, "height": 844}) as context:
        yield context.new_page()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole(address: str, browser: "Browser", language: str) -> None:
    """Nothing wrong on the console, nothing from elsewhere, nothing beyond the edge, nothing that cannot be read."""
    with entered(browser, address) as context:
        page, said, asked, faults = context.new_page(), list[str](), list[str](), list[str]()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        for path in PATHS:
            answer = page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            assert answer is not None
            assert answer.status == 200, path
            assert page.locator("html").get_attribute("lang") == language
            faults += [f"{path} {fault}" for fault in _faults(page, language)]
        assert faults == []
        assert said == []
        assert [url for url in asked if not url.startswith((address, "data:"))] == []


def _faults(page: "Page", language: str) -> Iterator[str]:
    """What is wrong with the open page on a wide screen and on a phone, by day and by night."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            if (beyond := page.evaluate("document.documentElement.scrollWidth")) > width:
                yield f"{width} {theme}: {beyond} wide"
        page.emulate_media(color_scheme="light")
        # On a wide screen the marks are the same in every language, and so are the colours everywhere.
        if width == 390 or language == "en":
            yield from (f"{width}: {fault}" for fault in violations(page))
    if language == "en":
        page.emulate_media(color_scheme="dark")
        yield from (f"dark: {fault}" for fault in violations(page, COLOURS))


@pytest.mark.parametrize(("width", "height"), [(1280, 600), (1920, 1080)])
def test_the_wall_fits_its_screen(address: str, browser: "Browser", width: int, height: int) -> None:
    with entered(browser, address, viewport={"width": width, "height": height}) as context:
        page = context.new_page()
        page.goto(f"{address}/?wall&lang=ru")
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        first = page.locator(".cards > li").first.bounding_box()
        assert first is not None
        assert first["y"] + first["height"] <= height


def test_the_first_thing_the_keys_reach_leads_past_the_menu(address: str, page: "Page") -> None:
    page.goto(f"{address}/?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('main')")


def test_an_alert_can_be_taken_with_keys_alone_and_without_javascript(address: str, browser: "Browser") -> None:
    with entered(browser, address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/posting/{LATE}?lang=en&shop=main")
        page.get_by_label("Your name").first.focus()
        page.keyboard.type("Boris")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert "Boris takes care of it." in page.locator("[role=status]").all_inner_texts()
        assert "Boris is on it" in page.locator("main").inner_text()


def test_an_open_page_shows_news_without_losing_what_is_being_typed(address: str, page: "Page") -> None:
    page.clock.install()
    page.goto(f"{address}/posting/{TAKEN}?lang=en")
    page.evaluate("document.querySelector('h1').textContent = 'stale'")
    name = page.get_by_label("Your name").first
    name.fill("Anna, half typ")
    page.clock.run_for(25_000)
    page.wait_for_timeout(300)
    assert page.locator("h1").inner_text() == "stale"
    name.fill("")
    name.blur()
    page.clock.run_for(25_000)
    page.locator("h1", has_text=TAKEN).wait_for()
    assert page.locator(".lost").is_hidden()


def test_an_open_page_says_when_the_board_cannot_be_reached(address: str, page: "Page") -> None:
    page.clock.install()
    page.goto(f"{address}/?lang=en")
    page.context.set_offline(True)
    page.clock.run_for(25_000)
    page.get_by_text("No connection to the board").wait_for()
    page.context.set_offline(False)
    page.clock.run_for(25_000)
    page.locator(".lost").wait_for(state="hidden")


def test_a_letter_is_copied_with_one_press(address: str, page: "Page") -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/posting/{TAKEN}?lang=en")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert TAKEN in page.evaluate("navigator.clipboard.readText()")
