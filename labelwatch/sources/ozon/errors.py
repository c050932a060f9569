"""Classifies unusable answers of Ozon: one named trouble and a line for people."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from labelwatch.sources import SourceError, Trouble
from labelwatch.sources.ozon.repair import decoded_in_parts, is_utf8, repaired

T = TypeVar("T")

DAMAGED = "damaged characters in it"

MESSAGE = 300
"""The maximum length of a message from Ozon."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, its body inflated; header names are lower case.

    Neither the body (it contains the buyer) nor the secret that was sent is ever shown.
    """

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    secret: str = field(default="", repr=False)

    @property
    def told_at(self) -> datetime | None:
        """The time at the server by its Date header, in whole seconds; None = none given."""
        try:
            told = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        # A date in the zone "-0000" is parsed as naive; HTTP dates are always in UTC.
        return told if told.tzinfo else told.replace(tzinfo=UTC)


class _Words(msgspec.Struct):
    code: str | int | None = None
    message: str | None = None


class _Envelope(msgspec.Struct):
    code: str | int | None = None
    message: str | None = None
    error: _Words | str | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)

# Ozon's message is decisive, not its status: a wrong key was seen as 401, 403 and 404.
# From "Errors" in the Seller API documentation; the order matters, the narrow ones come first.
_BY_MESSAGE = tuple(
    (re.compile(pattern, re.IGNORECASE), trouble)
    for pattern, trouble in (
        (r"api-?key.{0,20}(deactivated|expired)", Trouble.KEY_EXPIRED),
        (r"restricted to specific ip", Trouble.IP_NOT_ALLOWED),
        (r"client (is )?blocked", Trouble.ACCOUNT_BLOCKED),
        (r"missing a required role|permission denied", Trouble.ROLE_MISSING),
        (r"offer not signed", Trouble.OFFER_NOT_SIGNED),
        (r"invalid api-?key|api-?key headers? (is|are) required", Trouble.KEY_REJECTED),
        (r"client-?id.{0,30}(positive|invalid|required)", Trouble.KEY_REJECTED),
        (r"method (is )?not allowed|obsolete method|^not found$", Trouble.METHOD_RETIRED),
        (r"rate limit", Trouble.RATE_LIMITED),
        (r"circle is open|internal (server )?error", Trouble.OZON_DOWN),
    )
)
_POSTING_MISSING = re.compile(r"posting.{0,40}not.?found|unknown posting number", re.IGNORECASE)
_REFUSALS = frozenset((200, 400, 404, 409))
_ILL_ASKED = re.compile(r"validation error|value must|syntax error|proto:|json|unknown field", re.IGNORECASE)
# Control characters could forge log lines, direction marks could reorder what people read.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
_BIGGEST_ERROR = 65536
_TITLE = re.compile(rb"<title[^>]*>([^<]+)", re.IGNORECASE)
_BIGGEST_TITLE = 4096
"""Bytes of a web page that are searched for its title."""


def failure(answer: Answer, problem: str = "") -> SourceError:
    """The error to raise for an answer that cannot be used.

    `problem` says what was missing in an answer with status 200.
    """
    message = message_of(answer.body)
    trouble = _by_message(message) or _by_status(answer, bare=not message)
    detail = _detail(answer, message or _looks(answer) or problem)
    return SourceError(trouble, detail, retry_after=retry_after(answer.headers))


def broken_off(answer: Answer) -> SourceError:
    """The error to raise for truncated JSON."""
    return SourceError(Trouble.OZON_DOWN, _detail(answer, "the answer breaks off"))


def decoded(decoder: msgspec.json.Decoder[T], answer: Answer, *, problem: str, checked: bool = True) -> T:
    """The body as the decoder's structure; `problem` says what is missing if it does not fit. Raises SourceError.

    `checked`: a body that is not text is refused; else the caller checks that, since skipped parts are not decoded.
    """
    if answer.status != 200:
        raise failure(answer)
    if checked and not is_utf8(answer.body):
        raise failure(answer, DAMAGED)
    with suppress(ValueError, RecursionError):
        return decoder.decode(answer.body)
    try:
        return decoder.decode(repaired(answer.body))
    except (ValueError, RecursionError) as error:
        # Without the cause: the decoder's error may contain the bytes, and so the buyer.
        raised = broken_off(answer) if "truncated" in str(error) else failure(answer, problem)
    raise raised


def decoded_loosely(
    decoder: msgspec.json.Decoder[T], answer: Answer, *, problem: str, needed: Callable[[str], bool]
) -> T:
    """As `decoded`, but without the values that do not fit the structure unless they are `needed`, by their path."""
    try:
        return decoded(decoder, answer, problem=problem)
    except SourceError as error:
        raised = error
    with suppress(ValueError, RecursionError):
        if answer.status == 200 and is_utf8(answer.body):
            return decoded_in_parts(decoder, repaired(answer.body), needed=needed)[0]
    raise raised


def unwrapped(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, answer: Answer, *, problem: str) -> T:
    """A part of the body as the decoder's structure. Raises SourceError."""
    try:
        return decoder.decode(raw)
    except (ValueError, RecursionError):
        raise failure(answer, problem) from None


def refusal(answer: Answer) -> str:
    """Ozon's reason for a refusal; empty if it does not concern the postings, but the key, the rate or the form of
    the request."""
    message = message_of(answer.body)
    if answer.status not in _REFUSALS or _by_message(message) or _ILL_ASKED.search(message):
        return ""
    return clean(_redact(message, answer.secret), MESSAGE)


def is_posting_missing(answer: Answer) -> bool:
    """True when Ozon knows no such posting: not the same as an unknown method or key.

    The status does not decide: a wrong key is answered with 404 and code 5 as well.
    """
    message = message_of(answer.body)
    return bool(_POSTING_MISSING.search(message)) and _by_message(message) is None


def message_of(body: bytes) -> str:
    """Ozon's message in either of its two error formats; empty if it gave none."""
    if len(body) > _BIGGEST_ERROR:
        return ""
    try:
        said = _ENVELOPE.decode(repaired(body))
    except (ValueError, RecursionError):
        return ""
    inner = said.error if isinstance(said.error, _Words) else said
    return next((word for word in (inner.message, inner.code) if isinstance(word, str) and word), "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header; a date is relative to the server's own Date."""
    hint = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", hint):
        return float(hint)
    try:
        wait = parsedate_to_datetime(hint) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def clean(text: str, limit: int) -> str:
    """The text on one line, without control and direction characters, at most `limit` characters long."""
    return _UNPRINTABLE.sub(" ", text).strip()[:limit]


def _by_message(message: str) -> Trouble | None:
    return next((trouble for pattern, trouble in _BY_MESSAGE if pattern.search(message)), None)


def _by_status(answer: Answer, *, bare: bool) -> Trouble:
    status = answer.status
    if status == 429:
        return Trouble.RATE_LIMITED
    if 300 <= status < 400:
        return Trouble.NOT_UNDERSTOOD
    if status >= 500 or status == 408 or _is_html(answer):
        return Trouble.OZON_DOWN
    if status in (405, 410) or (status == 404 and bare):
        return Trouble.METHOD_RETIRED
    return Trouble.KEY_REJECTED if status == 401 else Trouble.NOT_UNDERSTOOD


def _is_html(answer: Answer) -> bool:
    start = answer.body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") or "text/html" in answer.headers.get("content-type", "").lower()


def _looks(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "a redirect, which is never followed: is a proxy or login page in between?"
    if not _is_html(answer):
        return ""
    # No more of the body is kept anywhere: it names the proxy or portal, and no buyer.
    title = _TITLE.search(answer.body[:_BIGGEST_TITLE])
    named = f" ({clean(title[1].decode('utf-8', 'replace'), 60)})" if title else ""
    return f"a web page instead of data{named}"


def _detail(answer: Answer, words: str) -> str:
    parts = [answer.path, f"HTTP {answer.status}", clean(_redact(words, answer.secret), 200)]
    trace = clean(_redact(answer.headers.get("x-o3-trace-id", ""), answer.secret), 64)
    return ": ".join(part for part in parts if part) + (f" (trace {trace})" if trace else "")


def _redact(text: str, secret: str) -> str:
    # Shorter ones are not real keys, and hiding every "key" would hide Ozon's message.
    if len(secret) < 8:
        return text
    return re.sub(re.escape(secret), "***", _UNPRINTABLE.sub(" ", text), flags=re.IGNORECASE)
