"""Names from Ozon and from people do no mischief in any message."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.core.model import DeliveryMethod, Product, Proof, Reason
from labelwatch.notify.messages import LIMIT, render
from labelwatch.notify.plain import plain, size
from tests.notify.build import NOW, destination, told

HOSTILE = (
    "<script>alert(1)</script>",
    "</b>[click](https://evil.example)",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "bell\x07 escape\x1b[31m null\x00",
    "@everyone @all",
    "lone \ud800 surrogate",
    "x" * 10_000,
    "q\u0301" * 5_000,
    "line\nbreak\r\nand\u2028more",
    "{posting} {0} %s",
)


@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("together", [1, 3])
def test_foreign_words_change_nothing_but_themselves(bad: str, together: int) -> None:
    many = [
        told(
            n=n,
            shop=bad,
            posting_number=bad,
            products=(Product("1", bad, bad, 1), Product("2", "", bad, 2)),
            method=DeliveryMethod(carrier=bad, name=bad, warehouse=bad),
            requirements=((bad, (bad, "1")),),
            evidence=(Proof("status", bad), Proof(bad, bad)),
            reason=Reason.REMINDER,
        )
        for n in range(together)
    ]
    message = render(many, destination(), now=NOW)
    text = message.title + message.body
    assert size(text) <= LIMIT
    assert not [c for c in text if unicodedata.category(c) in ("Cf", "Cs", "Co", "Cc") and c != "\n"]
    assert not re.search("[<>@]", text)
    assert len(re.findall("://", text)) == (1 if together == 1 else 0)
    assert "\n" not in message.title


@given(st.text(max_size=300), st.integers(2, 60))
def test_plain_text_is_one_short_visible_line(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert plain(line, limit) == line


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("S5200657_28*", "S5200657_28*"),
        ("Тёплый дом", "Тёплый дом"),
        ("冬装 <红>", "冬装 ‹红›"),
        ("e\u0301" * 9, None),
    ],
)
def test_plain_text_keeps_what_is_harmless(text: str, wanted: str | None) -> None:
    assert plain(text) == (wanted or text)
    assert plain("e\u0301" * 9, 4) == "e\u0301…"
