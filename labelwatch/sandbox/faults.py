"""Faults to inject: which requests they hit, how often and for how long. fault_responses.py applies them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from labelwatch.sandbox.http import Refusal, Request
from labelwatch.sandbox.shops import Body


class Kind(StrEnum):
    """The faults. The first group replaces the answer of the sandbox, the second modifies it."""

    HTML = "html"  # an nginx-like page with `status` (502; 200 is a captcha or provider page)
    EMPTY = "empty"  # `status` and no body
    NULL = "null"
    OBJECT = "object"  # {}
    ERROR = "error"  # {"code", "message"} with `status`
    ERROR_200 = "error_200"  # the same with status 200
    LEGACY_ERROR = "legacy_error"  # {"error": {...}} with status 200
    TOO_MANY = "too_many"  # 429, with Retry-After if `retry_after` is given
    CIRCLE = "circle"  # 500 "Circle is open"
    REDIRECT = "redirect"  # 302 to `location`
    RESET = "reset"
    BOMB = "bomb"  # `megabytes` of blanks, gzipped
    HUGE = "huge"  # `megabytes` of blanks as they are

    CUT = "cut"
    DRIP = "drip"  # `pause` seconds between bytes
    TRUNCATED = "truncated"  # half of the JSON, sent as complete
    INVALID_UTF8 = "invalid_utf8"
    STUCK_CURSOR = "stuck_cursor"  # has_next and the same cursor for ever
    DUPLICATES = "duplicates"  # each page but the first repeats the last posting of the page before
    EMPTY_PAGE = "empty_page"  # a page without postings between others, has_next true
    MALFORMED = "malformed"  # `change` merged into one posting of the page
    TEXT_IDS = "text_ids"  # ids as text


_NUMBERS = ("times", "seconds", "status", "code", "retry_after", "pause", "megabytes")

# These need a page that continues another one; a first page is neither changed nor counted.
LATER_PAGES = frozenset({Kind.DUPLICATES, Kind.EMPTY_PAGE})
OVER_A_PAGE = frozenset({*LATER_PAGES, Kind.STUCK_CURSOR, Kind.MALFORMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. It hits requests whose path begins with `path` and that come from `client_id` (empty: all),
    `times` times (None: always) and for `seconds` of the virtual clock (None: until cleared)."""

    kind: Kind
    path: str = ""
    client_id: str = ""
    times: int | None = None
    seconds: float | None = None
    status: int = 502
    code: int = 13
    message: str = "Internal error"
    retry_after: int | None = None
    location: str = "http://127.0.0.1:9/"
    pause: float = 0.3
    megabytes: int = 200
    change: Mapping[str, Any] = field(default_factory=lambda: {"shipment_date": {"no": "date"}, "order_id": "?"})

    def hits(self, request: Request) -> bool:
        ours = request.path.startswith(self.path) and self.client_id in ("", request.client_id)
        if not ours or (self.kind in OVER_A_PAGE and not request.path.endswith("/list")):
            return False
        return self.kind not in LATER_PAGES or _continues(request)


def _continues(request: Request) -> bool:
    try:
        return bool(request.json().get("cursor"))
    except Refusal:
        return False


def fault_from(body: Body) -> Fault:
    """A fault from JSON, `kind` and any other field; ValueError says what is wrong."""
    wrong = [name for name in _NUMBERS if not isinstance(body.get(name, 0), int | float)]
    if wrong:
        raise ValueError(f"{wrong[0]} must be a number, not {body[wrong[0]]!r}")
    try:
        return replace(Fault(kind=Kind(body["kind"])), **{k: v for k, v in body.items() if k != "kind"})
    except KeyError:
        raise ValueError(f"kind is missing; there are {', '.join(Kind)}") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


@dataclass(slots=True)
class Standing:
    """An active fault: how often it still hits, and until when."""

    fault: Fault
    until: datetime | None
    left: int | None


class Faults:
    """The active faults, oldest first; a request gets the first that hits it."""

    def __init__(self) -> None:
        self._standing: list[Standing] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, *, now: datetime) -> None:
        until = None if fault.seconds is None else now + timedelta(seconds=fault.seconds)
        with self._lock:
            self._standing.append(Standing(fault, until, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()

    def for_request(self, request: Request) -> Fault | None:
        """The fault for this request, which is counted."""
        with self._lock:
            self._standing = [s for s in self._standing if s.left != 0 and not _over(s, request.at)]
            chosen = next((s for s in self._standing if s.fault.hits(request)), None)
            if chosen and chosen.left is not None:
                chosen.left -= 1
            return chosen.fault if chosen else None


def _over(standing: Standing, now: datetime) -> bool:
    return standing.until is not None and now >= standing.until
