"""The Feishu and Lark robot: what the group reads, how it is signed, and what each code of the service means."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import BadMessage, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.messages.message import Kind, Message, Section
from tests.support.chat_bots import LINK, about_hostile_product, asked, error_of, raw_hostile, said
from tests.support.http_server import Act, answer

TOKEN = "a1b2c3d4-e5f6"
SECRET = "Xyz0123456789"
URL = f"feishu://{TOKEN}"
OK = said(StatusCode=0, StatusMessage="success", code=0, data={}, msg="success")


@pytest.mark.parametrize("scheme", ["feishu", "lark"])
def test_the_group_reads_a_paragraph_for_each_section_with_links_to_touch(scheme: str) -> None:
    result, request = asked(f"{scheme}://{TOKEN}", OK)
    assert request.line == f"POST /open-apis/bot/v2/hook/{TOKEN} HTTP/1.1"
    assert request.json == {
        "msg_type": "post",
        "content": {
            "post": {
                "zh_cn": {
                    "title": "‼️ 先备货 · 41517061-0214-1",
                    "content": [
                        [{"tag": "text", "text": "为什么：卖家还没有备货。\n"}],
                        [
                            {"tag": "text", "text": "怎么做：\n打开 "},
                            {"tag": "a", "text": LINK, "href": LINK},
                            {"tag": "text", "text": "，点“备货”。\n• 41517061-0214-1 · 3 件"},
                        ],
                    ],
                }
            }
        },
    }
    assert result == Delivered("code 0 success", verified=True)


@pytest.mark.parametrize("scheme", ["feishu", "lark"])
def test_a_robot_with_a_secret_gets_a_signature_of_now(scheme: str) -> None:
    _, request = asked(f"{scheme}://{SECRET}@{TOKEN}", OK)
    text = f"{request.json['timestamp']}\n{SECRET}"
    assert abs(int(request.json["timestamp"]) - time.time()) < 60
    assert base64.b64decode(request.json["sign"]) == hmac.new(text.encode(), b"", hashlib.sha256).digest()


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("code", "words", "kind", "what"),
    [
        (11232, "frequency limited psm", RateLimited, "frequency limited"),
        (9499, "too many request", RateLimited, "too many"),
        (9499, "Bad Request", BadMessage, "Bad Request"),
        (19001, "param invalid: incoming webhook access token invalid", Permanent, "put the token of one"),
        (19002, "params error, msg_type need", BadMessage, "msg_type"),
        (19007, "Bot Not Enabled", Permanent, "switch it on"),
        (19021, "sign match fail or timestamp is not within one hour", Permanent, "feishu://SECRET@TOKEN"),
        (19022, "Ip Not Allowed", Permanent, "add its address"),
        (19024, "Key Words Not Found", Permanent, "take the keyword out"),
        (99, "what is this", Retry, "code 99 what is this"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_each_code_means_one_thing_under_either_status(
    status: int, code: int, words: str, kind: type[Result], what: str
) -> None:
    result, _ = asked(URL, answer(status, json.dumps({"code": code, "msg": words, "data": {}})))
    assert isinstance(result, kind)
    assert what in error_of(result)


@pytest.mark.parametrize("act", [said(StatusCode=0, StatusMessage="success"), said(code=0, msg="success")])
def test_either_name_of_the_code_will_do(act: Act) -> None:
    result, _ = asked(URL, act)
    assert result == Delivered("code 0 success", verified=True)


@pytest.mark.parametrize("outgoing", [about_hostile_product(4000), raw_hostile()])
def test_a_hostile_name_stays_text(outgoing: OutgoingMessage) -> None:
    result, request = asked(URL, OK, outgoing=outgoing)
    post = request.json["content"]["post"]["zh_cn"]
    assert isinstance(result, Delivered)
    assert {part["tag"] for paragraph in post["content"] for part in paragraph} <= {"text", "a"}


def test_no_name_in_a_message_becomes_a_link() -> None:
    _, request = asked(URL, OK, outgoing=about_hostile_product(4000))
    post = request.json["content"]["post"]["zh_cn"]
    links = [part["href"] for paragraph in post["content"] for part in paragraph if part["tag"] == "a"]
    assert links
    assert all(link.startswith("https://seller.ozon.ru/") for link in links)


def test_a_full_message_fits_into_what_the_service_takes() -> None:
    limit = open_channel(URL).limit
    lines = tuple("字" * 39 for _ in range(limit.most // 40))
    sections = tuple(Section(lines=lines[n : n + 10]) for n in range(0, len(lines), 10))
    _, request = asked(URL, OK, outgoing=OutgoingMessage(Message("题", sections, Kind.INFO), [], "0" * 32))
    assert len(request.body) <= 20_000
