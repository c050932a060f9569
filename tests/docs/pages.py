"""Reads the documentation as what it holds: sections, tables, code and links."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("labelwatch", "migrations", "deploy", "tests")
FILES = [*ROOT.glob("*.md"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.md"))]
PAGES = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in sorted(FILES)}
"""Every page of the project: its path from the root -> its text."""

READMES = {"en": "README.md", "zh": "README.zh-CN.md", "ru": "README.ru.md"}
GUIDES = ("install", "channels", "configuration", "commands", "board", "troubleshooting")
OTHERS = ("zh", "ru")
"""The languages beside English, which has the same pages and some more."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def guide(language: str, name: str) -> str:
    """The path of a guide."""
    return f"deploy/guide/{language}/{name}.md"


def counterparts(language: str) -> Mapping[str, str]:
    """README and guides of a language: what each is called -> its path."""
    return {"README": READMES[language]} | {name: guide(language, name) for name in GUIDES}


def language_of(page: str) -> str:
    """In which language a page is written."""
    found = (language for language in OTHERS if page in counterparts(language).values())
    return next(found, "en")


def book(language: str) -> str:
    """All that is written in a language for those who use labelwatch, and in English for those who work on it."""
    return "\n".join(PAGES[page] for page in PAGES if language_of(page) == language and page != "CHANGELOG.md")


BOOKS = {language: book(language) for language in READMES}


def code(text: str, language: str) -> list[str]:
    """The code blocks in a language; "" for those that name none."""
    return [block for name, block in _FENCE.findall(text) if name == language]


def prose(text: str) -> str:
    """The text without its code blocks, in which # begins a comment."""
    return _FENCE.sub("", text)


def sections(text: str) -> Iterator[tuple[str, str]]:
    """(heading, what stands below it up to the next heading of any level), in order."""
    text = prose(text)
    found = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in found[1:]] + [len(text)]
    for heading, end in zip(found, ends, strict=True):
        yield heading[2], text[heading.end() : end]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, headings left out."""
    lines = [cells_of(line) for line in text.splitlines() if line.startswith("|")]
    rules = {place for place, cells in enumerate(lines) if set("".join(cells)) <= set("-|")}
    return [cells for place, cells in enumerate(lines) if place not in rules and place + 1 not in rules]


def cells_of(line: str) -> list[str]:
    """The cells of one row."""
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def table(headings: "list[str] | tuple[str, ...]", body: "list[list[str]]") -> str:
    """A table as it is written."""
    rule = "|---" * len(headings) + "|"
    return "\n".join([f"| {' | '.join(headings)} |", rule, *(f"| {' | '.join(cells)} |" for cells in body)])


def links(text: str) -> list[str]:
    """Where the page's links and pictures lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


def anchors(text: str) -> set[str]:
    """The names under which the page's headings can be linked to, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading, _ in sections(text)}
