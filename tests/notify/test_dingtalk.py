"""The DingTalk robot: what the group reads, how it is signed, and what each code of the service means."""

import base64
import hashlib
import hmac
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from labelwatch.notify.channels.outcome import BadMessage, Delivered, Parcel, Permanent, RateLimited, Result, Retry
from tests.notify.robots import LINK, PARCEL, about_hostile_product, asked, error_of, raw_hostile, said

TOKEN = "a1b2c3d4e5f6"
SECRET = "SECabcdef0123456789"
URL = f"dingtalk://{TOKEN}"
OK = said(errcode=0, errmsg="ok")


def test_the_group_reads_plain_text_under_the_title() -> None:
    result, request = asked(URL, OK)
    assert request.line == f"POST /robot/send?access_token={TOKEN} HTTP/1.1"
    assert request.json == {
        "msgtype": "text",
        "text": {
            "content": "‼️ 先备货 · 41517061-0214-1\n\n为什么：卖家还没有备货。\n\n"
            f"怎么做：\n打开 {LINK}，点“备货”。\n• 41517061-0214-1 · 3 件"
        },
        "at": {"atMobiles": [], "isAtAll": False},
    }
    assert result == Delivered("code 0 ok", verified=True)


def test_a_robot_with_a_secret_gets_a_signature_of_now() -> None:
    _, request = asked(f"dingtalk://{SECRET}@{TOKEN}", OK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.line.split(" ")[1]).query).items()}
    text = f"{query['timestamp']}\n{SECRET}"
    expected = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    assert query["access_token"] == TOKEN
    assert abs(int(query["timestamp"]) / 1000 - time.time()) < 60
    assert base64.b64decode(query["sign"]) == expected


@pytest.mark.parametrize("phones", ["13800000000", "13800000000/13900000000"])
def test_who_is_named_in_the_url_is_mentioned_unless_it_is_to_be_quiet(phones: str) -> None:
    numbers = phones.split("/")
    _, loud = asked(f"{URL}/{phones}", OK)
    _, quiet = asked(f"{URL}/{phones}", OK, parcel=replace(PARCEL, quiet=True))
    assert loud.json["at"] == {"atMobiles": numbers, "isAtAll": False}
    assert all(loud.json["text"]["content"].count(f"@{number}") == 1 for number in numbers)
    assert quiet.json["at"]["atMobiles"] == []
    assert "@" not in quiet.json["text"]["content"]


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("code", "words", "kind", "what"),
    [
        (-1, "系统繁忙", Retry, "系统繁忙"),
        (130101, "send too fast, exceed 20 times per minute", RateLimited, "20 times"),
        (410100, "发送速度太快而限流", RateLimited, "限流"),
        (310000, "keywords not in content", Permanent, "take the keyword out"),
        (310000, "错误描述:关键词不匹配", Permanent, "take the keyword out"),
        (310000, "sign not match", Permanent, "dingtalk://SECRET@TOKEN"),
        (310000, "机器人发送签名不匹配；请确认时间戳", Permanent, "dingtalk://SECRET@TOKEN"),
        (310000, "invalid timestamp", Permanent, "set the clock"),
        (310000, "机器人发送签名过期", Permanent, "set the clock"),
        (310000, "ip 1.2.3.4 not in whitelist", Permanent, "add its address"),
        (310000, "something new", Permanent, "look at them in the group"),
        (300005, "token is not exist", Permanent, "put the token of one"),
        (40035, "缺少参数 access_token", Permanent, "put the token of one"),
        (40035, "缺少参数 json", BadMessage, "json"),
        (400102, "robot stopped", Permanent, "switch it on"),
        (400013, "group dissolved", Permanent, "another one"),
        (430102, "inappropriate text", BadMessage, "inappropriate"),
        (99, "what is this", Retry, "code 99 what is this"),
    ],
)
def test_each_code_means_one_thing(code: int, words: str, kind: type[Result], what: str) -> None:
    result, _ = asked(URL, said(errcode=code, errmsg=words))
    assert isinstance(result, kind)
    assert what in error_of(result)


@pytest.mark.parametrize("parcel", [about_hostile_product(4000), raw_hostile()])
def test_a_hostile_name_mentions_nobody_and_is_no_markup(parcel: Parcel) -> None:
    result, request = asked(URL, OK, parcel=parcel)
    assert isinstance(result, Delivered)
    assert request.json["msgtype"] == "text"
    assert request.json["at"] == {"atMobiles": [], "isAtAll": False}
    assert len(request.body) <= 20_000
