"""HTTP values: a request, an answer, and a refusal as an exception."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from labelwatch.sandbox.posting_index import dump
from labelwatch.sandbox.shops import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request; header names are lower case, `tick` is real monotonic seconds."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    at: datetime
    tick: float

    @property
    def client_id(self) -> str:
        return self.headers.get("client-id", "")

    def json(self) -> Body:
        """The body as an object; {} for an empty one."""
        if not self.content.strip():
            return {}
        try:
            value = json.loads(self.content)
        except ValueError:
            raise bad_request("request body is not valid JSON") from None
        if not isinstance(value, dict):
            raise bad_request("request body should be an object")
        return value


class Travel(StrEnum):
    """How an answer is sent."""

    WHOLE = "whole"
    CUT = "cut"  # half of the promised body, then the end of the connection
    RESET = "reset"  # no answer, a TCP reset
    DRIP = "drip"  # the body byte by byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; the body is sent `repeat` times, a dripped one with `pause` seconds between bytes."""

    status: int = 200
    body: bytes = b""
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    travel: Travel = Travel.WHOLE
    pause: float = 0.0
    repeat: int = 1


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """An error answer: HTTP status, message, gRPC code, headers beside them."""

    def __init__(self, status: int, message: str, *, code: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}

    def answer(self) -> Answer:
        body: dict[str, Any] = {"code": self.code, "message": self.message, "details": []}
        return Answer(status=self.status, body=dump(body), headers=self.headers)


def section(body: Body, name: str) -> Body:
    """An object inside a body; {} if it is missing."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad_request(f"invalid {name}: value must be an object")
    return value or {}


def rows(body: Body, name: str) -> list[Body]:
    """A list of objects inside a body; [] if it is missing."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise bad_request(f"invalid {name}: value must be a list of objects")
    return value


def integer(value: Any, name: str) -> int:
    """A whole number; Ozon takes int64 as a number and as text."""
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        raise bad_request(f"invalid {name}: value must be an integer") from None


def bad_request(message: str) -> Refusal:
    """400 with code 3, for any invalid request."""
    return Refusal(400, message, code=3)


def not_found(message: str) -> Refusal:
    """404 with code 5."""
    return Refusal(404, message, code=5)
