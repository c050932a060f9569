"""Every command speaks the language of the configuration, with no English beside it; JSON stays as it is."""

import re
from pathlib import Path

import pytest

import labelwatch.cli
from labelwatch.cli.words import words
from labelwatch.core.alert import Reason
from labelwatch.store import OutboxState
from tests.support.http_server import Hook
from tests.support.place import Place


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_every_state_and_reason_of_a_message_has_a_word(language: str) -> None:
    said = words(language).say
    assert set(said["state"]) == set(OutboxState)
    assert set(said["reason"]) == set(Reason)


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_every_text_that_the_code_names_is_in_the_catalog(language: str) -> None:
    code = "".join(file.read_text("utf-8") for file in Path(labelwatch.cli.__file__).parent.glob("*.py"))
    named = re.findall(r"""\b(?:words|said|phrases\([^()]+\))\[["'](\w+)["']\]""", code)
    tables = re.findall(r"""phrases\([^()]+, "(\w+)"\)""", code)
    say = words(language).say
    assert len(named) > 200
    assert set(named) - {key for table in say.values() for key in table} == set()
    assert set(tables) - set(say) == set()


def test_a_whole_round_is_chinese_where_the_configuration_is(place: Place) -> None:
    text = place.config.read_text("utf-8").replace('language = "en"', 'language = "zh"')
    place.config.write_text(text, encoding="utf-8")
    check = place.run("check", "--online")
    assert "没有错误：2 家店铺，1 个渠道" in check.out
    assert "✓ 店铺 star：Ozon 认可密钥；角色：" in check.out
    assert "✓ 渠道 packers：127.0.0.1（端口" in check.out
    assert place.run("test-alert").out.startswith("packers：已送达（HTTP 200")
    poll = place.run("poll").out
    assert poll.startswith("店铺\t读到\t货件\t有变化\t晚了\t已通知\t用时（秒）")
    assert "\t是\t" in poll
    outbox = place.run("outbox").out
    assert outbox.startswith("编号\t状态\t渠道\t事由\t货件\t次数\t时间（UTC）\t结果")
    assert "\t已送达\tpackers\t测试\t" in outbox
    assert place.run("outbox", "--state", "dead").out == "没有这样的消息。\n"
    assert "完好" in place.run("db", "check").out
    assert "没有见过 7500；货件号要写全" in place.run("show", "7500").err
    assert "要写多久，带单位" in place.run("snooze", "7500", "long").err


def test_a_failure_says_what_to_change_in_the_language_of_the_configuration(place: Place) -> None:
    text = place.config.read_text("utf-8").replace('language = "en"', 'language = "zh"')
    place.config.write_text(text, encoding="utf-8")
    with Hook([]) as gone:
        address = gone.url()
    refused = place.run("check", "--online", KEY_STAR="another-key", HOOK=address).out
    assert "✗ 店铺 star：" in refused
    assert "对方拒绝连接，检查地址和端口" in refused
    assert "cannot" not in refused
    poll = place.run("poll", "--shop", "star", KEY_STAR="another-key").err
    assert "怎么办：" in poll


def test_the_causes_are_said_without_english_and_with_what_proves_them(place: Place) -> None:
    said = place.run("causes", "--language", "zh").out
    assert said.startswith("类别\t代码\t名称\t含义")
    assert "依据：" in said
    assert "Proof: " not in said
    assert "Proof: " in place.run("causes", "--language", "en").out
