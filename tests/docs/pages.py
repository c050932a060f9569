"""Reads the READMEs as what they hold: sections, tables, code and links."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = {"README.md": "en", "README.zh-CN.md": "zh", "README.ru.md": "ru"}
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in LANGUAGES}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


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
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in _table_lines(text)]
    rules = {place for place, cells in enumerate(lines) if set("".join(cells)) <= set("-|")}
    return [cells for place, cells in enumerate(lines) if place not in rules and place + 1 not in rules]


def _table_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def links(text: str) -> list[str]:
    """Where the page's links lead."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text))


def anchors(text: str) -> set[str]:
    """The names under which the page's headings can be linked to, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading, _ in sections(text)}
