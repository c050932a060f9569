"""What labelwatch itself says, as a key and values; `messages` puts it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    key: str
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)
