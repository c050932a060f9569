"""Mistakes and doubts are said in the reader's language, all of them, with the same values in each."""

import ast
import re
from pathlib import Path

import pytest

import labelwatch.config
from labelwatch.config import Sentence, written_language
from labelwatch.config.sentences import catalog
from tests.config.files import CHANNEL, SHOP, mistakes, read

HERE = Path(labelwatch.config.__file__).parent


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
        r"1: laguage: 没有这个键。可以用的：.*；是不是想写“language”？$",
        r": такого ключа нет. Есть: .*; может быть, «language»",
    ),
    (
        SHOP.replace('name = "main"', ""),
        r"2: shop\[0\]\.name: 缺少这一项，必须写$",
        r": этого не хватает: ключ обязателен$",
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
        r"这个文件里没有这个名称。有的是：packers；是不是",
        r"такого названия в этом файле нет. Есть: packers; может",
    ),
    ("language = zh", r":1: 第 12 列写法不对。文字请加引号", r"текст — в кавычках"),
    ('[delays]\nlabel = "?"', r'，或 "auto"$', r', либо "auto"$'),
    (
        "name = ”main”",
        r":1: 第 8 列写法不对。请改用英文引号 \"（现在是中文引号 ”）$",
        r", знак 8: нужны прямые кавычки",
    ),
    (
        CHANNEL + 'quiet_hours = "22：00－08：00"',
        r'quiet_hours = "22：00－08：00": .*；里面有全角字符“：－”，请用英文输入法重打$',
        r"; в нём полноширинные знаки ：－: наберите их заново$",
    ),
    (
        SHOP.replace("env:KEY", "credential：ozon_main"),
        r"api_key = （20 个字符，不显示）: .*“：”，请用英文输入法重打；是不是想写“credential:ozon_main”？$",
        r"api_key = \(текст из 20 знаков, не показан\): .*«credential:ozon_main»\?$",
    ),
    (CHANNEL + 'handover = ["08：30"]', r"\[\"08：30\"\]: .*全角字符“：”", "08：30"),
    (CHANNEL.replace("env:URL", "file:gone"), r"/gone：没有这个文件$", r"/gone: такого файла нет$"),
    (CHANNEL.replace("env:URL", "x://10001：授权码@qq.com"), r"把“授权码”三个字换成", r"вместо иероглифов"),
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


def test_a_name_may_be_written_with_any_signs(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, CHANNEL + 'shops = ["店：甲"]')
    assert "全角" not in mistake.said("zh")


@pytest.mark.parametrize(
    ("content", "language"),
    [
        ('language = "ru"', "ru"),
        ("language ＝ “zh”", "zh"),
        ('timezone = "UTC"\nlanguage = «ru"', "ru"),
        ("[[shop]]\nname = ”打包店”", "zh"),
        ('name = «Тёплый дом"', "ru"),
        ("name = ”main”", ""),
        ('language = "fr"', ""),
        ("", "zh"),
    ],
)
def test_a_file_tells_its_language_however_wrong_it_is(content: str, language: str) -> None:
    assert written_language(content.encode()) == language


def test_a_file_in_another_encoding_tells_its_language() -> None:
    assert written_language('language = "zh"\n# 店铺'.encode("gbk")) == "zh"
