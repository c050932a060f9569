"""The result of a check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.config import Sentence
from labelwatch.core.text import Text

Value = str | int | float | datetime | timedelta | Sentence | Text


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not for ever, or less well than it could."""
    WRONG = "wrong"
    """Something does not work now."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found. `what` is the key of its texts; `values` are their placeholders and the evidence."""

    about: str
    """The check that made it."""
    level: Level
    what: str
    values: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    """Which shop, or which channel."""
    cause: str = ""
    """A cause of the family `blind`, which has texts and a remedy of its own; empty = none."""
