"""The board's own texts, one catalog per language; labelwatch.messages has those of causes, remedies and times.

A table of the catalog belongs to a page or a part of the board; [count.*] holds phrases by plural category.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
from babel import Locale

from labelwatch.i18n import LANGUAGES, source
from labelwatch.messages.plain import spaced

Table = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """The catalog of one language."""

    language: str
    said: Mapping[str, Table]
    count: Mapping[str, Table]

    def say(self, table: str, key: str, **values: object) -> str:
        """A phrase with its names filled in; KeyError if it is missing."""
        return spaced(self.said[table][key].format(**values))

    def counted(self, key: str, n: int, **values: object) -> str:
        """A phrase with its number, in the plural form that CLDR chooses."""
        forms = self.count[key]
        form = forms.get(Locale.parse(self.language).plural_form(n), forms["other"])
        return spaced(form.format(n=n, **values))


@cache
def words(language: str) -> Words:
    """The catalog of a language; msgspec.ValidationError if it contains anything but phrases in tables."""
    document = source(language, "board")
    count = msgspec.convert(document.pop("count"), dict[str, dict[str, str]])
    return Words(language, msgspec.convert(document, dict[str, dict[str, str]]), count)


def accepted(header: str) -> str | None:
    """The supported language that an Accept-Language header prefers; None = it names none of them."""
    wishes = [_wish(part) for part in header.split(",")[:20]]
    known = [(weight, language) for language, weight in wishes if language in LANGUAGES and weight > 0]
    return max(known, key=lambda wish: wish[0])[1] if known else None


def _wish(part: str) -> tuple[str, float]:
    tag, _, quality = part.strip().partition(";q=")
    try:
        weight = float(quality) if quality else 1.0
    except ValueError:
        weight = 0.0
    return tag.strip().lower().partition("-")[0], weight
