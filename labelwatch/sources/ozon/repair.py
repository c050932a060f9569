"""Repairs damaged answers of Ozon: the broken part is removed, the rest is read.

Broken strings are corrected in the bytes, since a decoder refuses them even where it only skips them. A value of
another type than expected is left out, one at a time; the caller names the required ones.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MOST_ODD = 50
"""Values left out of one posting; a posting with more invalid values is refused."""

_BLANKS = bytes.maketrans(bytes(range(0x20)), b" " * 0x20)
_SURROGATES = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_OTHERS = rb"u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
_ESCAPE = re.compile(rb'\\(?:["\\/bfnrt]|' + _SURROGATES + rb"|" + _OTHERS + rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|())")
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]')
_DEEPEST = 50
"""Levels; a page of Ozon has about eight."""
_UNKNOWN = rb"\ufffd"
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_LONGEST_NUMBER = 100
"""Digits; a longer number would only make the program slow."""


class NeededError(ValueError):
    """A required value is invalid; `path` is relative to the whole."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


def is_utf8(body: bytes | memoryview) -> bool:
    """Whether the bytes are valid text; a decoder does not check those it skips."""
    try:
        str(body, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def repaired(body: bytes) -> bytes:
    """The JSON with spaces for raw control characters, U+FFFD for half characters and unknown escapes, and null for
    what is nested deeper than a decoder follows."""
    strings = _ESCAPE.sub(lambda found: _UNKNOWN if found.lastindex else found[0], body.translate(_BLANKS))
    return _flattened(strings)


def _flattened(body: bytes) -> bytes:
    parts, depth, kept_to = [], 0, 0
    for found in _BRACKETS.finditer(body):
        if found[0] in (b"[", b"{"):
            depth += 1
            if depth == _DEEPEST + 1:
                parts.append(body[kept_to : found.start()])
        elif found[0] in (b"]", b"}"):
            if depth == _DEEPEST + 1:
                parts.append(b"null")
                kept_to = found.end()
            depth -= 1
    return b"".join((*parts, body[kept_to:])) if depth == 0 else body


def decoded_in_parts(
    decoder: msgspec.json.Decoder[T], raw: bytes, *, needed: Callable[[str], bool]
) -> tuple[T, tuple[tuple[str, str], ...]]:
    """The structure without the values that do not fit it, and where these were and why; ValueError if not JSON.

    Raises NeededError for a value whose path is `needed`; parts of such a value may be left out.
    """
    odd: list[tuple[str, str]] = []
    body: Any = None
    while len(odd) <= MOST_ODD:
        try:
            return decoder.decode(raw), tuple(odd)
        except msgspec.ValidationError as error:
            path, problem = place(error)
        if not path or needed(path):
            raise NeededError(path, problem)
        body = _plain(raw) if body is None else body
        _leave_out(body, path)
        odd.append((path, problem))
        raw = json.dumps(body).encode()
    raise NeededError("", "too many values make no sense")


def place(error: Exception) -> tuple[str, str]:
    """Where the decoder failed, and on what type; never the value."""
    if not isinstance(error, msgspec.ValidationError):
        return "", "invalid JSON"
    problem, _, path = str(error).partition(" - at `$")
    return path.rstrip("`"), problem


def _plain(raw: bytes) -> Any:
    return json.loads(raw, parse_float=_number, parse_int=_number, parse_constant=lambda _: None)


def _number(text: str) -> float | int | None:
    """A finite number of reasonable length; None for any other."""
    if len(text) > _LONGEST_NUMBER:
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    value = float(text)
    return value if abs(value) < float("inf") else None


def _leave_out(body: Any, path: str) -> None:
    """Remove the value at a path from its object or list, or its container where the path is not exact."""
    steps = [name or int(index) for name, index in _STEP.findall(path.partition("[...]")[0])]
    for step in steps[:-1]:
        body = body[step]
    del body[steps[-1]]
