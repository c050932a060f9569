"""A message as an HTML page for e-mail: one column, one colour, no external resources."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby

from labelwatch.messages.message import Kind, Message, Section
from labelwatch.messages.plain import cut

_NO_LINKS: Mapping[str, str] = {}
_PREVIEW = 140
"""Characters of the message that an inbox shows after the subject."""

_ACCENT = {Kind.INFO: "#1a73e8", Kind.SUCCESS: "#1e8e3e", Kind.WARNING: "#e8a100", Kind.FAILURE: "#d93025"}
"""Visible on white and on black. Text and background are left to the mail program, which may use a dark theme."""

_FONT = "16px/1.45 -apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',Arial,sans-serif"
_COLUMN = f"max-width:600px;margin:0 auto;padding:16px;font:{_FONT};overflow-wrap:anywhere"
_RULE = "border-top:1px solid rgba(128,128,128,.35)"
_SMALL = "font-size:13px;opacity:.7"
_BUTTON = (
    "display:inline-block;margin:0 8px 8px 0;padding:12px 20px;border:1px solid #1a73e8;border-radius:8px;"
    "font-weight:bold;text-decoration:none"
)
_FIRST, _OTHER = ";background:#1a73e8;color:#ffffff", ";color:#1a73e8"
"""Style of the most frequent action only."""
_SMALL_BUTTON = (
    "display:inline-block;margin:0 6px 6px 0;padding:9px 14px;border:1px solid #1a73e8;border-radius:6px;"
    "text-decoration:none"
)
_UNSEEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"

_HEAD = (
    '<meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    # A posting number is not a telephone number.
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">'
)

_ADDRESS = re.compile(r"(https?://[^\s<>\"'，。；）]*[^\s<>\"'，。；）.,;:!?)])")
"""Foreign text contains none: `plain` removes `://`."""
_NUMBER = re.compile(r"\d{1,12}(?:-\d{1,6}){1,3}")
_STEP = re.compile(r"\d{1,2}\. ")
_BAIT = re.compile(r"(?<=[\w-])\.(?=[^\W\d_]{2})")
"""The dot of a foreign name like `evil.com`, marked so that no mail program makes a link of it."""


def page(message: Message, links: Mapping[str, str] = _NO_LINKS) -> str:
    """The whole page: what to do on top, then the sections in their order. The subject of a row links to its address
    in `links`."""
    sections = "".join(_section(section, links) for section in message.sections)
    preview = cut(" ".join(message.body.split()), _PREVIEW)
    return (
        f"<!doctype html><html><head>{_HEAD}<title>{escape(message.title)}</title></head>"
        f'<body style="margin:0;padding:0;color-scheme:light dark">'
        f'<div style="{_UNSEEN}">{escape(preview)}</div>'
        f'<div style="{_COLUMN}">'
        f'<h1 style="margin:0 0 16px;padding-left:12px;border-left:5px solid {_ACCENT[message.kind]};'
        f'font-size:20px;line-height:1.3">{_whole(message.title)}</h1>'
        f"{sections}</div></body></html>"
    )


def _section(section: Section, links: Mapping[str, str]) -> str:
    heading = f'<h2 style="margin:0 0 6px;font-size:16px">{_linked(section.heading)}</h2>' if section.heading else ""
    content = heading + "".join(_prose(section.lines)) + _table(section.rows, links) + _actions(section)
    look = f"margin:0 0 18px;{_SMALL}" if section.aside else "margin:0 0 18px"
    return f'<div style="{look}">{content}</div>' if content else ""


def _prose(lines: Sequence[str]) -> Iterator[str]:
    """Paragraphs; numbered ones that follow each other are a list."""
    pieces = (piece.strip() for line in lines for piece in line.split("\n"))
    for is_step, together in groupby(filter(None, pieces), lambda piece: bool(_STEP.match(piece))):
        if is_step:
            items = (f'<li style="margin:0 0 4px">{_linked(_STEP.sub("", step, count=1))}</li>' for step in together)
            yield f'<ol style="margin:0 0 6px;padding-left:26px">{"".join(items)}</ol>'
        else:
            yield from (f'<p style="margin:0 0 6px">{_linked(piece)}</p>' for piece in together)


def _actions(section: Section) -> str:
    """Buttons: those for one posting below its number, those for all of it bigger."""
    return "".join(_act(about, links) for about, links in section.actions)


def _act(about: str, links: Sequence[tuple[str, str]]) -> str:
    look = _SMALL_BUTTON if about else _BUTTON
    looks = [look + (_OTHER if about or n else _FIRST) for n in range(len(links))]
    buttons = " ".join(
        f'<a href="{escape(link)}" style="{style}">{escape(what)}</a>'
        for (what, link), style in zip(links, looks, strict=True)
    )
    name = f'<div style="margin:0 0 4px"><b>{_linked(about)}</b></div>' if about else ""
    return f'<div style="margin:12px 0 0">{name}{buttons}</div>'


def _table(rows: Sequence[tuple[str, ...]], links: Mapping[str, str]) -> str:
    listed = "".join(_row(row, links) for row in rows)
    return f'<table cellspacing="0" cellpadding="0" style="width:100%;font:inherit">{listed}</table>' if rows else ""


def _row(row: tuple[str, ...], links: Mapping[str, str]) -> str:
    """A row for a phone: the subject, at the end of the line what matters most, the rest below."""
    about, state, *rest = *row, *[""] * (2 - len(row))
    below = " · ".join(filter(None, rest))
    more = f'<div style="{_SMALL}">{_linked(below)}</div>' if below else ""
    name = f'<a href="{escape(links[about])}">{_whole(about)}</a>' if about in links else _linked(about)
    cell = f"{_RULE};padding:7px 0;vertical-align:top"
    return (
        f'<tr><td style="{cell}"><b>{name}</b>{more}</td>'
        f'<td style="{cell};padding-left:12px;width:52%;text-align:right">{_linked(state)}</td></tr>'
    )


def _linked(text: str) -> str:
    """Escaped, with addresses as links and no line break inside a posting number."""
    return "".join(_link(piece) if n % 2 else _whole(piece) for n, piece in enumerate(_ADDRESS.split(text)))


def _link(address: str) -> str:
    return f'<a href="{escape(address)}">{escape(address.partition("://")[2])}</a>'


def _whole(text: str) -> str:
    harmless = _BAIT.sub("<span>.</span>", escape(text))
    return _NUMBER.sub(r'<span style="white-space:nowrap">\g<0></span>', harmless)
