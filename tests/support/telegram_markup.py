"""The HTML that Telegram understands, read as strictly as Telegram does, and what it makes clickable by itself: a
witness that shares no code with ours."""

import re
from dataclasses import dataclass, field

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_OPENING = re.compile(r"<([a-z0-9-]+)((?:\s+[a-z-]+(?:=(?:\"[^\"]*\"|'[^']*'))?)*)\s*>", re.IGNORECASE)
_CLOSING = re.compile(r"</([a-z0-9-]*)\s*>", re.IGNORECASE)
_ENTITY = re.compile(r"&(lt|gt|amp|quot|#\d+|#x[0-9a-f]+);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


class MarkupError(Exception):
    """What Telegram says after "can't parse entities"."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of text with a form, in UTF-16 units."""

    type: str
    offset: int
    length: int


@dataclass
class Reading:
    text: str = ""
    entities: list[Entity] = field(default_factory=list)


_TOP = ("com", "ru", "me", "uk", "org", "la", "app", "рф", "рус", "公司", "example", "xn--p1ai")
"""A few of the many that Telegram knows; `example` stands for those that it does not."""
_SYMBOL = r"[-.~_0-9A-Za-z\u00c0-\u1fff\u2010-\u2015\u2070-\u2fff\u3001-\U0010ffff]"
_ADDRESS = re.compile(rf"((?:https?|ftp)://)?({_SYMBOL}+)(?:[:/?#][^\s<>«»]*)?", re.IGNORECASE)
_NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_COMMAND = re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?![\w/<>])")
_TAG = re.compile(r"(?<![\w·])#[\w·]*[^\W\d_][\w·]*|(?<![\w·$])\$[A-Z]{1,8}(?![\w·$])")


def clickable(reading: "Reading") -> list[str]:
    """What a tap would open, send or search for although nobody marked it: what Telegram finds beside `code`."""
    text, units_ = reading.text, reading.text.encode("utf-16-le", "surrogatepass")

    def characters(offset: int) -> int:
        return len(units_[: 2 * offset].decode("utf-16-le", "surrogatepass"))

    marked = [
        (characters(entity.offset), characters(entity.offset + entity.length))
        for entity in reading.entities
        if entity.type in ("code", "pre")
    ]
    found = [one for one in _ADDRESS.finditer(text) if _is_address(one, text)]
    found += [*_COMMAND.finditer(text), *_TAG.finditer(text)]
    free = (one for one in found if not any(one.start() < end and begin < one.end() for begin, end in marked))
    return [one[0] for one in free]


def _is_address(found: re.Match[str], text: str) -> bool:
    protocol, domain = found.groups()
    if not protocol and found.start() and re.match(r"[\w/#@]", text[found.start() - 1]):
        return False
    if _NUMBERS.fullmatch(domain.strip(".")):
        return True
    name, dot, top = domain.strip(".").rpartition(".")
    return bool(dot and name and ".." not in domain and (protocol or top.lower() in _TOP))


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read(markup: str) -> Reading:
    """The text and its forms; raises MarkupError where Telegram would refuse."""
    reading, at, is_open = Reading(), 0, list[tuple[str, str, int]]()
    while at < len(markup):
        if markup[at] == "<":
            found = _CLOSING.match(markup, at)
            if found:
                _close(reading, is_open, found)
            else:
                found = _open(reading, is_open, markup, at)
            at = found.end()
            continue
        named = _ENTITY.match(markup, at)
        reading.text += _character(named[1]) if named else markup[at]
        at = named.end() if named else at + 1
    if is_open:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{is_open[-1][0]}"')
    return reading


def _open(reading: Reading, is_open: list[tuple[str, str, int]], markup: str, at: int) -> re.Match[str]:
    found = _OPENING.match(markup, at)
    tag = found[1].lower() if found else ""
    if found is None or tag not in _TAGS:
        raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {len(markup[:at].encode())}')
    form = _TAGS[tag] if not (tag == "blockquote" and "expandable" in found[2]) else "expandable_blockquote"
    if any(other in ("code", "pre") for other, _, _ in is_open) or (
        tag in ("code", "pre") and any(other not in ("blockquote", "pre") for other, _, _ in is_open)
    ):
        raise MarkupError(f'"{tag}" cannot be nested here')
    if tag == "blockquote" and any(other == tag for other, _, _ in is_open):
        raise MarkupError("a quotation in a quotation")
    is_open.append((tag, form, units(reading.text)))
    return found


def _close(reading: Reading, is_open: list[tuple[str, str, int]], found: re.Match[str]) -> None:
    if not is_open:
        raise MarkupError("Unexpected end tag")
    tag, form, begin = is_open.pop()
    if found[1].lower() not in ("", tag):
        raise MarkupError(f'Unmatched end tag, expected "</{tag}>", found "{found[0]}"')
    length = units(reading.text) - begin
    if length:
        reading.entities.append(Entity(form, begin, length))


def _character(name: str) -> str:
    if name in _NAMED:
        return _NAMED[name]
    return chr(int(name[2:], 16) if name[1] == "x" else int(name[1:]))
