"""A bot in a group chat: one POST, whose result is only in the code of its answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeGuard

from labelwatch.channels.base import Ambiguous, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.channels.http import Answer, HttpOptions, exchange, judged
from labelwatch.channels.redaction import quoted
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.messages.message import Message, SizeLimit
from labelwatch.messages.plain import ELLIPSIS, weight

Meaning = Callable[[Text], Result]
"""The meaning of a code, given the code and the text of the service."""

Request = tuple[Mapping[str, str], Mapping[str, object]]
"""The query of the address and the JSON object to send."""

_A_MINUTE = timedelta(minutes=1)
_BIGGEST_CODE = 10**12


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How a service answers: where it puts its code and its text, and what each code means."""

    codes: tuple[str, ...]
    words: tuple[str, ...]
    meanings: Mapping[int, Meaning]
    """What each code means; an unknown one may be temporary, so the message is retried."""
    success: int = 0


@dataclass(frozen=True, slots=True)
class ChatBot:
    """One bot in one group; its address is its password. It has no idempotency: what is sent twice arrives twice."""

    address: str = field(repr=False)
    line: HttpOptions = field(repr=False)
    dialect: ResponseFormat = field(repr=False)
    request: Callable[[OutgoingMessage], Request] = field(repr=False)
    limit: SizeLimit
    account: str = ""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """POST once; earlier messages are not continued, since a bot cannot edit or answer a message."""
        headers = {"User-Agent": "labelwatch", "Content-Type": "application/json; charset=utf-8"}
        query, body = self.request(outgoing)
        # Not escaped, since the services count bytes; half of a surrogate pair becomes a question mark.
        content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        answer = exchange(self.line, "POST", self.address, params=query, headers=headers, content=content)
        return judged_by(self.dialect, answer, self.line.secrets) if isinstance(answer, Answer) else answer


def judged_by(dialect: ResponseFormat, answer: Answer, secrets: tuple[str, ...]) -> Result:
    """What an answer in this format means; its text is quoted without `secrets`."""
    failure, code = judged(answer), _code(answer, dialect)
    if failure is not None:
        return failure
    if code is None:
        said = {"raw": answer.line}
        return Ambiguous(Text("no_code", said)) if answer.is_good else Permanent(Text("robot_url", said))
    words = quoted(
        next((str(part[name]) for part in _parts(answer) for name in dialect.words if part.get(name)), ""),
        secrets,
        160,
    )
    heard = said_with(code, words)
    if code == dialect.success:
        receipt = translate(heard, "en")
        return Delivered(receipt, verified=True) if answer.is_good else Permanent(replace(answer, said=receipt).text)
    return dialect.meanings.get(code, Retry)(heard)


def said_with(code: int, words: str) -> Text:
    """The code of an answer, and the service's own text where there is one."""
    return Text("robot_code" if words else "robot_code_only", {"number": code, "raw": words})


def permanent(key: str) -> Meaning:
    """Somebody has to change something: the text of this key says what."""
    return lambda said: Permanent(Text(key, {"raw": translate(said, "en")}))


TOKEN_UNKNOWN = permanent("robot_token")
SWITCHED_OFF = permanent("robot_off")
ADDRESS_REFUSED = permanent("robot_address")
KEYWORD_MISSING = permanent("robot_keyword")


def too_fast(said: Text) -> Result:
    """More messages than the bot may send in a minute; all that write through it count together."""
    return RateLimited(said, _A_MINUTE)


def by_words(meanings: Mapping[str, Meaning], *, otherwise: Meaning) -> Meaning:
    """The meaning of an ambiguous code: that of the first of these words in its text."""

    def meaning(said: Text) -> Result:
        heard = str(said.values["raw"]).lower()
        return next((means for word, means in meanings.items() if word in heard), otherwise)(said)

    return meaning


def text_of(message: Message) -> str:
    """Title and body as plain text."""
    return f"{message.title}\n\n{message.body}".strip()


def fitted(text: str, most: int) -> str:
    """At most `most` bytes of UTF-8, cut between lines if possible."""
    if weight(text) <= most:
        return text
    kept, _, _ = _cut(text, most - weight(f"\n{ELLIPSIS}")).rpartition("\n")
    return f"{kept.rstrip()}\n{ELLIPSIS}" if kept else _cut(text, most - weight(ELLIPSIS)) + ELLIPSIS


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _parts(answer: Answer) -> list[Mapping[str, object]]:
    """The objects that may hold a code: those of single destinations first, then that of the request."""
    whole = answer.json
    listed = whole.get("data")
    return [*(part for part in listed if isinstance(part, dict)), whole] if isinstance(listed, list) else [whole]


def is_code(found: object) -> TypeGuard[int]:
    """Whether it may be a code: neither true or false nor a number of many digits."""
    return isinstance(found, int) and not isinstance(found, bool) and abs(found) <= _BIGGEST_CODE


def _code(answer: Answer, dialect: ResponseFormat) -> int | None:
    """The code under any of its names, a failure before a success; None if it is missing."""
    found = (part.get(name) for part in _parts(answer) for name in dialect.codes)
    codes = [code for code in found if is_code(code)]
    return next((code for code in codes if code != dialect.success), dialect.success) if codes else None
