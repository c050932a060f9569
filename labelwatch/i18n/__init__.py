"""Every text for people: a folder for each language, in it a file for each part of the program that has words."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from labelwatch.core.text import Text

T = TypeVar("T")

LANGUAGES = ("zh", "ru", "en")


def source(language: str, name: str) -> dict[str, Any]:
    """A catalog as written in its file; ValueError if the language is not supported."""
    if language not in LANGUAGES:
        raise ValueError(f"no words in language {language!r}: choose one of {', '.join(LANGUAGES)}")
    return tomllib.loads(files(__name__).joinpath("locale", language, f"{name}.toml").read_text("utf-8"))


def load(language: str, name: str, kind: type[T]) -> T:
    """A catalog as a value of this type; a key that is missing or has another type is a msgspec.ValidationError."""
    return msgspec.convert({"language": language, **source(language, name)}, kind)


@cache
def sentences(language: str, name: str) -> dict[str, str]:
    """A catalog whose tables only put it in order: its sentences by their keys."""
    return {key: said for table in source(language, name).values() for key, said in table.items()}


def translate(text: Text | str, language: str) -> str:
    """Why a channel failed, or what was found about it; a sentence that an earlier version stored stays as it is."""
    if isinstance(text, str):
        return text
    values = {name: translate(one, language) if isinstance(one, Text) else one for name, one in text.values.items()}
    return sentences(language, "channels")[text.key].format_map(values)
