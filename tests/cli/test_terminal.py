"""What reaches a terminal: no control character, lines that fit, documents that are whole."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from labelwatch.cli import terminal
from labelwatch.cli.wrapping import wrapped
from labelwatch.messages import json_text

HOSTILE = "\x1b[2Jred\x07 \u202eevil\u2066 \x9b31m \ud800 ok\r\n"
TEXT = st.text(st.sampled_from("abc 先备货，。“”（）Ёж1-/:\u0301"), max_size=120)


def test_no_control_character_gets_through(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(HOSTILE)
    terminal.complain(HOSTILE)
    terminal.table(("Name",), [(HOSTILE,), ("",)])
    terminal.as_json({"name": HOSTILE})
    shown = capsys.readouterr()
    assert all(c.isprintable() or c in "\n\t" for c in shown.out + shown.err)


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.dictionaries(st.text(), inner)))
def test_a_document_is_read_back_as_it_was(document: Any) -> None:
    text = json_text.as_json(document)
    assert json.loads(text) == document
    assert all(c.isprintable() or c == "\n" for c in text)


def test_an_empty_cell_keeps_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(("A", "B", "C"), [("1", "", "3")])
    assert capsys.readouterr().out == "A\tB\tC\n1\t-\t3\n"


@given(TEXT, st.integers(min_value=6, max_value=40))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    lines = list(wrapped(text, width))
    assert all(cell_len(line) <= width for line in lines)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Assemble it now", ["Assemble", "it now"]),
        ("先备货，再打印", ["先备货，再", "打印"]),
        ("打开 7100-0001-1。", ["打开", "7100-0001-", "1。"]),
        ("", [""]),
    ],
)
def test_lines_break_between_words_and_chinese_between_characters(text: str, lines: list[str]) -> None:
    assert list(wrapped(text, 10)) == lines
