"""Addresses as people copy them, turned into channels that can be opened."""

import pytest

from labelwatch.channels import check_url, open_channel
from labelwatch.channels.email import Mail
from labelwatch.channels.email.smtp import Tls
from labelwatch.setup import mailbox, robots, telegram

TOKEN = "a1" * 32
UUID = "abcdef12-1234-1234-1234-abcdefabcdef"
WECOM = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={UUID}"
DINGTALK = f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"
FEISHU = f"https://open.feishu.cn/open-apis/bot/v2/hook/{UUID}"
LARK = f"https://open.larksuite.com/open-apis/bot/v2/hook/{UUID}"


@pytest.mark.parametrize(
    ("pasted", "secret", "name", "url"),
    [
        (WECOM, "", "wecom", f"wecombot://{UUID}"),
        (f"  “{WECOM}”\n", "", "wecom", f"wecombot://{UUID}"),
        (DINGTALK, "", "dingtalk", f"dingtalk://{TOKEN}"),
        (DINGTALK, "SEC12ab", "dingtalk", f"dingtalk://SEC12ab@{TOKEN}"),
        (FEISHU, "", "feishu", f"feishu://{UUID}"),
        (FEISHU, "a/b", "feishu", f"feishu://a%2Fb@{UUID}"),
        (LARK, "", "lark", f"lark://{UUID}"),
        ("https://hooks.example.com/x?y=1", "", "json", "jsons://hooks.example.com/x?y=1"),
        ("http://127.0.0.1:8080/x", "", "json", "json://127.0.0.1:8080/x"),
        ("json://127.0.0.1/x", "", "json", "json://127.0.0.1/x"),
    ],
)
def test_an_address_as_copied_becomes_a_channel(pasted: str, secret: str, name: str, url: str) -> None:
    found = robots.address(pasted, secret=secret)
    assert (found.name, found.url) == (name, url)
    assert check_url(found.url) is None


@pytest.mark.parametrize("text", ["", "hello", "://x", "https://", "12:34://x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        robots.address(text)


@pytest.mark.parametrize(
    ("sender", "at", "host", "port", "tls"),
    [
        ("li@qq.com", None, "smtp.qq.com", 465, Tls.AT_ONCE),
        ("li@163.com", None, "smtp.163.com", 465, Tls.AT_ONCE),
        ("anna@yandex.ru", None, "smtp.yandex.ru", 465, Tls.AT_ONCE),
        ("anna@bk.ru", None, "smtp.mail.ru", 465, Tls.AT_ONCE),
        ("a.b@gmail.com", None, "smtp.gmail.com", 465, Tls.AT_ONCE),
        ("me@firm.example", "smtp.firm.example:587", "smtp.firm.example", 587, Tls.REQUIRED),
        ("me@firm.example", "127.0.0.1:25", "127.0.0.1", 25, Tls.REQUIRED),
    ],
)
def test_a_mailbox_is_reached_by_its_provider(sender: str, at: str | None, host: str, port: int, tls: Tls) -> None:
    server = mailbox.server(at) if at else mailbox.server_of(sender)
    assert server is not None
    channel = open_channel(mailbox.mail_url(sender, "p@ss/w:rd &?", "to@shop.test", server))
    assert isinstance(channel, Mail)
    reached = channel.server
    assert (reached.host, reached.port, reached.tls, reached.user) == (host, port, tls, sender)
    assert reached.password == "p@ss/w:rd &?"
    assert channel.envelope.sender.address == sender
    assert channel.envelope.recipient.address == "to@shop.test"


def test_an_unknown_provider_has_to_be_asked_for() -> None:
    assert mailbox.server_of("me@firm.example") is None
    assert mailbox.server("smtp.firm.example") == mailbox.Server("smtp.firm.example", 465)


@pytest.mark.parametrize("text", ["", "me", "me@host", "a b@c.de", "me@c.de>"])
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no mail address"):
        mailbox.mail_address(text)


@pytest.mark.parametrize("text", ["smtp.x:0", "smtp.x:99999", "smtp x", "", "http://x"])
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no server"):
        mailbox.server(text)


def test_a_token_is_found_in_what_botfather_says() -> None:
    token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    assert telegram.token(f"Use this token to access the HTTP API:\n{token}\nKeep it safe") == token
    with pytest.raises(ValueError, match="no token"):
        telegram.token("123456789")


@pytest.mark.parametrize("text", ["4711", "-100222", "@packers", "-100222:7"])
def test_a_chat_is_an_id_a_name_or_a_topic(text: str) -> None:
    assert telegram.chat_address(f" {text} ") == text
    assert check_url(f"tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/{text}") is None


@pytest.mark.parametrize("text", ["", "me", "@a", "--5", "5:x"])
def test_what_is_no_chat_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no chat"):
        telegram.chat_address(text)
