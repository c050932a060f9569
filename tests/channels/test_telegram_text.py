"""Telegram's markup: everything can be read, nothing is injected, and no message is too long."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labelwatch.channels.telegram.text import MOST, fitted, html, text
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.plain import plain, size
from tests.support.examples import examples
from tests.support.telegram_markup import Reading, clickable, read, units

HOSTILE = (
    "<script>alert(1)</script>",
    "</b></i></blockquote>",
    "<b>bold</b> & <i>not",
    "*bold* _italic_ `code` [link](https://evil.example)",
    "&lt;b&gt; &amp;amp; &#60;b&#62; &quot",
    "\u202eevil\u202c\u200f\u200b",
    "<a href='tg://user?id=1'>you</a>",
    "x" * 10_000,
    "😀" * 10_000,
    "<" * 10_000,
)


BAIT = (
    "evil.com",
    "see www.evil.co.uk/path?x=1#top, then https:evil.com:80",
    "t.me/joinchat",
    "зло.рф, EVIL.RU. 坏.公司",
    "x.xn--p1ai",
    "evil™.com 💩.la -evil.com ~evil.com",
    "/start /delete_all ‹/b› (/5)",
    "#sale №#распродажа #·x $USD",
    "10.0.0.1 and 1.2.3.4/x",
    "wait…evil.com",
    "41517061-0214-1.com",
)


def about(name: str) -> Message:
    """A message in which a foreign name stands everywhere."""
    section = Section(name, lines=(name, f"1. {name}"), rows=((name, name), (name,)))
    return Message(name, (section, Section(name, lines=(name,), aside=True)), Kind.INFO)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_read_as_it_is_written(name: str) -> None:
    message = fitted(about(name))
    reading = read(html(message))
    assert reading.text == text(message)
    assert {entity.type for entity in reading.entities} <= {"bold", "code", "expandable_blockquote"}
    assert name[:500] in reading.text
    assert units(reading.text) <= MOST


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_made_harmless_stays_so(name: str) -> None:
    message = about(plain(name))
    assert read(html(message)).text == text(message)


@pytest.mark.parametrize("name", [*BAIT, *HOSTILE], ids=range(len(BAIT) + len(HOSTILE)))
def test_no_name_becomes_a_link_a_command_or_a_tag(name: str) -> None:
    message = about(plain(name))
    assert clickable(read(html(message))) == []
    assert read(html(message)).text == text(message)


def test_every_bait_would_be_taken() -> None:
    assert [name for name in BAIT if not clickable(Reading(plain(name)))] == []


@examples(40)
@given(
    st.text(st.sampled_from("aя7.-_~/#$·@:™💩，；。\u00a0 "), max_size=12),
    st.sampled_from(["", ".com", ".рф", ".公司"]),
)
def test_whatever_a_name_is_made_of_nothing_of_it_is_clickable(name: str, end: str) -> None:
    assert clickable(read(html(about(plain(name + end + name))))) == []


@pytest.mark.parametrize(
    "name",
    [
        "S5200657-28",
        "Куртка шт/XL",
        "3.5mm USB3.0",
        "т.е. № 5, #12",
        "$5 50%",
        "A.B",
        "Ph.D",
        "v1.2.3",
        "1/2",
        "冬装",
    ],
)
def test_an_ordinary_name_stands_as_it_is(name: str) -> None:
    assert html(Message("Late", (Section(lines=(name,)),), Kind.INFO)) == f"<b>Late</b>\n\n{name}"


def test_our_own_link_leads_where_it_says() -> None:
    link = "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1"
    message = Message("Late evil.com", (Section(lines=(f"Open {link} now", link)),), Kind.INFO)
    assert html(message) == f"<b>Late </b><code>evil.com</code>\n\nOpen {link} now\n{link}"
    assert clickable(read(html(message))) == [link, link]


WORDS = st.text(st.sampled_from("a<>&;\"'/b 😀é\u0301这‮"), max_size=300).map(lambda words: words.replace("\n", " "))
SECTIONS = st.builds(
    Section,
    WORDS,
    lines=st.lists(WORDS, max_size=4).map(tuple),
    rows=st.lists(st.lists(WORDS, min_size=1, max_size=3).map(tuple), max_size=30).map(tuple),
    aside=st.booleans(),
)
MESSAGES = st.builds(
    Message, WORDS.map(lambda words: f"!{words}"), st.lists(SECTIONS, max_size=5).map(tuple), st.just(Kind.INFO)
)


@examples(20)
@given(MESSAGES, st.integers(200, MOST))
@example(about("y" * 10_000), 200)
def test_any_message_fits_and_both_writings_read_the_same(message: Message, most: int) -> None:
    cut = fitted(message, most)
    assert size(text(cut)) <= most
    assert read(html(cut)).text == text(cut)
    if size(text(message)) <= most:
        assert cut == message


def test_a_long_list_is_cut_between_its_rows() -> None:
    rows = tuple((f"{n:08}-0001-1", "overdue 2 h", "shop") for n in range(500))
    cut = text(fitted(Message("500 late", (Section("Pack them", ("Why.",), rows), Section("Proof")), Kind.FAILURE)))
    lines = cut.split("\n")
    assert lines[:4] == ["500 late", "", "Pack them", "Why."]
    assert lines[-2:] == ["", "…"]
    assert all(line.endswith("· overdue 2 h · shop") for line in lines[4:-2])
    assert MOST - 100 < size(cut) <= MOST


def test_a_heading_never_stands_without_its_first_row() -> None:
    long = Section("First", rows=tuple((f"{n}" * 40,) for n in range(10)))
    cut = fitted(Message("Late", (long, Section("Second", rows=(("row",),))), Kind.INFO), size(long.text) + 19)
    assert "Second" not in text(cut)


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("41517061-0214-1", "<code>41517061-0214-1</code>"),
        ("Send 41517061-0214-1, <then> wait.", "Send <code>41517061-0214-1</code>, &lt;then&gt; wait."),
        ("发给41517061-0214-1的物流商", "发给<code>41517061-0214-1</code>的物流商"),
        ("发给 41517061-0214-1。", "发给 <code>41517061-0214-1</code>。"),
        ("https://seller.ozon.ru/x?postingDetails=41517061-0214-1", None),
        ("41517061-0214", None),
        ("41517061-0214-1-2", None),
        ("X41517061-0214-1", None),
        ("<code>41517061-0214-1</code>", "&lt;code&gt;<code>41517061-0214-1</code>&lt;/code&gt;"),
    ],
)
def test_a_posting_number_can_be_copied_with_a_tap(words: str, marked: str | None) -> None:
    message = Message("41517061-0214-1", (Section(lines=(words,), rows=((words, words),)),), Kind.INFO)
    marked = marked or words
    assert html(message) == f"<b>41517061-0214-1</b>\n\n{marked}\n• {marked} · {marked}"
    assert read(html(message)).text == text(message)
