"""Whatever is asked of the board, by whomever: a page, a refusal, and never a fault of ours or a word too much."""

import re
from typing import Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.app import App
from labelwatch.delivery import action_links
from labelwatch.web.auth import board_auth
from labelwatch.web.auth.board_auth import new_secret
from tests.fuzz.mangle import damaged
from tests.support.alert_builders import NOW
from tests.support.examples import examples
from tests.web.asking import LOCKED, browser, token_on
from tests.web.build import ADDRESS, LATE, Board
from tests.web.conftest import app, board, hands

__all__ = ["app", "board", "hands"]

ONE = f"/posting/{LATE}"
PATHS = ("/", ONE, "/shops", "/channels", "/incidents", "/plots", "/causes", "/login", "/healthz", "/metrics")
FORMS = (f"{ONE}/ack", f"{ONE}/snooze", f"{ONE}/judge", "/channels/retry", "/login", "/logout")
KEYS = ("shop", "cause", "severity", "hands", "channel", "lang", "wall", "days", "carrier", "next", "page", "id", "x")
FIELDS = ("csrf", "by", "note", "span", "really", "shop", "id", "channel", "password", "x")
NEXT = ("/shops", "//evil.example", "http://evil.example", "/\\evil.example", "\t//evil.example")
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(("", "main", "1h", "morning", "9" * 30, "-1", "zh", "//evil.example", "\u202e", "\x00")),
    st.sampled_from(("<script>", "'; DROP TABLE alert; --", "%2e%2e", "packers", "label_overdue", "5", "1" * 5000)),
)
TAILS = st.one_of(
    st.just(""),
    st.text(max_size=10).map(lambda text: quote(f"/{text}")),
    st.binary(max_size=6).map(lambda raw: "/" + quote_from_bytes(raw)),
    st.sampled_from(("/../..", "/%2e%2e/%2e%2e/etc/passwd", "//", "/%00", "/" + "a" * 3000)),
)
COOKIES = ("labelwatch_session", "labelwatch_visit", "labelwatch_flash", "labelwatch_who", "language", "x")
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
STRANGE = st.fixed_dictionaries(
    {},
    optional={
        "accept-language": HEADER | st.just("zh;q=9e999, ru;q=nan"),
        "origin": HEADER | st.just("http://127.0.0.1:8765"),
        "sec-fetch-site": st.sampled_from(("same-origin", "cross-site", "none", "x")),
        "referer": HEADER,
        "authorization": HEADER | st.sampled_from(("Basic !!!", "Bearer", "Basic gICA")),
        "content-type": st.sampled_from(("application/json", "application/x-www-form-urlencoded; charset=utf-7", "")),
        "range": st.just("bytes=9-1"),
    },
)


def check_answer(answer: Any, *secrets: str) -> None:
    is_told_health = answer.url.path == "/healthz" and answer.status_code == 503
    assert answer.status_code < 500 or is_told_health, answer.text[:300]
    assert "Traceback" not in answer.text
    assert all(secret not in answer.text for secret in secrets if secret)
    assert answer.headers["x-content-type-options"] == "nosniff"


def secrets_of(app: App) -> tuple[str, ...]:
    return app.store.tokens.secret(action_links.SECRET, new_secret), app.store.tokens.secret(
        board_auth.SECRET, new_secret
    )


@pytest.mark.fault("D16", "K3")
@pytest.mark.parametrize("is_locked", [False, True], ids=["open", "locked"])
def test_any_address_with_any_query_and_cookies_is_answered(board: Board, is_locked: bool) -> None:
    client, secrets = browser(board.app, LOCKED) if is_locked else board.client, secrets_of(board.app)

    @examples(15)
    @given(
        st.sampled_from((*PATHS, "/a", "/static", "/posting", "")),
        TAILS,
        st.dictionaries(st.sampled_from(KEYS), WORDS, max_size=3),
        st.dictionaries(st.sampled_from(COOKIES), HEADER, max_size=2),
        STRANGE,
    )
    def check(path: str, tail: str, query: dict[str, str], cookies: dict[str, str], headers: dict[str, str]) -> None:
        carried = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        to = f"{path}{tail}" or "/"
        answer = client.get(to, params=query, headers=headers | carried, follow_redirects=False)
        check_answer(answer, *secrets)
        if is_locked and not path.startswith("/static"):
            assert LATE not in answer.text or LATE in to + "".join(query.values())

    check()


@pytest.mark.fault("D16", "K3")
def test_any_form_does_what_it_says_or_is_refused(board: Board) -> None:
    token, secrets = token_on(board.client, f"/posting/{LATE}"), secrets_of(board.app)
    ours = {"origin": ADDRESS, "sec-fetch-site": "same-origin"}

    @examples(12)
    @given(
        st.sampled_from(FORMS),
        st.dictionaries(st.sampled_from(FIELDS), WORDS, max_size=3),
        st.sampled_from(NEXT) | WORDS,
        st.integers(0, 5),
        STRANGE,
    )
    def check(path: str, fields: dict[str, str], to: str, how: int, headers: dict[str, str]) -> None:
        sent = {**headers, **ours} if how else headers
        sent.pop("content-type", None) if how > 1 else None
        data = fields | {"next": to} | ({"csrf": token} if how > 1 else {})
        answer = board.client.post(path, data=data, headers=sent, follow_redirects=False)
        check_answer(answer, *secrets)
        assert re.match(r"/(?![/\\])", answer.headers.get("location", "/"))
        assert how > 1 or answer.status_code in (400, 403, 415) or fields.get("csrf") == token

    check()


def test_a_signed_link_with_anything_wrong_in_it_does_nothing(board: Board) -> None:
    links = action_links.Links(ADDRESS, secrets_of(board.app)[0]).links_of("0" * 32, now=NOW)
    good = links["ack"].rpartition("/")[2].encode()
    before = board.app.store.alerts.find()

    @examples(15)
    @given(damaged(good) | st.binary(max_size=40), st.booleans())
    def check(token: bytes, is_confirmed: bool) -> None:
        to = f"/a/{quote_from_bytes(token, safe='')}"
        answer = board.client.post(to, headers={"origin": ADDRESS}, data={}) if is_confirmed else board.client.get(to)
        check_answer(answer)
        assert answer.status_code in (200, 400, 403, 404, 405, 410, 415)

    check()
    assert board.app.store.alerts.find() == before
