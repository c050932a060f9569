"""Mistakes and doubts are said in the reader's language, all of them, with the same values in each."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import labelwatch.config
from labelwatch.config import Sentence
from labelwatch.config.sentences import catalog
from tests.config.files import CHANNEL, SHOP, mistakes, read

HERE = Path(labelwatch.config.__file__).parent


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["zh", "ru"])
def test_every_sentence_is_there_with_the_same_places_to_fill_in(language: str) -> None:
    english, other = catalog("en"), catalog(language)
    assert {key: names(text) for key, text in other.items()} == {key: names(text) for key, text in english.items()}


def test_every_sentence_is_said_somewhere() -> None:
    texts = {
        node.value
        for file in HERE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(catalog("en")) <= texts


# (what is written, what is said of it in zh, in ru)
SAID = [
    (
        'laguage = "zh"',
        r"1: laguage: 应为已知的键：.*；是不是想写“language”？$",
        r": нужно: один из .*; может быть, «language»",
    ),
    (
        SHOP.replace('name = "main"', ""),
        r"2: shop\[0\]\.name: 应为一个值：这个键必须写$",
        r"нужно: значение, этот ключ обязателен$",
    ),
    ("[ozon]\nevery = 120", r"2: ozon\.every = 120: 应为带单位的时间", r"ozon\.every = 120: нужно: время с единицей"),
    (
        SHOP + SHOP.replace("123456", "7"),
        r'8: shop\[1\]\.name = "main": .*shop\[0\] 已经用了这个$',
        r"нужно: другой name: такой уже",
    ),
    (SHOP.replace("KEY", "NONE"), r"应为已设置的环境变量；NONE 没有设置", r"NONE не задана или пуста$"),
    (
        'timezone = "Beijing"',
        r"应为 IANA 时区.*；是不是想写“Asia/Shanghai”？$",
        r"часовой пояс IANA.*«Asia/Shanghai»",
    ),
    (
        SHOP + 'channels = ["packer"]' + CHANNEL,
        r"应为这个文件里有的名称：packers；是不是",
        r"название из этого файла: packers; может",
    ),
    ("language = zh", r"正确的 TOML；Invalid value in column 12：请用引号括住文字", r"текст — в кавычках"),
    ('[delays]\nlabel = "?"', r'，或 "auto"$', r', либо "auto"$'),
]


@pytest.mark.parametrize(("text", "zh", "ru"), SAID)
def test_a_mistake_is_said_in_the_language_of_the_reader(tmp_path: Path, text: str, zh: str, ru: str) -> None:
    (mistake,) = mistakes(tmp_path, text)
    assert re.search(zh, mistake.said("zh"))
    assert re.search(ru, mistake.said("ru"))


def test_a_doubt_is_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    doubts = read(tmp_path, "").warnings
    assert doubts == (Sentence("none_told"),)
    assert doubts[0].said("zh") == "没有启用任何渠道：谁都收不到提醒"
