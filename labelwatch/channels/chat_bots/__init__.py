"""A bot in a group chat: one POST, whose result is only in the code of its answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from labelwatch.channels.base import Ambiguous, Delivered, OutgoingMessage, Permanent, RateLimited, Result, Retry
from labelwatch.channels.http import Answer, HttpOptions, exchange, judged
from labelwatch.channels.redaction import quoted
from labelwatch.messages.message import Message, SizeLimit
from labelwatch.messages.plain import ELLIPSIS, weight

Meaning = Callable[[str], Result]
"""The meaning of a code, given the text of the service."""

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
    """0 is success for every service; an unknown code may be temporary, so the message is retried."""


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
        return self._result(answer) if isinstance(answer, Answer) else answer

    def _result(self, answer: Answer) -> Result:
        failure, code = judged(answer), _code(answer, self.dialect.codes)
        if failure is not None:
            return failure
        if code is None:
            said = f"HTTP {answer.status} {answer.said}".rstrip()
            if answer.is_good:
                return Ambiguous(f"an answer without a code: {said}")
            return Permanent(f"{said}: copy the robot's address into the channel's URL again")
        words = next((str(answer.json[name]) for name in self.dialect.words if answer.json.get(name)), "")
        said = f"code {code} {quoted(words, self.line.secrets, 160)}".rstrip()
        if code == 0:
            return Delivered(said, verified=True) if answer.is_good else Permanent(f"HTTP {answer.status} {said}")
        return self.dialect.meanings.get(code, Retry)(said)


def permanent(what_to_do: str) -> Meaning:
    """Somebody has to change something: `what_to_do`."""
    return lambda said: Permanent(f"{what_to_do} ({said})")


TOKEN_UNKNOWN = permanent(
    "no robot has this token: it was removed from the group or its token was changed; put the token of one that is "
    "there into the channel's URL"
)
SWITCHED_OFF = permanent("the robot was switched off: switch it on in the settings of the group")
ADDRESS_REFUSED = permanent("the robot takes nothing from this machine: add its address to the robot's settings")
KEYWORD_MISSING = permanent(
    "the robot lets only messages with its keyword through: take the keyword out of its security settings and let it "
    "check a signature instead"
)


def too_fast(said: str) -> Result:
    """More messages than the bot may send in a minute; all that write through it count together."""
    return RateLimited(said, _A_MINUTE)


def by_words(meanings: Mapping[str, Meaning], *, otherwise: Meaning) -> Meaning:
    """The meaning of an ambiguous code: that of the first of these words in its text."""

    def meaning(said: str) -> Result:
        heard = said.lower()
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


def _code(answer: Answer, names: tuple[str, ...]) -> int | None:
    """The code under any of its names, a failure before a success; None if it is missing."""
    content = answer.json
    codes = [code for name in names if isinstance(code := content.get(name), int) and abs(code) <= _BIGGEST_CODE]
    return next(filter(None, codes), 0) if codes else None
