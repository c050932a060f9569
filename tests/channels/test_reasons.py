"""What channels say of a failure is said in every language, and the service's own words stay as they are."""

import socket
from datetime import timedelta

import pytest

from labelwatch.channels import open_channel
from labelwatch.channels.base import Ambiguous, Permanent
from labelwatch.channels.chat_bots import ResponseFormat, dingtalk, feishu, wecom
from labelwatch.channels.email.smtp import Stage
from labelwatch.channels.http import Answer, HttpOptions, exchange, judged
from labelwatch.channels.telegram.api import _FINAL, Refusal, meaning
from labelwatch.channels.verify import checked
from labelwatch.messages.channel_errors import known, phrases, spoken

ROBOTS = [wecom._DIALECT, dingtalk._DIALECT, feishu._DIALECT]
WORDS = ["", "keyword", "invalid timestamp", "sign not match", "whitelist", "token is not exist"]
IDS = ["WeCom", "DingTalk", "Feishu"]


@pytest.mark.parametrize("dialect", ROBOTS, ids=IDS)
def test_what_a_robot_wants_changed_is_known(dialect: ResponseFormat) -> None:
    for heard in WORDS:
        results = [meaning(f"code 1 {heard}") for meaning in dialect.meanings.values()]
        for error in (result.error for result in results if isinstance(result, Permanent)):
            assert error != spoken(error, "zh")
            assert "原文：code 1" in spoken(error, "zh"), error


@pytest.mark.parametrize(("code", "part"), [(code, part) for code, part, _ in _FINAL])
def test_what_telegram_wants_changed_is_known(code: int, part: str) -> None:
    said = meaning(Refusal(code, f"Bad Request: {part}")).error
    assert (known(said, "zh") or "").endswith(f"（Telegram 返回 {code}，原文：Bad Request: {part}）")
    assert f"Telegram: {code} «Bad Request: {part}»" in (known(said, "ru") or "")


@pytest.mark.parametrize("stage", list(Stage))
def test_every_refusal_of_a_mail_server_is_known(stage: Stage) -> None:
    assert "535 wrong" in (known(f"{stage}: 535 wrong", "zh") or "")


@pytest.mark.parametrize("status", [302, 407, 500])
def test_a_status_that_is_the_same_everywhere_is_known(status: int) -> None:
    failure = judged(Answer(status, {}, b"", "sorry"))
    assert failure is not None
    assert str(status) in (known(failure.error, "zh") or "")


def test_a_closed_port_and_a_silent_server_are_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        silence = exchange(HttpOptions(timedelta(seconds=0.2)), "GET", f"http://127.0.0.1:{port}/")
    refused = exchange(HttpOptions(timedelta(seconds=5)), "GET", f"http://127.0.0.1:{port}/")
    assert isinstance(silence, Ambiguous)
    assert spoken(silence.error, "zh") == "0.2 秒内没有回答"
    assert not isinstance(refused, Answer)
    assert spoken(refused.error, "zh") == "连不上：对方拒绝连接，检查地址和端口"
    found = checked(open_channel(f"json://127.0.0.1:{port}/"))
    assert spoken(found.said, "zh") == f"连不上 127.0.0.1（端口 {port}）：对方拒绝连接，检查地址和端口"


def test_words_that_are_not_ours_are_quoted_and_english_stays() -> None:
    assert spoken("Этикетка формируется", "zh") == "原文：Этикетка формируется"
    assert spoken("the service did not take it", "en") == "the service did not take it"
    assert spoken("", "zh") == ""


def test_what_an_earlier_version_stored_is_still_translated() -> None:
    superseded = "overtaken: a newer telling replaces it, or it was over before this channel was told"
    assert spoken(superseded, "zh") == phrases("zh")["superseded"]
    assert spoken("the certificate of mail.example does not hold: expired", "ru") == phrases("ru")[
        "mail_certificate"
    ].format(host="mail.example", raw="expired")
