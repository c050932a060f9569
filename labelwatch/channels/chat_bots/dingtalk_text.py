"""A message in DingTalk's markdown: titles bold, numbers and actions as links, no foreign markup.

DingTalk supports a part of markdown and documents no escapes, so characters that could be markup are replaced by
their full-width forms, which look alike: https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from labelwatch.messages.message import Message, Section

LOOKALIKES = str.maketrans("[]*`~|\\&<>", "［］＊｀～｜＼＆‹›")

_LINK = re.compile(r"(https?://[^\s，。；）)\]]+)")
_LOOSE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""An underscore with a non-word neighbour: only such a one begins or ends italics."""
_OPENING = re.compile(r"[#>+=-]")
"""Line starts that make a heading, a quotation, an item or a rule; numbers are our own steps."""
_FULL_WIDTH = 0xFEE0
_BREAK = "  \n"
"""Two spaces before a newline keep the line break."""


def markdown(message: Message, links: Mapping[str, str]) -> str:
    """The title and all sections; the subject of a row links to its address in `links`."""
    sections = (_section(section, links) for section in message.sections)
    return "\n\n".join(filter(None, (_bold(message.title), *sections)))


def linked(words: str, address: str) -> str:
    """A link."""
    return f"[{_quoted(words.strip())}]({quote(address, safe=':/?&=%#+,;@~.-_')})"


def _section(section: Section, links: Mapping[str, str]) -> str:
    rows = (_row(row, links) for row in section.rows)
    actions = (
        " · ".join(filter(None, (_quoted(about.strip()), *(linked(what, link) for what, link in acts))))
        for about, acts in section.actions
    )
    lines = (_line(part) for line in section.lines for part in line.split("\n"))
    return _BREAK.join(filter(None, (_bold(section.heading), *lines, *rows, *actions)))


def _row(row: tuple[str, ...], links: Mapping[str, str]) -> str:
    about, *rest = row
    name = linked(about, links[about]) if about in links else _line(about)
    return f"• {' · '.join(filter(None, (name, *map(_line, rest))))}"


def _bold(text: str) -> str:
    words = _quoted(text.strip())
    return f"**{words}**" if words else ""


def _line(text: str) -> str:
    """A line with its addresses as links."""
    parts = (linked(part, part) if n % 2 else _quoted(part) for n, part in enumerate(_LINK.split(text.strip())))
    return "".join(parts)


def _quoted(text: str) -> str:
    """Text on one line, without markup."""
    line = _LOOSE_UNDERSCORE.sub("＿", re.sub(r"\s+", " ", text).translate(LOOKALIKES))
    return chr(ord(line[0]) + _FULL_WIDTH) + line[1:] if _OPENING.match(line) else line
