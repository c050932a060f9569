"""The keys of labelwatch.toml as its models have them: their names, which are required, and their defaults."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from labelwatch.config import (
    Address,
    Alerts,
    Arrival,
    Audit,
    Channel,
    Config,
    Escalation,
    Group,
    Heartbeat,
    Limits,
    OwnEscalation,
    Ozon,
    PlaceLimits,
    Report,
    Shop,
    Store,
    Web,
)
from labelwatch.core.policy import Delays

SHAPES: dict[str, type] = {
    "top": Config,
    "store": Store,
    "ozon": Ozon,
    "delays": Limits,
    "alerts": Alerts,
    "escalation": Escalation,
    "shop": Shop,
    "shop.escalation": OwnEscalation,
    "shop.warehouse": PlaceLimits,
    "channel": Channel,
    "web": Web,
    "heartbeat": Heartbeat,
    "arrival": Arrival,
    "audit": Audit,
    "report": Report,
    "group": Group,
}
"""Table of the file -> its model; [[shop.delivery_method]] has the keys of [[shop.warehouse]]."""

REQUIRED = {"en": "required", "zh": "必填", "ru": "обязателен"}
# Tables that have rows of their own, and what is in no file.
_NOT_KEYS: dict[type, set[str]] = {
    Config: {
        "store",
        "ozon",
        "delays",
        "alerts",
        "escalation",
        "shop",
        "channel",
        "web",
        "heartbeat",
        "arrival",
        "audit",
        "report",
        "group",
        "warnings",
    },
    Shop: {"delays", "warehouse", "delivery_method", "escalation"},
    PlaceLimits: {"limits"},
}
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def keys_of(name: str) -> list[str]:
    """The keys of a table in the order of its model."""
    found = TypeAdapter(SHAPES[name]).json_schema()["properties"]
    return [key for key in found if key not in _NOT_KEYS.get(SHAPES[name], ())]


def required(name: str) -> set[str]:
    """Those without which the file is refused."""
    return set(TypeAdapter(SHAPES[name]).json_schema().get("required", ())) & set(keys_of(name))


def defaults(name: str) -> Mapping[str, str]:
    """Key -> its default as it would be written; without those whose default is no value."""
    shape = Delays if SHAPES[name] is Limits else SHAPES[name]
    written = {one.name: f"`{text}`" for one in fields(shape) for text in _written(one)}
    return written | dict.fromkeys(Delays().auto, '`"auto"`') if shape is Delays else written


def _written(one: "Field[Any]") -> Iterator[str]:
    default = one.default_factory() if one.default_factory is not MISSING else one.default
    match default:
        case timedelta():
            yield f'"{_duration(default)}"'
        case Address():
            yield f'"{default.host}:{default.port}"'
        case bool() | int() | float() | str():
            yield json.dumps(default)
        case frozenset() if default == frozenset(range(7)):
            yield '"mon-sun"'
        case tuple() | frozenset() if not default:
            yield "[]"


def _duration(length: timedelta) -> str:
    """In the largest unit that leaves no rest; a day is 24 hours, two are days."""
    seconds = int(length.total_seconds())
    usable = ((unit, size) for unit, size in _UNITS if seconds % size == 0 and seconds != 86400 * (unit == "d"))
    unit, size = next(usable) if seconds else ("s", 1)
    return f"{seconds // size}{unit}"
