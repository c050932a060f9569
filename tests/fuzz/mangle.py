"""What a stranger may send: a sound answer that is damaged somewhere, or something else altogether."""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

CANARY = "canary7d3b0f5e9c1a"
"""A secret that must not be told back."""

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1e308, float("nan"), float("inf")),
        *("", " ", "0", "-1", "true", "9" * 5000, "\x00", "\ud800", "\u202egnp", "\x1b[31mred", "é" * 300, CANARY),
        *("2026-11-23T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-02-30"),
        *("http://127.0.0.1:9/", [], {}, [[]], [None], {"": None}, {"id": {"id": {}}}),
    ]
)
ANYTHING = st.recursive(
    ODD | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NONSENSE = st.sampled_from(
    [
        *(
            b"[" * 60_000,
            b'{"a":' * 10_000,
            b"9" * 6000,
            b'{"a":' + b"9" * 6000 + b"}",
            b'{"a":' + b"9" * 4000 + b"}",
        ),
        *(b"", b"null", b"{}", b"[]", b'""', b"0", b"{", b"NaN", b"1e999", b'{"ok": true}', b'{"ok": false}'),
        *(b"\xff\xfe", b"\xef\xbb\xbf{}", b"\x00" * 100, b'"\\ud800"'),
        *(CANARY.encode(), f"<html>{CANARY}</html>".encode()),
    ]
)


@st.composite
def altered(draw: st.DrawFn, sound: Any) -> Any:
    """A copy of a JSON value with one to three of its parts replaced, removed or doubled."""
    value = deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return deepcopy(draw(ANYTHING))
        parent, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(("replace", "remove", "double"))):
            case "replace":
                parent[key] = deepcopy(draw(ANYTHING))
            case "remove":
                del parent[key]
            case _ if isinstance(parent, list):
                parent.append(deepcopy(parent[key]))
            case _:
                parent[draw(st.text(max_size=8))] = deepcopy(parent[key])
    return value


@st.composite
def bodies(draw: st.DrawFn, *sound: Any) -> bytes:
    """The bytes of one of these JSON values: sound, altered, or damaged on the way; or nonsense."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(NONSENSE)
    if how == 1:
        return draw(st.binary(max_size=60))
    value = draw(st.sampled_from(sound))
    if how > 2:
        value = draw(altered(value))
    body = json.dumps(value).encode()
    return draw(damaged(body)) if how == 3 else body


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The bytes cut off, with some of them changed, or with others in between."""
    at = draw(st.integers(0, len(body)))
    match draw(st.sampled_from(("cut", "change", "insert"))):
        case "cut":
            return body[:at]
        case "change":
            return body[:at] + draw(st.binary(min_size=1, max_size=3)) + body[at + 1 :]
        case _:
            return body[:at] + draw(st.binary(min_size=1, max_size=8)) + body[at:]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or index) in a JSON value."""
    if isinstance(value, Mapping):
        inside: Sequence[tuple[Any, Any]] = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    for key, part in inside:
        yield value, key
        yield from _places(part)


def is_fit_to_show(text: str, *, most: int = 800) -> bool:
    """Whether it holds no secret, nothing that steers a terminal or turns the line, and is not endless."""
    steers = any(
        ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067" for c in text
    )
    return CANARY not in text.lower() and not steers and len(text) <= most
