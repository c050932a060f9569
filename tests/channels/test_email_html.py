"""The page of a letter: what to do on top, a list that fits a phone, links to nowhere but the seller cabinet."""

import re
from html.parser import HTMLParser

import pytest

from labelwatch.channels.email.html import page
from labelwatch.messages.message import Kind, Message, Section, SizeLimit
from labelwatch.messages.render import Layout, render
from tests.support.alert_builders import NOW, destination, resolved, told

LINK = "https://seller.ozon.ru/app/postings/fbs?postingDetails=41517061-0214-1&a=b"


class Outline(HTMLParser):
    """The tags of a page, those left open, its attributes and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def one(*lines: str, **fields: object) -> Outline:
    section = Section(lines=lines, **fields)  # type: ignore[arg-type]
    return Outline(page(Message("Pack it", (section,), Kind.WARNING)))


def test_the_title_is_on_top() -> None:
    outline = Outline(page(render([told()], destination("en"), now=NOW)))
    assert outline.tags.index("h1") < outline.tags.index("p")
    assert "Assemble it now" in outline.words


def test_numbered_steps_are_a_list_and_what_follows_is_not() -> None:
    outline = one("1. Open it.", "2. Press it.", "Ready to paste: labelwatch show", heading="What to do:")
    assert [tag for tag in outline.tags if tag in ("h2", "ol", "li", "p")] == ["h2", "ol", "li", "li", "p"]
    assert "What to do: Open it. Press it. Ready" in outline.words


def test_a_row_keeps_its_cells_in_order() -> None:
    outline = one(rows=(("41517061-0214-1", "52 min left", "Reminder", "main"), ("41517061-0215-1",)))
    assert outline.tags.count("tr") == 2
    assert outline.tags.count("td") == 4
    assert re.search(r"41517061-0214-1\s+Reminder · main\s+52 min left\s+41517061-0215-1", outline.words)


@pytest.mark.parametrize("end", ["", ".", ",", ")", "。", "）"])
def test_an_address_of_ours_is_a_link_without_the_stop_after_it(end: str) -> None:
    outline = one(f"Look here: {LINK}{end}")
    assert outline.links == [LINK]
    assert LINK.partition("://")[2] in outline.words


@pytest.mark.parametrize("text", ["javascript:alert(1)", "www.example.com", "ftp://example.com", "a@example.com"])
def test_nothing_else_is_a_link(text: str) -> None:
    assert one(text).links == []


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "&lt;b&gt;", "a & b", "'"])
def test_no_text_is_taken_for_markup(text: str) -> None:
    outline = Outline(page(Message(text, (Section(text, (text, f"1. {text}"), ((text, text, text),)),), Kind.INFO)))
    assert not {"script", "img"} & set(outline.tags)
    assert outline.words.count(text) >= 7
    assert outline.open == []


@pytest.mark.parametrize("language", ["zh", "ru", "en"])
def test_a_page_loads_nothing_and_is_no_bigger_than_mail_programs_show(language: str) -> None:
    bundle = [told(n=n) for n in range(1, 300)] + [resolved(n=n) for n in range(300, 500)]
    html = page(render(bundle, destination(language), now=NOW, layout=Layout(limit=SizeLimit(10_000))))
    outline = Outline(html)
    assert outline.attributes <= {"style", "href", "charset", "name", "content", "cellspacing", "cellpadding"}
    assert "url(" not in html
    assert outline.open == []
    assert len(html.encode()) < 100_000


def test_the_longest_list_that_fits_is_shown_whole() -> None:
    rows = tuple((f"41517061-{n:04}-1", "还剩 5 小时 43 分钟", "提醒", "main") for n in range(220))
    html = page(Message("先备货", (Section(rows=rows),), Kind.FAILURE))
    assert sum(len(" · ".join(row)) + 3 for row in rows) > 9_000
    assert len(html.encode()) < 100_000


def test_an_inbox_shows_the_reason_beside_the_subject() -> None:
    html = page(Message("Pack it", (Section("Why", ("Not packed yet.",)),), Kind.WARNING))
    assert html.index("Not packed yet.") < html.index("<h1")


def test_no_readers_program_finds_a_link_in_a_name() -> None:
    names = ("www.evil.com", "зло.рф", "3.5 mm", "S5200657-28")
    message = Message("Late: evil.com", (Section("evil.com", names, ((LINK, "evil.com"),)),), Kind.INFO)
    _, _, shown = page(message).partition("<h1")
    between_tags = re.split("<[^>]*>", shown)
    assert not [text for text in between_tags if re.search(r"evil\.|\.(com|рф)", text)]
    assert "3.5 mm" in between_tags
    assert "".join(between_tags).count("evil.com") == 4, "it is read as before"
    assert Outline(page(message)).links == [LINK]
