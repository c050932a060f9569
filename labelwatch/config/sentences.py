"""Sentences about a configuration, in the language of the reader: one catalog per language.

A sentence of the table [allowed] completes "allowed is ...", one of [wrong] or [doubt] is complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from labelwatch.i18n import sentences, source


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the catalogs by its key, and its values, none of which is a secret."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    meant: str = ""
    """What was probably meant; empty = unknown."""
    wide: str = ""
    """Full-width characters in what was written, which look like the intended ones."""

    def said(self, language: str) -> str:
        """In zh, ru or en."""
        words = catalog(language)
        values = {
            name: value.said(language) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        text = words[self.key].format_map(values)
        if self.wide:
            text += words["wide"].format(found=self.wide)
        return text + words["meant"].format(meant=self.meant) if self.meant else text

    def __str__(self) -> str:
        return self.said("en")


class Unfit(ValueError):  # noqa: N818
    """A value that cannot stay as it is; `sentence` says what is allowed."""

    def __init__(self, key: str, *, meant: str = "", **values: object) -> None:
        self.sentence = Sentence(key, values, meant)
        super().__init__(str(self.sentence))


def sentence_of(error: object) -> Sentence:
    """What an error says is allowed; an error that is not ours is quoted."""
    return error.sentence if isinstance(error, Unfit) else Sentence("quoted", {"text": str(error)})


def catalog(language: str) -> Mapping[str, str]:
    """The sentences of a language by their keys."""
    return sentences(language, "config")


def stands_alone(sentence: Sentence, language: str) -> bool:
    """Whether it says what is wrong, not what is allowed instead."""
    return sentence.key in _complete(language)


@cache
def _complete(language: str) -> frozenset[str]:
    return frozenset(source(language, "config")["wrong"])


def why(error: OSError) -> Sentence | str:
    """Why a file cannot be used; the system's own text if we have no sentence for it."""
    known = {FileNotFoundError: "no_such_file", PermissionError: "not_permitted", IsADirectoryError: "is_directory"}
    key = known.get(type(error))
    return Sentence(key) if key else str(error.strerror)
