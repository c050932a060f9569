"""A message as Telegram's HTML and as plain text with the same visible characters."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from labelwatch.messages.message import Message, Section
from labelwatch.messages.plain import ELLIPSIS, cut, size

MOST = 4096
"""UTF-16 units of one message, counted without its markup (https://core.telegram.org/bots/api#sendmessage)."""

_SEAM = "\n\n"
_NO_LINKS: Mapping[str, str] = {}
_PARTS = re.compile(
    r"(?P<link>https?://[^\s，。；）]+)"
    r"|(?P<number>(?a:(?<![\w=/.-])\d{4,12}-\d{4}-\d{1,3}(?!\.?[\w-])))"
    r"|(?P<bait>(?:(?<![\w.~-])\.*(?:[\w~-]+\.)*[\w~-]+|[^\s\w\x00-\xbf])\.(?:[^\W\d_]{2,}|xn--\w+)(?![\w-])"
    r"|(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}"
    r"|(?<![\w/<>])/\w+|(?<!\w)[#$][\w·]*[^\W\d][\w·]*)"
)
"""Our own links; posting numbers by themselves; and names that Telegram would make a link, a command or a tag of:
`evil.com`, `/start`, `#sale` (what is foreign holds no `://`, `plain` takes it out)."""


def html(message: Message, links: Mapping[str, str] = _NO_LINKS) -> str:
    """The message in Telegram's HTML, escaped. The subject of a row links to its address in `links`."""

    def about(words: str) -> str:
        return f'<a href="{escape(links[words])}">{_quoted(words)}</a>' if words in links else _marked(words)

    return _written(replace(_HTML, about=about), message)


def text(message: Message) -> str:
    """The message without markup, which is what Telegram counts."""
    return _written(_PLAIN, message)


def fitted(message: Message, most: int = MOST) -> Message:
    """The beginning of a message, of at most `most` UTF-16 units, cut between its lines and rows.

    A line is cut only if it is the first and too long alone.
    """
    if size(text(message)) <= most:
        return message
    title = cut(message.title, most // 4)  # in characters, of two units at most
    room = most - size(title + _SEAM + ELLIPSIS)
    sections: list[Section] = []
    for section in message.sections:
        taken, is_whole = _beginning(section, room - size(_SEAM))
        if taken.text:
            sections.append(taken)
            room -= size(taken.text + _SEAM)
        if not is_whole:
            break
    rest = Section(lines=(ELLIPSIS if sections else cut(message.body, room // 2),))
    return replace(message, title=title, sections=(*sections, rest))


@dataclass(frozen=True, slots=True)
class _Pen:
    """How the parts of a message are written."""

    plain: Callable[[str], str]
    bold: Callable[[str], str]
    folded: Callable[[str], str]
    about: Callable[[str], str]
    """The subject of a row."""


def _quoted(words: str) -> str:
    return escape(words, quote=False)


def _parts(words: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the name of its kind, empty for plain text."""
    at = 0
    for found in _PARTS.finditer(words):
        yield "", words[at : found.start()]
        yield found.lastgroup or "", found[0]
        at = found.end()
    yield "", words[at:]


def _marked(words: str) -> str:
    """Posting numbers are marked as code, so that a tap copies them and no phone takes them for a telephone number;
    only our own links are links."""
    parts = ((kind, _quoted(part)) for kind, part in _parts(words))
    return "".join(f"<code>{part}</code>" if kind in ("number", "bait") else part for kind, part in parts)


def _bold(words: str) -> str:
    """The same, but numbers stay bold: `code` allows no other style."""
    tags = {True: "code", False: "b"}
    together = groupby(_parts(words), lambda part: part[0] == "bait")
    runs = ((tags[is_bait], "".join(part for _, part in run)) for is_bait, run in together)
    return "".join(f"<{tag}>{_quoted(run)}</{tag}>" for tag, run in runs if run)


_PLAIN = _Pen(plain=str, bold=str, folded=str, about=str)
_HTML = _Pen(
    plain=_marked,
    bold=_bold,
    folded=lambda markup: f"<blockquote expandable>{markup}</blockquote>",
    about=_marked,
)


def _written(pen: _Pen, message: Message) -> str:
    sections = (_section(pen, section) for section in message.sections)
    return _SEAM.join(filter(None, (pen.bold(message.title), *sections)))


def _section(pen: _Pen, section: Section) -> str:
    heading = pen.bold(section.heading) if section.heading else ""
    lines = (pen.plain(line) for line in section.lines)
    rows = (f"• {' · '.join(_cells(pen, row))}" for row in section.rows)
    whole = "\n".join(filter(None, (heading, *lines, *rows)))
    return pen.folded(whole) if section.aside and whole else whole


def _cells(pen: _Pen, row: Sequence[str]) -> Iterator[str]:
    about, *rest = row
    if about:
        yield pen.about(about)
    yield from (pen.plain(cell) for cell in rest if cell)


def _beginning(section: Section, room: int) -> tuple[Section, bool]:
    """As many lines and rows, in order, as fit into `room`; and whether these are all."""
    lines = tuple(part for line in section.lines for part in line.split("\n"))
    whole = replace(section, lines=lines)
    for end in range(len(lines) + len(section.rows), 0, -1):
        taken = replace(whole, lines=lines[:end], rows=section.rows[: max(end - len(lines), 0)])
        if size(taken.text) <= room:
            return taken, taken == whole
    alone = Section(heading=section.heading)
    is_all = not lines and not section.rows and size(alone.text) <= room
    return (alone if is_all else Section()), is_all
