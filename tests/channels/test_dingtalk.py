"""The DingTalk robot: what the group reads, how it is signed, and what each code of the service means."""

import base64
import hashlib
import hmac
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.channels.base import BadMessage, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.channels.chat_bots.dingtalk_text import markdown
from labelwatch.messages.alert_json import view
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.render import render
from tests.support.alert_builders import NOW, destination, told
from tests.support.chat_bots import LINK, PARCEL, about_hostile_product, asked, error_of, raw_hostile, said
from tests.support.markdown import markup, shown

TOKEN = "a1b2c3d4e5f6"
SECRET = "SECabcdef0123456789"
URL = f"dingtalk://{TOKEN}"
OK = said(errcode=0, errmsg="ok")


def test_the_group_reads_the_title_and_links_to_touch() -> None:
    result, request = asked(URL, OK)
    assert request.line == f"POST /robot/send?access_token={TOKEN} HTTP/1.1"
    assert request.json == {
        "msgtype": "markdown",
        "markdown": {
            "title": "‼️ 先备货 · 41517061-0214-1",
            "text": "**‼️ 先备货 · 41517061-0214-1**\n\n为什么：卖家还没有备货。\n\n"
            f"**怎么做：**  \n打开 [{LINK}]({LINK})，点“备货”。  \n• 41517061-0214-1 · 3 件",
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
    _, quiet = asked(f"{URL}/{phones}", OK, outgoing=replace(PARCEL, quiet=True))
    assert loud.json["at"] == {"atMobiles": numbers, "isAtAll": False}
    assert all(loud.json["markdown"]["text"].count(f"@{number}") == 1 for number in numbers)
    assert quiet.json["at"]["atMobiles"] == []
    assert "@" not in quiet.json["markdown"]["text"]


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


@pytest.mark.parametrize("outgoing", [about_hostile_product(4000), raw_hostile()])
def test_a_hostile_name_mentions_nobody_and_is_no_markup(outgoing: OutgoingMessage) -> None:
    result, request = asked(URL, OK, outgoing=outgoing)
    assert isinstance(result, Delivered)
    assert request.json["msgtype"] == "markdown"
    assert markup(request.json["markdown"]["text"]) <= {"strong", "a https://seller.ozon.ru", "ol"}
    assert request.json["at"] == {"atMobiles": [], "isAtAll": False}
    assert len(request.body) <= 20_000


def test_numbers_and_actions_are_words_to_touch() -> None:
    many = [told(n=n) for n in (1, 2, 3)]
    message = render(many, destination("zh"), now=NOW)
    acts = ("41517061-0214-1", (("我来处理", "https://watch.example.org/a/1x"),))
    message = replace(message, sections=(*message.sections, Section(actions=(acts,))))
    outgoing = OutgoingMessage(message, [view(one.alert, language="zh", now=NOW) for one in many], "0" * 32)
    _, request = asked(URL, OK, outgoing=outgoing)
    text = request.json["markdown"]["text"]
    for number, address in outgoing.cabinet.items():
        assert f"• [{number}]({address}) · " in text
    assert "41517061-0214-1 · [我来处理](https://watch.example.org/a/1x)" in text
    assert shown(text).startswith(message.title)


MARKUP = st.sampled_from(
    [
        *("*", "**", "_", "__", "`", "```", "[", "](", ")", "![", "](https:", "#", "# ", "> ", "- ", "+ ", "1. "),
        *("---", "===", "<b>", "<!--", "&lt;", "\\", "~~", "|", "|-|", "\n", "\n\n", "    ", "\t", " ", "a", "好"),
        *("1", "://", "evil.com"),
    ]
)
WORDS = st.lists(MARKUP | st.text(max_size=4), max_size=12).map("".join)


@given(WORDS, WORDS, WORDS)
def test_no_words_are_markup_wherever_they_stand(one: str, other: str, third: str) -> None:
    section = Section(one, (f"{other}{third}", other), ((third, one), ("41517061-0214-1", other)))
    text = markdown(Message(one, (section,), Kind.INFO), {"41517061-0214-1": "https://seller.ozon.ru/1"})
    assert markup(text) <= {"strong", "a https://seller.ozon.ru", "ol"}
