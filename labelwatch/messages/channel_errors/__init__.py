"""What channels say of a failure, in the language of whoever reads it.

Adapters write English, which is what the database, the logs and the JSON keep. Their own diagnoses are a closed list,
the English catalog: a text is known again by its template there and said with the template of another language, the
service's own words within it as they are.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter

_FIGURES = frozenset({"status", "port", "seconds", "number"})
"""What stands in these braces is a number; anything else is any text."""
_NUMBER = r"-?[\d.]+"
_AGAIN = "why"
"""What stands in these braces may be one of our own texts again."""
_FOREIGN = "foreign"
"""The template for words that are not ours."""


def spoken(text: str, language: str) -> str:
    """A reason or a finding of a channel in zh, ru or en; the service's own words are marked as such."""
    if not text:
        return text
    return known(text, language) or phrases(language)[_FOREIGN].format(raw=text)


def known(text: str, language: str) -> str | None:
    """One of our own texts in zh, ru or en; None = it is not ours."""
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


@cache
def phrases(language: str) -> Mapping[str, str]:
    """The templates of a language by their keys."""
    text = files("labelwatch.messages.channel_errors").joinpath("locale", f"{language}.toml").read_text("utf-8")
    return {key: said for table in tomllib.loads(text).values() for key, said in table.items()}


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Keys and what their English texts look like, those with the most words of their own first."""
    known = {key: template for key, template in phrases("en").items() if key != _FOREIGN}
    order = sorted(known, key=lambda key: -sum(len(own) for own, *_ in Formatter().parse(known[key])))
    return tuple((key, re.compile("".join(_pieces(known[key])), re.DOTALL)) for key in order)


def _pieces(template: str) -> Iterable[str]:
    for own, name, _, _ in Formatter().parse(template):
        yield re.escape(own)
        if name is not None:
            yield f"(?P<{name}>{_NUMBER if name in _FIGURES else '.*?'})"
