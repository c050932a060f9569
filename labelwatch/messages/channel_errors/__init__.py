"""Errors of channels, in the language of the reader.

Adapters write English, which the database, the logs and the JSON keep. Their diagnoses are a closed list, the English
catalog: a text is recognised by its template there and rendered with the template of another language. The service's
own words stay as they are.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter

from labelwatch.i18n import sentences

_FIGURES = frozenset({"status", "port", "seconds", "number"})
"""Placeholders for a number; all others take any text."""
_NUMBER = r"-?[\d.]+"
_AGAIN = "why"
"""Placeholders whose value may be one of our own texts."""
_FOREIGN = "foreign"
"""The template for a text of the service."""


def spoken(text: str, language: str) -> str:
    """A reason or a finding of a channel in zh, ru or en; the service's own words are quoted."""
    if not text:
        return text
    return known(text, language) or phrases(language)[_FOREIGN].format(raw=text)


def known(text: str, language: str) -> str | None:
    """One of our own texts in zh, ru or en; None = not ours."""
    if language == "en":
        return text
    said = phrases(language)
    for key, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            parts = found.groupdict()
            if _AGAIN in parts:
                parts[_AGAIN] = spoken(parts[_AGAIN], language)
            return said[key].format(**parts)
    return None


def phrases(language: str) -> Mapping[str, str]:
    """The templates of a language by their keys."""
    return sentences(language, "channels")


def _text(*path: str) -> str:
    return files("labelwatch.messages.channel_errors").joinpath(*path).read_text("utf-8")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Keys and patterns of their English texts, those with the most literal text first."""
    known = [*tomllib.loads(_text("earlier.toml")).items(), *phrases("en").items()]
    order = sorted(known, key=lambda one: -sum(len(own) for own, *_ in Formatter().parse(one[1])))
    return tuple((key, re.compile("".join(_pieces(said)), re.DOTALL)) for key, said in order if key != _FOREIGN)


def _pieces(template: str) -> Iterable[str]:
    for own, name, _, _ in Formatter().parse(template):
        yield re.escape(own)
        if name is not None:
            yield f"(?P<{name}>{_NUMBER if name in _FIGURES else '.*?'})"
