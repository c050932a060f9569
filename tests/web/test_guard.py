"""Nobody sees or does anything at the board who may not, whatever they send."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from starlette.routing import Route

from labelwatch.app import App
from labelwatch.web.application import create
from labelwatch.web.auth.board_auth import board_auth as create_auth
from labelwatch.web.auth.guard import LARGEST_BODY
from labelwatch.web.auth.password import FEW
from labelwatch.web.auth.signed_cookies import A_YEAR, ENTRY_LASTS, SESSION_LASTS
from tests.web.asking import LOCKED, PASSWORD, PUBLIC, browser, log_in, send, token_on
from tests.web.build import ADDRESS, LATE, NASTY, SOON, TAKEN, WEB, Board, Hands, furnish

if TYPE_CHECKING:
    from starlette.testclient import TestClient

SESSION = "labelwatch_session"


@pytest.fixture
def locked(app: App) -> "Iterator[TestClient]":
    """A board that wants a password, and somebody who has not given it."""
    furnish(app.store)
    with browser(app) as client:
        yield client


@pytest.fixture
def anna(locked: "TestClient") -> "TestClient":
    """Somebody who has."""
    assert log_in(locked).status_code == 303
    return locked


def paths(app: App, method: str) -> list[str]:
    """An address for every route of the board that takes this method."""
    routes = [route for route in create(app, LOCKED).routes if isinstance(route, Route)]
    return [
        route.path.replace("{number:path}", LATE).replace("{number}", LATE).replace("{token}", "x")
        for route in routes
        if method in (route.methods or ())
    ]


OPEN = {"/login", "/enter", "/a/x", "/healthz", "/livez", "/readyz", "/metrics"}


def test_without_the_password_every_page_leads_to_the_login_and_shows_nothing(locked: "TestClient", app: App) -> None:
    asked = [path for path in paths(app, "GET") if path not in OPEN]
    assert "/" in asked
    for path in asked:
        answer = locked.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login?next=%2F"), path
        assert answer.text == ""


def test_what_is_open_to_strangers_names_no_shop_and_no_posting(locked: "TestClient") -> None:
    for path in (*OPEN, "/login?next=/posting/x", "/nowhere", "/a/"):
        text = locked.get(path).text
        for name in ("main: ", "north", "packers", LATE):
            assert name not in text, path


def test_without_the_password_nothing_can_be_done(locked: "TestClient", app: App) -> None:
    for path in paths(app, "POST"):
        if path in ("/login", "/a/x"):
            continue
        assert send(locked, path, by="Eve").status_code == 401, path
    assert all(one.handled_by != "Eve" for one in app.store.alerts.find())


def test_the_right_password_opens_the_page_that_was_asked_for(locked: "TestClient") -> None:
    answer = log_in(locked, next="/?shop=main")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?shop=main")
    assert LATE in locked.get("/").text
    assert locked.get("/login").status_code == 303


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb"])
def test_a_login_never_leads_elsewhere(locked: "TestClient", to: str) -> None:
    assert log_in(locked, next=to).headers["location"] == "/"


def test_a_wrong_password_opens_nothing_and_soon_one_must_wait(locked: "TestClient") -> None:
    for _ in range(FEW - 1):
        answer = log_in(locked, "guess")
        assert answer.status_code == 403
        assert "That is not the password." in answer.text
    log_in(locked, "guess")
    answer = log_in(locked)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 15 * 60
    assert "15 min" in answer.text
    assert SESSION not in locked.cookies


def test_the_cookie_of_a_session_is_for_this_site_alone_and_no_script_can_read_it(locked: "TestClient") -> None:
    cookies = log_in(locked).headers.get_list("set-cookie")
    (session,) = [one for one in cookies if one.startswith(SESSION)]
    assert "HttpOnly" in session
    assert "SameSite=strict" in session
    assert "Path=/" in session
    assert "Domain" not in session
    assert "Secure" not in session
    assert all("HttpOnly" in one for one in cookies)


def test_in_public_cookies_travel_over_tls_only(app: App) -> None:
    with browser(app, replace(LOCKED, public_url=PUBLIC), at=PUBLIC) as client:
        cookies = log_in(client).headers.get_list("set-cookie")
    assert len(cookies) >= 2
    assert all("Secure" in one for one in cookies)


def test_a_session_begins_anew_with_each_login(locked: "TestClient") -> None:
    log_in(locked)
    first = locked.cookies[SESSION]
    locked.cookies.delete(SESSION)
    log_in(locked)
    assert locked.cookies[SESSION] != first


def test_after_logging_out_a_copy_of_the_cookie_is_worth_nothing(anna: "TestClient") -> None:
    stolen = anna.cookies[SESSION]
    assert send(anna, "/logout", form="/").headers["location"] == "/login"
    assert SESSION not in anna.cookies
    anna.cookies.set(SESSION, stolen)
    assert anna.get("/").status_code == 303


def test_a_session_ends_by_itself(anna: "TestClient", hands: Hands) -> None:
    hands.at += SESSION_LASTS - timedelta(minutes=1)
    assert anna.get("/").status_code == 200
    hands.at += timedelta(minutes=1)
    assert anna.get("/").status_code == 303


def test_sessions_outlive_a_restart_but_not_another_password(anna: "TestClient", app: App) -> None:
    sealed = anna.cookies[SESSION]
    for settings, status in ((LOCKED, 200), (replace(LOCKED, password=SecretStr("another one")), 303)):
        with browser(app, settings) as client:
            client.cookies.set(SESSION, sealed)
            assert client.get("/").status_code == status


def test_a_browser_is_known_for_a_year_and_by_one_password(anna: "TestClient", app: App, hands: Hands) -> None:
    """Each one that is known has tries of its own, whatever strangers do: with another password they begin anew."""
    visit = anna.cookies["labelwatch_visit"]
    seals = create_auth(app, LOCKED).cookies
    assert seals.opened_visit(visit, hands.at).is_known
    assert (
        not create_auth(app, replace(LOCKED, password=SecretStr("another")))
        .cookies.opened_visit(visit, hands.at)
        .is_known
    )
    assert not seals.opened_visit(visit, hands.at + A_YEAR).is_known


def test_an_altered_cookie_is_no_session(anna: "TestClient") -> None:
    sealed = anna.cookies[SESSION]
    for bad in (sealed[:-1], sealed[1:], sealed.replace(".", ".."), "x", "", sealed + "x"):
        anna.cookies.set(SESSION, bad, domain="127.0.0.1")
        anna.cookies.clear()
        anna.cookies.set(SESSION, bad)
        assert anna.get("/").status_code == 303, bad


def test_a_visit_is_no_session(locked: "TestClient") -> None:
    locked.get("/login")
    locked.cookies.set(SESSION, locked.cookies["labelwatch_visit"])
    assert locked.get("/").status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "localhost:x"])
def test_a_foreign_host_is_refused_even_without_a_password(board: Board, host: str) -> None:
    for path in ("/", "/healthz", "/metrics", "/static/board.css", "/login"):
        answer = board.client.get(path, headers={"host": host})
        assert answer.status_code == 421, path
        assert LATE not in answer.text


def test_who_comes_under_a_foreign_name_is_told_what_to_do_in_their_language(board: Board) -> None:
    answer = board.client.get("/", headers={"host": "watch.lan", "accept-language": "zh-CN"})
    assert "public_url" in answer.text
    assert "看板" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_a_board_without_a_password_does_not_answer_through_a_proxy(board: Board, app: App, header: str) -> None:
    answer = board.client.get("/", headers={header: "203.0.113.7"})
    assert answer.status_code == 403
    assert "labelwatch password" in answer.text
    with browser(app) as locked:
        assert locked.get("/login", headers={header: "203.0.113.7"}).status_code == 200


def test_while_the_database_is_away_nobody_is_let_in(anna: "TestClient", tmp_path: Path) -> None:
    for file in tmp_path.glob("labelwatch.db*"):
        file.write_bytes(b"no database at all" * 1000)
    answer = anna.get("/")
    assert answer.status_code == 503
    assert "database" in answer.text


FOREIGN: list[dict[str, str]] = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(board: Board, headers: dict[str, str]) -> None:
    token = token_on(board.client, f"/posting/{LATE}")
    data = {"csrf": token, "by": "Eve"}
    answer = board.client.post(f"/posting/{LATE}/ack", data=data, headers=headers, follow_redirects=False)
    assert answer.status_code == 403
    assert by_whom(board.app) != "Eve"


@pytest.mark.parametrize("token", [None, "", "x", "токен"])
def test_a_form_without_its_token_is_refused(board: Board, token: str | None) -> None:
    data = {"by": "Eve"} | ({"csrf": token} if token is not None else {})
    answer = board.client.post(f"/posting/{LATE}/ack", data=data, follow_redirects=False)
    assert answer.status_code == 403
    assert "once more" in answer.text
    assert by_whom(board.app) != "Eve"


def test_the_token_of_one_browser_is_worth_nothing_in_another(app: App, anna: "TestClient") -> None:
    token = token_on(anna, f"/posting/{LATE}")
    with browser(app) as other:
        log_in(other)
        assert other.post(f"/posting/{LATE}/ack", data={"csrf": token}).status_code == 403


def test_a_login_from_elsewhere_is_refused(locked: "TestClient") -> None:
    assert locked.post("/login", data={"password": PASSWORD}).status_code == 403
    assert SESSION not in locked.cookies


def by_whom(app: App) -> str:
    (details,) = app.queries.posting_details(LATE)
    return details.alerts[-1].handled_by


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_not_taken(board: Board, method: str) -> None:
    answer = board.client.request(method, "/")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


BODIES: list[tuple[bytes, str, int]] = [
    (b"csrf=" + b"x" * LARGEST_BODY, "application/x-www-form-urlencoded", 413),
    (b"a=1&" * 5000, "application/x-www-form-urlencoded", 400),
    (b"by=%ff", "application/x-www-form-urlencoded", 400),
    (b"by=%00", "application/x-www-form-urlencoded", 400),
    (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
    (b'{"csrf": "x"}', "application/json", 415),
    (b"csrf=x", "text/plain", 415),
    (b'--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\nx\r\n--x--', "multipart/form-data; boundary=x", 415),
]


@pytest.mark.parametrize(("body", "kind", "status"), BODIES)
def test_what_is_no_plain_form_is_not_read(board: Board, body: bytes, kind: str, status: int) -> None:
    answer = board.client.post(f"/posting/{LATE}/ack", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_a_body_in_pieces_is_bounded_as_well(board: Board) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 4096

    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert board.client.post("/channels/retry", content=pieces(), headers=headers).status_code == 413


PAGES = ["/", "/login", "/nowhere", f"/posting/{LATE}", "/healthz", "/metrics", "/static/board.css", "/a/x"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_says_what_a_browser_may_do_with_it(board: Board, path: str) -> None:
    headers = board.client.get(path, follow_redirects=False).headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


@pytest.mark.fault("D16")
def test_a_script_in_a_name_is_shown_and_not_run(board: Board) -> None:
    form = f"/posting/{LATE}"
    answer = send(board.client, f"/posting/{LATE}/ack", form=form, by=NASTY, note=NASTY, next=f"/posting/{LATE}")
    assert answer.status_code == 200
    for path in ("/", f"/posting/{LATE}", f"/?shop={NASTY}", f"/posting/{NASTY}", f"/login?next=/{NASTY}"):
        assert "<script>" not in board.client.get(path).text.replace("<script src=", "")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../page.py",
        "/static/%2e%2e/page.py",
        "/static/..%2f..%2fguard.py",
        "/static//etc/passwd",
        "/static/....//page.py",
        "/static/%00",
        "/static/",
        "/static/../templates/base.html",
    ],
)
def test_the_files_of_the_board_are_all_that_is_served(board: Board, path: str) -> None:
    answer = board.client.get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["Anna\r\nSet-Cookie: x=1", "Анна", "安娜", 'a"; Path=/; x="', "x" * 500])
def test_a_name_that_is_remembered_adds_no_header(board: Board, name: str) -> None:
    form = f"/posting/{LATE}"
    headers = {"origin": ADDRESS}
    data = {"csrf": token_on(board.client, form), "by": name}
    answer: Any = board.client.post(f"/posting/{LATE}/ack", data=data, headers=headers, follow_redirects=False)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("labelwatch_who=")]
    assert cookie.count("Path=") == 1
    assert "x=1" not in cookie
    assert len(by_whom(board.app)) <= 40


def test_who_follows_a_link_from_elsewhere_is_asked_again_by_ourselves(locked: "TestClient") -> None:
    """A strict cookie is not sent with the first request then; with the second it is."""
    answer = locked.get("/posting/x?y=1", headers={"sec-fetch-site": "cross-site"})
    assert answer.headers["refresh"] == "0; url=/posting/x?y=1"
    assert "<body" not in answer.text
    for path, to in (("//evil.example/", "/"), ("/x%0d%0ay", "/x%0D%0Ay"), ("/x%5c", "/x%5C")):
        evil = locked.get(f"{ADDRESS}{path}", headers={"sec-fetch-site": "cross-site"})
        assert evil.headers["refresh"] == f"0; url={to}"


PAGES_AND_ACTS = ["/", f"/posting/{LATE}", "/shops", "/channels", "/incidents", "/plots", "/causes", "/late", "/x"]
NGINX = {"host": "127.0.0.1:8765", "connection": "close"}
"""What nginx sends on without being told more, whoever asks: no word of the stranger, and our own name."""


@pytest.mark.parametrize("path", PAGES_AND_ACTS)
def test_a_stranger_behind_a_plain_proxy_sees_nothing_of_a_board_without_a_password(
    app: App, board: Board, path: str
) -> None:
    with browser(app, WEB) as stranger:
        answer = stranger.get(path, headers=NGINX, follow_redirects=True)
        assert answer.status_code == 403
        assert "labelwatch board" in answer.text
        for word in (TAKEN, SOON, *(f">{shop.name}<" for shop in app.config.shops)):
            assert word not in answer.text


def test_a_stranger_behind_a_plain_proxy_changes_nothing(app: App, board: Board) -> None:
    before = board.page(f"/posting/{LATE}")
    with browser(app, WEB) as stranger:
        for fields in ({"password": ""}, {"password": "x"}):
            assert stranger.post("/login", data=fields, headers=NGINX).status_code == 403
        for route in create(app, WEB).routes:
            if isinstance(route, Route) and "POST" in (route.methods or ()):
                path = route.path.replace("{number:path}", LATE)
                assert stranger.post(path, data={"by": "x"}, headers=NGINX).status_code in (401, 403, 404, 410)
        assert SESSION not in stranger.cookies
    assert board.page(f"/posting/{LATE}") == before


def test_a_link_opens_a_board_without_a_password_once(app: App, board: Board) -> None:
    link = create_auth(app, WEB).link("")
    with browser(app, WEB) as first, browser(app, WEB) as second:
        assert first.head(link).status_code == 403
        assert first.get(link).headers["location"] == "/"
        assert LATE in first.get("/").text
        assert first.get(link).status_code == 303
        assert second.get(link).status_code == 403
        assert second.get("/", follow_redirects=True).status_code == 403


def test_a_link_is_good_for_a_day_and_cannot_be_made_up(app: App, hands: Hands) -> None:
    late, forged = create_auth(app, WEB).link(""), create_auth(app, WEB).link("")[:-2]
    hands.at += ENTRY_LASTS
    session = create_auth(app, WEB).cookies.session(create_auth(app, WEB).cookies.new_session(hands.at))
    with browser(app, WEB) as client:
        for link in (late, forged, "/enter", "/enter?key=", f"/enter?key={session}"):
            assert client.get(link).status_code == 403


def test_a_link_opens_no_board_with_a_password(app: App) -> None:
    link = create_auth(app, WEB).link("")
    with browser(app, LOCKED) as client:
        assert client.get(link).status_code == 403
    assert create_auth(app, LOCKED).link("http://x") == "http://x"


def test_without_a_password_monitors_are_told_numbers_and_no_names(app: App, board: Board) -> None:
    names = [*(shop.name for shop in app.config.shops), *(channel.name for channel in app.config.channels)]
    with browser(app, WEB) as monitor:
        for path in ("/healthz", "/livez", "/readyz", "/metrics"):
            text = monitor.get(path, headers=NGINX).text
            assert [name for name in names if f'"{name}"' in text] == []
        assert 'labelwatch_shop_interval_seconds{shop="1"}' in monitor.get("/metrics").text
    assert f'shop="{app.config.shops[0].name}"' in board.client.get("/metrics").text


def test_without_a_password_there_is_nothing_to_log_in_to(board: Board) -> None:
    answer = board.client.get("/login", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Log out" not in board.page("/")


def test_a_board_without_a_password_knows_no_sessions_of_one_that_had(app: App, anna: "TestClient") -> None:
    with browser(app, WEB) as client:
        client.cookies.set(SESSION, anna.cookies[SESSION])
        assert client.get("/").status_code == 403
