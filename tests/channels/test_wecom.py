"""The WeCom robot: what the group reads, and what each code of the service means."""

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import BadMessage, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.i18n import LANGUAGES
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.render import Layout, render
from tests.support.alert_builders import NOW, destination, told
from tests.support.chat_bots import LINK, about_hostile_product, asked, error_of, raw_hostile, said

KEY = "693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa"
URL = f"wecombot://{KEY}"
OK = said(errcode=0, errmsg="ok")


def test_the_group_reads_plain_text_under_the_title() -> None:
    result, request = asked(URL, OK)
    assert request.line == f"POST /cgi-bin/webhook/send?key={KEY} HTTP/1.1"
    assert request.json == {
        "msgtype": "text",
        "text": {
            "content": "‼️ 先备货 · 41517061-0214-1\n\n为什么：卖家还没有备货。\n\n"
            f"怎么做：\n打开 {LINK}，点“备货”。\n• 41517061-0214-1 · 3 件"
        },
    }
    assert result == Delivered("code 0 ok", verified=True)


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("code", "words", "kind", "what"),
    [
        (-1, "system busy", Retry, "system busy"),
        (45009, "api freq out of limit", RateLimited, "freq"),
        (45033, "api concurrent out of limit", RateLimited, "concurrent"),
        (93000, "invalid webhook url, hint: [17], from ip: 1.2.3.4", Permanent, "put its key into the channel's URL"),
        (93004, "robot disabled", Permanent, "switch it on"),
        (93008, "not in the group", Permanent, "add it again"),
        (60020, "not allow to access from your ip", Permanent, "trusted addresses"),
        (40058, "text.content exceed max length 2048", BadMessage, "exceed max length"),
        (44004, "empty content", BadMessage, "empty content"),
        (99, "what is this", Retry, "code 99 what is this"),
    ],
)
def test_each_code_means_one_thing(code: int, words: str, kind: type[Result], what: str) -> None:
    result, _ = asked(URL, said(errcode=code, errmsg=words))
    assert isinstance(result, kind)
    assert what in error_of(result)


@pytest.mark.parametrize("outgoing", [about_hostile_product(682), raw_hostile()])
def test_a_hostile_name_neither_mentions_anybody_nor_makes_the_text_too_long(outgoing: OutgoingMessage) -> None:
    result, request = asked(URL, OK, outgoing=outgoing)
    content = request.json["text"]["content"]
    assert isinstance(result, Delivered)
    assert "<@" not in content
    assert len(content.encode()) <= 2048
    assert "mentioned_list" not in request.json["text"]


def test_a_full_message_of_chinese_fits_to_the_last_byte() -> None:
    limit = open_channel(URL).limit
    message = Message("题" * 10, (Section(lines=("字" * 672,)),), Kind.INFO)
    assert limit.letters == 682
    assert limit.beside(*message.sections, title=message.title).most == 0
    _, request = asked(URL, OK, outgoing=OutgoingMessage(message, [], "0" * 32))
    assert request.json["text"]["content"] == f"{message.title}\n\n{message.body}"
    assert len(request.json["text"]["content"].encode()) == 2048


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_uses_the_bytes_there_are_and_ends_with_a_whole_item(language: str) -> None:
    causes = ("not_packed", "registration_declined", "label_overdue", "passport_data_missing", "tracking_missing")
    many = [told(causes[n % len(causes)], n=n) for n in range(1, 60)]
    message = render(many, destination(language), now=NOW, layout=Layout(limit=open_channel(URL).limit))
    _, request = asked(URL, OK, outgoing=OutgoingMessage(message, [], "0" * 32))
    content = request.json["text"]["content"]
    assert content == f"{message.title}\n\n{message.body}"
    assert 1700 < len(content.encode()) <= 2048
    assert "labelwatch late" in message.sections[-1].lines[1]
    assert content.endswith(message.sections[-1].lines[-1])
