"""MAX and VK: what is sent, and what each answer means, over loopback."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from labelwatch.channels import check_url
from labelwatch.channels.base import (
    Ambiguous,
    BadMessage,
    Delivered,
    OutgoingMessage,
    Permanent,
    RateLimited,
    Result,
    Retry,
)
from labelwatch.messages.render import Layout, render
from tests.support.alert_builders import NOW, destination, told
from tests.support.chat_bots import PARCEL, about_hostile_product, asked, error_of
from tests.support.http_server import Act, answer, hang_up

TOKEN = "f9LHod-D0c_OL"
MAX, VK = f"max://{TOKEN}/-70000123", f"vk://vk1.a.{TOKEN}/2000000001"


@pytest.mark.parametrize(
    ("url", "act", "expected"),
    [
        (MAX, answer(200, '{"message": {"body": {"mid": "mid.7", "text": "x"}}}'), Delivered("message mid.7", True)),
        (MAX, answer(200, '{"message": {}}'), Ambiguous),
        (MAX, answer(200, '{"message": []}'), Ambiguous),
        (MAX, answer(401, '{"code": "verify.token", "message": "Invalid access_token"}'), Permanent),
        (MAX, answer(403, '{"code": "chat.denied", "message": "no"}'), Permanent),
        (MAX, answer(404, '{"code": "not.found"}'), Permanent),
        (MAX, answer(400, '{"code": "proto.payload"}'), BadMessage),
        (MAX, answer(429, "{}"), RateLimited),
        (MAX, answer(503, "{}"), Retry),
        (MAX, hang_up, Ambiguous),
        (VK, answer(200, '{"response": 7}'), Delivered("message 7", True)),
        (VK, answer(200, '{"error": {"error_code": 5, "error_msg": "User authorization failed"}}'), Permanent),
        (VK, answer(200, '{"error": {"error_code": 6, "error_msg": "Too many requests per second"}}'), RateLimited),
        (VK, answer(200, '{"error": {"error_code": 901, "error_msg": "no permission"}}'), Permanent),
        (VK, answer(200, '{"error": {"error_code": 914, "error_msg": "too long"}}'), BadMessage),
        (VK, answer(200, '{"error": {"error_code": 10, "error_msg": "Internal server error"}}'), Retry),
        (VK, answer(200, '{"error": {"error_code": "x"}}'), Retry),
        (VK, answer(200, '{"error": {"error_code": true}}'), Retry),
        (VK, answer(404, "{}"), Permanent),
        (VK, answer(403, '{"response": 7}'), Permanent),
        (VK, answer(200, '{"response": true}'), Ambiguous),
        (VK, answer(200, "<html>"), Retry),
    ],
)
def test_the_answer_decides(url: str, act: Act, expected: Result | type[Result]) -> None:
    result, _ = asked(url, act)
    if isinstance(expected, type):
        assert isinstance(result, expected)
    else:
        assert result == expected


def test_max_gets_the_token_in_a_header_and_the_text_as_json() -> None:
    _, request = asked(MAX, answer(200), outgoing=replace(PARCEL, quiet=True))
    assert request.line == "POST /messages?chat_id=-70000123 HTTP/1.1"
    assert request.headers["authorization"] == TOKEN
    assert request.json == {"text": f"{PARCEL.message.title}\n\n{PARCEL.message.body}", "notify": False}


def test_vk_gets_the_same_random_id_for_every_retry() -> None:
    sent = [
        form(asked(VK, answer(200), outgoing=one)[1].body) for one in (PARCEL, PARCEL, replace(PARCEL, key="1" * 32))
    ]
    assert sent[0] == sent[1]
    assert sent[0]["random_id"] != sent[2]["random_id"]
    assert 0 < int(sent[0]["random_id"]) < 2**31
    assert (sent[0]["peer_id"], sent[0]["access_token"]) == ("2000000001", f"vk1.a.{TOKEN}")
    assert PARCEL.message.title in sent[0]["message"]


@pytest.mark.parametrize("url", [MAX, VK])
def test_nothing_that_others_wrote_breaks_the_request_or_its_limit(url: str) -> None:
    _, request = asked(url, answer(200), outgoing=about_hostile_product(4000))
    text = request.json["text"] if url == MAX else form(request.body)["message"]
    assert 100 < len(text) <= 4000


@pytest.mark.parametrize("url", [MAX, VK])
def test_no_token_stands_in_an_error(url: str) -> None:
    body = f'{{"message": "bad {TOKEN}", "error": {{"error_code": 5, "error_msg": "bad vk1.a.{TOKEN}"}}}}'
    result, _ = asked(url, answer(401 if url == MAX else 200, body))
    assert TOKEN not in error_of(result) + repr(result)


@pytest.mark.parametrize("url", [MAX, VK, f"max://{TOKEN}/12"])
def test_a_whole_url_is_understood(url: str) -> None:
    assert check_url(url) is None


@pytest.mark.parametrize("url", [f"max://{TOKEN}", f"vk://{TOKEN}/name", f"max://{TOKEN}/1/2"])
def test_a_url_without_the_number_of_a_chat_is_refused(url: str) -> None:
    assert "names no chat" in (check_url(url) or "")


def test_a_message_about_a_posting_fits() -> None:
    message = render([told()], destination("ru"), now=NOW, layout=Layout())
    result, request = asked(
        MAX, answer(200, '{"message": {"body": {"mid": "1"}}}'), outgoing=OutgoingMessage(message, [], "k")
    )
    assert isinstance(result, Delivered)
    assert message.title in request.json["text"]


def form(body: bytes) -> dict[str, Any]:
    return {key: values[0] for key, values in parse_qs(body.decode()).items()}
