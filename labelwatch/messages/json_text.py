"""JSON that people and terminals read: no control character in it."""

import json
import re


def as_json(document: object) -> str:
    """A document as JSON for people and programs; control characters are escaped."""
    return re.sub(r"[^\n]", _escaped, json.dumps(document, ensure_ascii=False, indent=2))


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return character if character.isprintable() else json.dumps(character)[1:-1]
