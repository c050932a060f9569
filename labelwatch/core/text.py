"""What labelwatch itself says, as a key and values; `i18n` and `messages` put it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = "str | int | tuple[str, ...] | Text"


@dataclass(frozen=True, slots=True)
class Text:
    key: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)
