"""One thing that was looked at, and how it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from labelwatch.config import Sentence

Value = str | int | float | datetime | timedelta | Sentence


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and will not for ever, or less well than it could."""
    WRONG = "wrong"
    """Something does not work now."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen. Its words are found by `what`; `values` stand in them and are the evidence."""

    about: str
    """The examination it comes from."""
    level: Level
    what: str
    values: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""
    """Which shop, or which channel."""
    cause: str = ""
    """A cause of the family `blind`, which has words and a remedy of its own; empty = none."""
