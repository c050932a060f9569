"""Applies a fault to an answer."""

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from labelwatch.sandbox.bodies import merged
from labelwatch.sandbox.faults import Fault, Kind
from labelwatch.sandbox.http import Answer, Refusal, Request, Travel
from labelwatch.sandbox.lists import cursor, key_of
from labelwatch.sandbox.posting_index import dump
from labelwatch.sandbox.shops import Body

_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS = {200: "Please wait", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}
_MEGABYTE = b" " * 2**20


def instead(fault: Fault) -> Answer | None:
    """The answer that replaces the true one; None if this fault modifies the true one."""
    make = _INSTEAD.get(fault.kind)
    return make(fault) if make else None


def misheard(fault: Fault, request: Request) -> Request:
    """The request as the fault changes it, like a page that begins one posting too early."""
    if fault.kind is not Kind.DUPLICATES:
        return request
    body = request.json()
    step = 1 if str(body.get("sort_dir", "")).lower() == "desc" else -1
    try:
        first, second, serial = key_of(body["cursor"])
    except Refusal:
        return request
    return replace(request, content=dump({**body, "cursor": cursor((first, second, serial + step))}))


def spoiled(fault: Fault, answer: Answer, *, asked: Request) -> Answer:
    """The true answer as the fault modifies it; a fault for pages leaves an error answer as it is."""
    if fault.kind in _ON_THE_WIRE:
        return _ON_THE_WIRE[fault.kind](fault, answer)
    if answer.status != 200 or fault.kind not in _IN_THE_PAGE:
        return answer
    page = Page(json.loads(answer.body), cursor=asked.json().get("cursor") or "", change=fault.change)
    return replace(answer, body=dump(_IN_THE_PAGE[fault.kind](page)))


def _html(fault: Fault) -> Answer:
    reason = _REASONS.get(fault.status, "Gateway Time-out")
    text = _PAGE.format(status=fault.status, reason=reason)
    return Answer(status=fault.status, body=text.encode(), type="text/html")


def _error(fault: Fault) -> Answer:
    return Refusal(fault.status, fault.message, code=fault.code).answer()


def _legacy(fault: Fault) -> Answer:
    return Answer(body=dump({"error": {"code": "INTERNAL_ERROR", "message": fault.message, "data": []}}))


def _too_many(fault: Fault) -> Answer:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after), "Ratelimit-Remaining": "0"}
    return Refusal(429, "You have reached request rate limit per second", code=8, headers=headers).answer()


def _redirect(fault: Fault) -> Answer:
    return Answer(status=302, headers={"Location": fault.location}, type="text/html")


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(_MEGABYTE) for _ in range(megabytes)) + packer.flush()


_INSTEAD: Mapping[Kind, Callable[[Fault], Answer]] = {
    Kind.HTML: _html,
    Kind.EMPTY: lambda fault: Answer(status=200 if fault.status == 502 else fault.status),
    Kind.NULL: lambda _: Answer(body=b"null"),
    Kind.OBJECT: lambda _: Answer(body=b"{}"),
    Kind.ERROR: _error,
    Kind.ERROR_200: lambda fault: replace(_error(fault), status=200),
    Kind.LEGACY_ERROR: _legacy,
    Kind.TOO_MANY: _too_many,
    Kind.CIRCLE: lambda _: Refusal(500, "Circle is open", code=13).answer(),
    Kind.REDIRECT: _redirect,
    Kind.RESET: lambda _: Answer(travel=Travel.RESET),
    Kind.BOMB: lambda fault: Answer(body=_bomb(fault.megabytes), headers={"Content-Encoding": "gzip"}),
    Kind.HUGE: lambda fault: Answer(body=_MEGABYTE, repeat=fault.megabytes, headers={"Content-Encoding": "identity"}),
}


def _invalid(_: Fault, answer: Answer) -> Answer:
    """Insert an invalid UTF-8 byte into the first string."""
    return replace(answer, body=answer.body.replace(b'"', b'"\xff', 1))


_ON_THE_WIRE: Mapping[Kind, Callable[[Fault, Answer], Answer]] = {
    Kind.CUT: lambda _, answer: replace(answer, travel=Travel.CUT),
    Kind.DRIP: lambda fault, answer: replace(answer, travel=Travel.DRIP, pause=fault.pause),
    Kind.TRUNCATED: lambda _, answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    Kind.INVALID_UTF8: _invalid,
}


@dataclass(frozen=True, slots=True)
class Page:
    """A true page, the cursor of its request, and the change of the fault to a posting."""

    body: Any
    cursor: str
    change: Mapping[str, Any]


def _stuck(page: Page) -> Body:
    given = page.cursor or page.body["cursor"] or cursor((0.0, 0.0, 0))
    return {**page.body, "has_next": True, "cursor": given}


def _empty_page(page: Page) -> Body:
    """No postings, and a cursor of another spelling that leads to the page due here."""
    due = json.loads(b64decode(page.cursor))
    due["again"] = due.get("again", 0) + 1
    return {**page.body, "postings": [], "has_next": True, "cursor": b64encode(dump(due)).decode()}


def _malformed(page: Page) -> Body:
    postings = page.body.get("postings", [])
    middle = len(postings) // 2
    worse = [merged(posting, page.change) for posting in postings[middle : middle + 1]]
    return {**page.body, "postings": [*postings[:middle], *worse, *postings[middle + 1 :]]}


def _text_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(key, _text_ids(inner)) for key, inner in value.items()}
    return [_text_ids(inner) for inner in value] if isinstance(value, list) else value


def _as_text(key: str, value: Any) -> Any:
    is_id = key in ("id", "sku") or key.endswith("_id")
    return str(value) if is_id and isinstance(value, int) else value


_IN_THE_PAGE: Mapping[Kind, Callable[[Page], Any]] = {
    Kind.STUCK_CURSOR: _stuck,
    Kind.EMPTY_PAGE: _empty_page,
    Kind.MALFORMED: _malformed,
    Kind.TEXT_IDS: lambda page: _text_ids(page.body),
}


def packed(answer: Answer, accepts: str) -> Answer:
    """Compress with gzip if the client accepts it, it is worthwhile, and the body is not encoded yet."""
    if "gzip" not in accepts or len(answer.body) < 500 or "Content-Encoding" in answer.headers:
        return answer
    headers = {**answer.headers, "Content-Encoding": "gzip"}
    return replace(answer, body=gzip.compress(answer.body, 1), headers=headers)
