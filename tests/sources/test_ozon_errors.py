"""One table: what Ozon answers when it refuses or fails, and the one name each answer gets."""

import json
from typing import Any

import pytest

from labelwatch.sources import Trouble
from labelwatch.sources.ozon.errors import Answer, failure, is_posting_missing, retry_after

SECRET = "2f6d8c1e-secret"
NGINX = b"<html>\r\n<head><title>502 Bad Gateway</title></head></html>"


def refused(status: int, body: bytes | dict[str, Any], **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer("/v1/roles", status, {k.replace("_", "-"): v for k, v in headers.items()}, content, SECRET)


def words(message: str, code: int | str = 7) -> dict[str, Any]:
    return {"code": code, "message": message, "details": []}


def legacy(message: str, code: str = "ACCESS_DENIED") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "data": []}}


TROUBLES: list[tuple[int, bytes | dict[str, Any], Trouble]] = [
    (404, words("Invalid Api-Key, please check the key and try again", 5), Trouble.KEY_REJECTED),
    (403, words("Invalid Api-Key, please contact support"), Trouble.KEY_REJECTED),
    (403, legacy("Invalid Api-Key, please contact support"), Trouble.KEY_REJECTED),
    (401, words("Client-Id and Api-Key headers are required", 16), Trouble.KEY_REJECTED),
    (400, words("Client-Id header value should be positive integer", 3), Trouble.KEY_REJECTED),
    (401, b"", Trouble.KEY_REJECTED),
    (403, words("Api-key is deactivated, use another one or generate a new one"), Trouble.KEY_EXPIRED),
    (403, words("API-KEY has expired"), Trouble.KEY_EXPIRED),
    (403, words("Api-Key is missing a required role for a method"), Trouble.ROLE_MISSING),
    (403, words("permission denied"), Trouble.ROLE_MISSING),
    (403, words("Api-Key is restricted to specific IP addresses"), Trouble.IP_NOT_ALLOWED),
    (403, words("client is blocked", 7), Trouble.ACCOUNT_BLOCKED),
    (403, legacy("Client is blocked"), Trouble.ACCOUNT_BLOCKED),
    (403, words("Offer not signed"), Trouble.OFFER_NOT_SIGNED),
    (404, b"404 page not found\n", Trouble.METHOD_RETIRED),
    (404, b"", Trouble.METHOD_RETIRED),
    (404, words("Not Found", 5), Trouble.METHOD_RETIRED),
    (405, b"", Trouble.METHOD_RETIRED),
    (410, b"", Trouble.METHOD_RETIRED),
    (400, words("method is not allowed"), Trouble.METHOD_RETIRED),
    (400, words("obsolete method cannot be used", 9), Trouble.METHOD_RETIRED),
    (429, words("You have reached request rate limit per second", 8), Trouble.RATE_LIMITED),
    (429, NGINX, Trouble.RATE_LIMITED),
    (403, words("request rate limit exceeded"), Trouble.RATE_LIMITED),
    (500, words("Circle is open", 13), Trouble.OZON_DOWN),
    (400, words("Circle is open", 13), Trouble.OZON_DOWN),
    (500, words("Internal error", 13), Trouble.OZON_DOWN),
    (200, legacy("Internal error", "INTERNAL"), Trouble.OZON_DOWN),
    (502, NGINX, Trouble.OZON_DOWN),
    (200, NGINX, Trouble.OZON_DOWN),
    (404, b"\xef\xbb\xbf\r\n<!doctype html>", Trouble.OZON_DOWN),
    (503, b"", Trouble.OZON_DOWN),
    (408, b"", Trouble.OZON_DOWN),
    (302, b"", Trouble.NOT_UNDERSTOOD),
    (302, NGINX, Trouble.NOT_UNDERSTOOD),
    (400, words("PERIOD_IS_TOO_LONG", 3), Trouble.NOT_UNDERSTOOD),
    (404, legacy("POSTING_NOT_FOUND", "NOT_FOUND_ERROR"), Trouble.NOT_UNDERSTOOD),
    (200, b"{}", Trouble.NOT_UNDERSTOOD),
    (200, b"null", Trouble.NOT_UNDERSTOOD),
    (400, {"error": {}}, Trouble.NOT_UNDERSTOOD),
    (403, b'{"message": {"deep": 1}}', Trouble.NOT_UNDERSTOOD),
    (403, b"\xff\xfe", Trouble.NOT_UNDERSTOOD),
    (403, b'{"a":' + b"[" * 100_000, Trouble.NOT_UNDERSTOOD),
]


@pytest.mark.parametrize(("status", "body", "trouble"), TROUBLES)
def test_an_answer_is_named_by_its_words_first_and_its_status_second(
    status: int, body: bytes | dict[str, Any], trouble: Trouble
) -> None:
    assert failure(refused(status, body)).trouble is trouble


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (
            refused(403, words("Offer not signed"), x_o3_trace_id="7af1"),
            "/v1/roles: HTTP 403: Offer not signed (trace 7af1)",
        ),
        (refused(400, {"code": "BAD_REQUEST"}), "/v1/roles: HTTP 400: BAD_REQUEST"),
        (refused(502, NGINX), "/v1/roles: HTTP 502: a web page instead of data (502 Bad Gateway)"),
        (refused(404, b""), "/v1/roles: HTTP 404"),
        (refused(403, words("one\r\nINFO two\u202e")), "/v1/roles: HTTP 403: one INFO two"),
        (refused(403, words(f"no key {SECRET.upper()} here")), "/v1/roles: HTTP 403: no key *** here"),
        (refused(403, words("x"), x_o3_trace_id=f"0 {SECRET}"), "/v1/roles: HTTP 403: x (trace 0 ***)"),
        (refused(400, words("я" * 500)), "/v1/roles: HTTP 400: " + "я" * 200),
    ],
)
def test_the_detail_quotes_ozon_on_one_line_and_never_the_key(answer: Answer, detail: str) -> None:
    assert failure(answer).detail == detail


def test_a_key_cut_by_the_length_of_the_message_does_not_show_its_beginning() -> None:
    told = failure(refused(403, words("x" * 195 + SECRET))).detail
    assert SECRET[:4] not in told


def test_an_answer_shows_neither_its_body_nor_the_key() -> None:
    shown = repr(refused(200, b'{"customer": "Somebody"}'))
    assert "Somebody" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (legacy("POSTING_NOT_FOUND", "NOT_FOUND_ERROR"), True),
        (words("posting with number 1-2-3 is not found", 5), True),
        (words('Unknown posting number "55200317-0207-4"', 5), True),
        (legacy('Unknown posting number "1-2-3"', "NOT_FOUND_ERROR"), True),
        (words("Invalid Api-Key for posting: not found", 5), False),
        (words("client is blocked", 7), False),
        (words("Invalid Api-Key, please check the key and try again", 5), False),
        (b"404 page not found\n", False),
        (b"", False),
    ],
)
def test_only_words_about_the_posting_mean_that_there_is_no_such_posting(
    body: bytes | dict[str, Any], missing: bool
) -> None:
    assert is_posting_missing(refused(404, body)) is missing


MONDAY = "Mon, 16 Nov 2026 10:00:00 GMT"


@pytest.mark.fault("O1")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Mon, 16 Nov 2026 10:00:20 GMT", "date": MONDAY}, 20.0),
        ({"retry-after": "Mon, 16 Nov 2026 09:00:00 GMT", "date": MONDAY}, 0.0),
        ({"retry-after": "Mon, 16 Nov 2026 10:00:20 GMT"}, None),
        ({"retry-after": "Mon, 16 Nov 2026 10:00:20 GMT", "date": "Mon, 16 Nov 2026 10:00:20 -0000"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_servers_own_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds
