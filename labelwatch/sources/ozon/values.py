"""Plain values from Ozon, validated: their types vary, and a text may contain anything."""

import functools
import math
import re
from datetime import UTC, datetime

from labelwatch.sources.ozon.errors import clean

Loose = str | int | float | bool | None
"""A plain value whose type has varied (ids arrive as numbers and as text)."""

WORD = 64
"""The maximum length of an id or a status."""
NAME = 120
"""The maximum length of a name."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
# What other languages write for "no time": zero values, and "never".
_NO_YEAR = frozenset(("0001", "1970", "9999"))


def text(value: object, limit: int = WORD) -> str:
    """The value on one line, without control characters, at most `limit` long; empty if it is not text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = _number_as_text(value)
    if len(value) <= limit and value.isprintable():
        return value.strip()
    return clean(value, limit)


def time(value: Loose) -> datetime | None:
    """A time of RFC 3339 in UTC; None if empty or "never". Raises ValueError for anything else."""
    return None if value is None or value == "" else _moment(value if isinstance(value, str) else "")


def count(value: Loose) -> int:
    """A count; 0 if it is not one."""
    digits = text(value)
    return int(digits) if len(digits) < 10 and digits.isascii() and digits.isdigit() else 0


def number(value: Loose) -> float:
    """A finite number, also from text; 0 if it is not one."""
    try:
        found = float(value or 0)
    except (ValueError, OverflowError):
        return 0.0
    return found if math.isfinite(found) else 0.0


def amount(value: Loose) -> float:
    """A weight, a size or a price: a number that cannot be negative."""
    return max(0.0, number(value))


# Cutoffs and tariff steps of a warehouse are at the same times every day.
@functools.lru_cache(maxsize=4096)
def _moment(value: str) -> datetime | None:
    if not _TIME.fullmatch(value):
        raise ValueError("not a time of RFC 3339 with its zone")
    return None if value[:4] in _NO_YEAR else datetime.fromisoformat(value).astimezone(UTC)


def _number_as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
