"""Sanitizes foreign text: names from Ozon and from people, safe in any message."""

import re
import unicodedata

ELLIPSIS = "…"

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories that are invisible or reorder text: controls, bidi and zero-width marks, surrogates."""

_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "@": "＠"})
"""No tag, no mention: services turn them into markup or notify a whole group."""
_SEAM = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")


def plain(text: str, limit: int = 80) -> str:
    """One line without markup, mentions, links or invisible characters, of at most `limit` characters."""
    # Cut an overlong name before looking at each character.
    visible = "".join(_seen(c) for c in text[: limit * 20])
    line = " ".join(visible.translate(_LOOKALIKES).replace("://", ":⁄⁄").split())
    return cut(line, limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis among them, never between a letter and its accents."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 0)
    while end > 0 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + ELLIPSIS


def spaced(text: str) -> str:
    """A space where Chinese meets Latin letters or digits, as Chinese is set: `等 5 分钟`."""
    return _SEAM.sub(" ", text)


def size(text: str) -> int:
    """Length as Telegram and most other services count it: UTF-16 units, an emoji being two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def weight(text: str) -> int:
    """Length as some services count it: bytes of UTF-8, a Chinese character being three."""
    return len(text.encode("utf-8", "replace"))


def _seen(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN else character


def printable(text: str) -> str:
    """One line without characters that control a terminal or reorder the text; otherwise as it is."""
    return "".join(c if c.isprintable() else " " for c in text if c.isprintable() or c.isspace())
