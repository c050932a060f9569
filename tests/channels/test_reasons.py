"""What channels say of a failure is said in every language, and the service's own words stay as they are."""

import ast
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import labelwatch
from labelwatch.channels import open_channel
from labelwatch.channels.base import Ambiguous, Permanent
from labelwatch.channels.chat_bots import ResponseFormat, dingtalk, feishu, wecom
from labelwatch.channels.email.smtp import Stage
from labelwatch.channels.http import Answer, HttpOptions, exchange
from labelwatch.channels.telegram.api import _FINAL, Refusal, meaning
from labelwatch.channels.verify import checked
from labelwatch.core.text import Text
from labelwatch.i18n import sentences, translate

ROBOTS = [wecom._DIALECT, dingtalk._DIALECT, feishu._DIALECT]
WORDS = ["", "keyword", "invalid timestamp", "sign not match", "whitelist", "token is not exist"]
HERE = Path(labelwatch.__file__).parent


def constants(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_reason_is_given_somewhere() -> None:
    folders = ("channels", "delivery", "net", "setup", "store")
    said = {text for folder in folders for file in (HERE / folder).rglob("*.py") for text in constants(file)}
    made = {f"{what}_{how}" for what in ("proxy", "server") for how in ("open", "closed")}
    made |= {f"certs_{what}" for what in ("unreadable", "directory", "none")} | {"connect_proxy", "no_way_proxy"}
    assert set(sentences("en", "channels")) - said - made == set()


@pytest.mark.parametrize("dialect", ROBOTS, ids=["WeCom", "DingTalk", "Feishu"])
def test_what_a_robot_wants_changed_quotes_it(dialect: ResponseFormat) -> None:
    for heard in WORDS:
        said = Text("robot_code", {"number": 1, "raw": heard})
        for result in (means(said) for means in dialect.meanings.values()):
            if isinstance(result, Permanent):
                assert f"原文：code 1 {heard}" in translate(result.error, "zh")


@pytest.mark.parametrize(("code", "part"), [(code, part) for code, part, _ in _FINAL])
def test_what_telegram_wants_changed_quotes_it(code: int, part: str) -> None:
    said = meaning(Refusal(code, f"Bad Request: {part}")).error
    assert translate(said, "zh").endswith(f"（Telegram 返回 {code}，原文：Bad Request: {part}）")
    assert f"Telegram: {code} «Bad Request: {part}»" in translate(said, "ru")


@pytest.mark.parametrize("stage", list(Stage))
def test_every_refusal_of_a_mail_server_quotes_it(stage: Stage) -> None:
    assert "535 wrong" in translate(Text(stage, {"raw": "535 wrong"}), "zh")


def test_a_closed_port_and_a_silent_server_are_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        silence = exchange(HttpOptions(timedelta(seconds=0.2)), "GET", f"http://127.0.0.1:{port}/")
    refused = exchange(HttpOptions(timedelta(seconds=5)), "GET", f"http://127.0.0.1:{port}/")
    assert isinstance(silence, Ambiguous)
    assert translate(silence.error, "zh") == "0.2 秒内没有回答"
    assert not isinstance(refused, Answer)
    assert translate(refused.error, "zh") == "连不上：对方拒绝连接，检查地址和端口"
    found = checked(open_channel(f"json://127.0.0.1:{port}/"))
    assert translate(found.said, "zh") == f"连不上 127.0.0.1（端口 {port}）：对方拒绝连接，检查地址和端口"


def test_words_that_are_not_ours_are_quoted_and_those_of_an_earlier_version_stay() -> None:
    assert translate(Text("foreign", {"raw": "Этикетка формируется"}), "zh") == "原文：Этикетка формируется"
    assert translate(Text("as_is", {"text": "HTTP 500"}), "ru") == translate("HTTP 500", "ru") == "HTTP 500"
