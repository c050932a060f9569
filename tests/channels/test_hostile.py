"""Names from Ozon and from people do no mischief in any message."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelwatch.channels.telegram.text import html
from labelwatch.core.alert import AlertState, Notification, Outcome, Proof, Reason
from labelwatch.core.policy import Destination
from labelwatch.core.posting import DeliveryMethod, Product
from labelwatch.core.subject import Channel, IncidentId, Scope
from labelwatch.i18n import LANGUAGES
from labelwatch.messages import shift_summary
from labelwatch.messages.message import Message
from labelwatch.messages.plain import plain, size
from labelwatch.messages.render import LIMIT, brief, channel_dead, render
from labelwatch.messages.shift_summary import ShiftSummary
from tests.support.alert_builders import NOW, destination, incident, minutes, told
from tests.support.examples import examples
from tests.support.telegram_markup import clickable, read

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
    "evil.com t.me/x зло.рф /start #sale 1.2.3.4",
)


@pytest.mark.fault("D16")
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
    assert size(text) <= LIMIT.most
    assert not [c for c in text if unicodedata.category(c) in ("Cf", "Cs", "Co", "Cc") and c != "\n"]
    assert not re.search("[<>@]", text)
    assert len(re.findall("://", text)) == (1 if together == 1 else 0)
    assert "\n" not in message.title


def everywhere(bad: str) -> list[Notification]:
    """A posting, a shop, an incident and a channel that consist of nothing but bad words, open and over."""
    fields: dict[str, Any] = {
        "method": DeliveryMethod(carrier=bad, name=bad, warehouse=bad),
        "alternatives": (bad,),
        "products": (Product("1", bad, bad, 1),),
        "evidence": (Proof("answer", bad), Proof(bad, bad)),
    }
    several = [
        told(shop=bad, posting_number=bad, requirements=((bad, (bad, "1")),), reason=Reason.REMINDER, **fields),
        told("key_expired", shop=bad, **fields),
        told("channel_dead", subject=Channel(bad, 7), **fields),
        incident(id=IncidentId(Scope.CARRIER, bad), carriers=(bad,), shops=(bad, bad + "2"), **fields),
    ]
    taken: dict[str, Any] = {"handled_by": bad, "note": bad, "handled_at": NOW}
    states: list[dict[str, Any]] = [
        {"state": AlertState.ACKNOWLEDGED},
        {"state": AlertState.SNOOZED, "snoozed_until": NOW + minutes(9)},
        {"state": AlertState.FIRING, "snoozed_until": NOW - minutes(9)},
        {"state": AlertState.RESOLVED, "resolved_at": NOW, "outcome": Outcome.LABELLED},
    ]
    return [
        replace(
            one,
            alert=replace(one.alert, **taken | state),
            reason=Reason.RESOLVED if state["state"] is AlertState.RESOLVED else Reason.REMINDER,
        )
        for one in several
        for state in states
    ]


def messages(bad: str, to: Destination) -> Iterator[Message]:
    """Every kind of message about them."""
    many = everywhere(bad)
    alerts = [one.alert for one in many]
    yield render(many, to, now=NOW + minutes(20))
    yield channel_dead(told("channel_dead"), to, alerts, now=NOW)
    over = [alert for alert in alerts if alert.resolved_at]
    yield shift_summary.message(
        ShiftSummary(NOW, NOW, [alert for alert in alerts if not alert.resolved_at], over), to, now=NOW
    )
    for one in many:
        yield render([one], to, now=NOW + minutes(20))
        yield brief(one, to, now=NOW)


def harmless(message: Message) -> bool:
    """Whether title, headings, lines and cells are one line each, without markup, mentions or unseen characters."""
    cells = [cell for section in message.sections for row in section.rows for cell in row]
    lines = [line for section in message.sections for line in (section.heading, *section.lines)]
    texts = [message.title, *lines, *cells]
    seen = all(unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn", "Cc", "Zl", "Zp") for c in "".join(texts))
    links = {link for text in texts for link in re.findall(r"\w*://[^/]*/?", text)}
    return seen and not re.search("[<>@]", "".join(texts)) and links <= {"https://seller.ozon.ru/"}


@pytest.mark.fault("D16")
@pytest.mark.parametrize("bad", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_part_of_any_message_is_broken_by_bad_words(bad: str, language: str) -> None:
    for message in messages(bad, destination(language)):
        assert size(message.title) + size(message.body) <= LIMIT.most
        assert size(message.title) < 400
        assert harmless(message), message
        links = clickable(read(html(message)))
        assert [link for link in links if not link.startswith("https://seller.ozon.ru/")] == []


@examples(10)
@given(st.text(max_size=200))
def test_no_part_of_any_message_is_broken_by_any_words(bad: str) -> None:
    assert all(map(harmless, messages(bad, destination())))


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
