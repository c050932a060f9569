"""Reports every mistake in the file at once: its place, the written value and what is allowed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from unicodedata import normalize

from pydantic_core import ErrorDetails

from labelwatch.config.sentences import Sentence, sentence_of, stands_alone

Key = tuple[str | int, ...]
"""The path to a value: ("channel", 1, "url")."""
KnownKeys = Mapping[tuple[str, ...], Sequence[str]]
"""The keys of each table, by its path without numbers."""

SECRET_KEYS = frozenset({"api_key", "url", "password", "proxy", "signing_secret"})
_ADDRESSES = frozenset({"base_url", "public_url", "api_base"})
"""Keys whose value is not secret unless it contains a user and a password."""

_LONGEST_SHOWN = 32  # an Ozon key has 36 characters, so one that was put in the wrong place is not shown either

_ALLOWED = {
    "bool_type": "bool",
    "dataclass_type": "table",
    "missing": "missing",
    "string_type": "text",
    "tuple_type": "list",
}
"""pydantic's kinds of mistake -> our sentences."""
_TABLE_LISTS = ("shop", "channel", "warehouse", "delivery_method", "escalation")

# Only a reference that cannot itself be a secret after the wrong colon.
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^:\n]+|credential:[A-Za-z_.-]+")

_WIDE = re.compile("[\uff01-\uff5e\u3000\u3001\u3002]")
_NAMES = frozenset({"another", "another_channel", "known_name", "name"})
"""Sentences about names, in which any character is valid."""

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


@dataclass(frozen=True, slots=True)
class Found:
    """A mistake before its text is made: `value` as it was written, None = do not show it."""

    key: Key
    allowed: Sentence
    value: object = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake to correct. `written` may be shown, it is never a secret; `line` None = unknown."""

    file: Path
    key: str
    sentence: Sentence
    written: str | Sentence = ""
    line: int | None = None

    @property
    def value(self) -> str:
        """What was written, or in English why it is hidden; empty = nothing to show."""
        return str(self.written)

    @property
    def allowed(self) -> str:
        """What is allowed, in English."""
        return str(self.sentence)

    def said(self, language: str) -> str:
        """`labelwatch.toml:3: ozon.every = 120: allowed is ...`."""
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        shown = self.written.said(language) if isinstance(self.written, Sentence) else self.written
        written = f"{self.key} = {shown}" if self.key and shown else self.key
        allowed = self.sentence
        if not stands_alone(allowed, language):
            allowed = Sentence("allowed", {"allowed": allowed})
        return ": ".join(part for part in (place, written, allowed.said(language)) if part)

    def __str__(self) -> str:
        return self.said("en")


class ConfigError(Exception):
    """The configuration cannot be used; `mistakes` has all that is wrong with it, in the file's order."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = tuple(mistakes)


class NoConfigError(ConfigError):
    """There is no configuration in any of the usual places."""


def key_text(key: Key) -> str:
    """channel[1].url, counted from 0."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part if part.isprintable() else ascii(part)}" for part in key
    )
    return text.removeprefix(".")


def shown(key: Key, value: object) -> str | Sentence:
    """`value` as it may be printed: no secret, and nothing that may be one in the wrong place."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        parts = [shown(key, one) for one in value]
        return f"[{', '.join(map(str, parts))}]" if all(isinstance(one, str) for one in parts) else Sentence("a_list")
    if isinstance(value, str):
        is_address = _ADDRESSES.intersection(key) and "@" not in value
        might_be_secret = not SECRET_KEYS.isdisjoint(key) or (
            not is_address and (len(value) > _LONGEST_SHOWN or "://" in value)
        )
        if might_be_secret and not _REFERENCE.fullmatch(value):
            return Sentence("not_shown", {"n": len(value)})
        return f'"{value}"' if value.isprintable() else ascii(value)
    if isinstance(value, bool):
        return str(value).lower()
    return Sentence("hidden") if not SECRET_KEYS.isdisjoint(key) else str(value)


def told_of_width(sentence: Sentence, value: object) -> Sentence:
    """The sentence, and the full-width characters in the value, which look like the intended ones.

    Letters and digits are not named, since a secret may consist of them; a name may contain anything.
    """
    written = "".join(map(str, value)) if isinstance(value, list) else str(value)
    wide = "".join(dict.fromkeys(sign for sign in _WIDE.findall(written) if not sign.isalnum()))
    if not wide or sentence.key in _NAMES:
        return sentence
    narrow = normalize("NFKC", written)
    return replace(sentence, wide=wide, meant=sentence.meant or (narrow if _REFERENCE.fullmatch(narrow) else ""))


def found(error: ErrorDetails, known: KnownKeys) -> Found:
    """pydantic's error as our sentence; `known` are the keys of each table."""
    key = _as_written(error["loc"])
    if error["type"] == "unexpected_keyword_argument":
        return Found(key, _known_keys(error["loc"], known))
    value = None if error["type"] == "missing" else error["input"]
    return Found(key, _allowed(error), value)


def _as_written(key: Key) -> Key:
    """shop[0].warehouse[0].limits.label is written without `limits`."""
    return key[:4] + key[5:] if key[4:5] == ("limits",) else key


def _allowed(error: ErrorDetails) -> Sentence:
    kind, context = error["type"], error.get("ctx", {})
    last = error["loc"][-1] if error["loc"] else ""
    if kind == "value_error":
        return sentence_of(context["error"])
    if kind in ("literal_error", "enum"):
        return Sentence("one_of", {"choices": str(context["expected"]).replace("'", '"').replace(" or ", ", ")})
    if kind == "tuple_type" and last in _TABLE_LISTS:
        table = ".".join(part for part in error["loc"] if isinstance(part, str))
        return Sentence("several", {"table": table})
    return Sentence(_ALLOWED[kind]) if kind in _ALLOWED else sentence_of(error["msg"])


def _known_keys(key: Key, known: KnownKeys) -> Sentence:
    """The keys of the table of `key`, and the one that was probably meant."""
    table = tuple(part for part in key[:-1] if isinstance(part, str))
    keys = known.get(table, ())
    return Sentence("known_keys", {"keys": ", ".join(keys)}, meant=closest(str(key[-1]), keys))


def closest(text: str, known: Sequence[str]) -> str:
    """The one that was probably meant; empty if none is similar."""
    return next(iter(get_close_matches(text, known, n=1)), "")


def line_numbers(text: str) -> dict[Key, int]:
    """Key -> line, counted from 1, for headers and `key =`. tomllib reports no lines."""
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _table(header[2], counts, is_list=header[1] == "[[")
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault(table + _split(assignment[1]), number)
    return lines


def _table(name: str, counts: dict[Key, int], *, is_list: bool) -> Key:
    """The full key of a header: [shop.delays] below the second [[shop]] is shop[1].delays."""
    parts, table = _split(name), ()  # type: tuple[str, ...], Key
    for part in parts[:-1]:
        table += (part,)
        if table in counts:
            table += (counts[table],)
    table += (parts[-1],)
    if is_list:
        counts[table] = counts.get(table, -1) + 1
        table += (counts[table],)
    return table


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def nearest_line(key: Key, lines: Mapping[Key, int]) -> int | None:
    """The line of `key`, or of the table it is missing from."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return None
