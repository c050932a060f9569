"""`max://TOKEN/CHAT_ID` and `vk://TOKEN/PEER_ID`: a bot in MAX, a community in VK. Plain text, with a receipt.

Apprise knows neither, so their URLs are made known to it here; it never sends to them.

https://dev.max.ru/docs-api/methods/POST/messages, https://dev.vk.com/method/messages.send
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apprise import NotifyBase
from apprise.decorators import notify

from labelwatch.channels.base import (
    Ambiguous,
    BadMessage,
    Delivered,
    OutgoingMessage,
    Permanent,
    Result,
    Retry,
    stamp_of,
)
from labelwatch.channels.chat_bots import Meaning, is_code, permanent, said_with, text_of, too_fast
from labelwatch.channels.http import Answer, HttpOptions, exchange, judged
from labelwatch.channels.redaction import quoted
from labelwatch.core.text import Text
from labelwatch.messages.message import SizeLimit

LIMIT = SizeLimit(4000)
"""Characters of one message in MAX; VK takes 4096."""
_TOKEN, _TARGET, _RIGHTS = permanent("push_token"), permanent("push_target"), permanent("push_rights")
_MAX_MEANINGS: Mapping[int, Meaning] = {401: _TOKEN, 403: _RIGHTS, 404: _TARGET}
_VK_MEANINGS: Mapping[int, Meaning] = {
    **dict.fromkeys((5, 27, 28, 1117), _TOKEN),
    **dict.fromkeys((6, 9, 29), too_fast),
    **dict.fromkeys((7, 15, 900, 901, 902, 917), _RIGHTS),
    **dict.fromkeys((100, 936, 940), _TARGET),
    914: BadMessage,
}
"""https://dev.vk.com/reference/errors"""
_VK_VERSION = "5.199"
_RANDOM_BITS = 31


@dataclass(frozen=True, slots=True)
class Messenger:
    """One chat of one bot; the token is in `request` and never shown."""

    address: str
    line: HttpOptions = field(repr=False)
    request: Callable[[OutgoingMessage], Mapping[str, Any]] = field(repr=False)
    """The arguments of httpx.Client.request."""
    result: Callable[[Answer, tuple[str, ...]], Result] = field(repr=False)
    limit: SizeLimit = LIMIT
    account: str = ""

    def send(self, outgoing: OutgoingMessage) -> Result:
        """POST once; earlier messages are not continued."""
        answer = exchange(self.line, "POST", self.address, **self.request(outgoing))
        if not isinstance(answer, Answer):
            return answer
        return judged(answer) or self.result(answer, self.line.secrets)


@notify(on="max", name="MAX")  # type: ignore[no-untyped-call, untyped-decorator]
def _max(*_: object, **__: object) -> bool:
    return False


@notify(on="vk", name="VK")  # type: ignore[no-untyped-call, untyped-decorator]
def _vk(*_: object, **__: object) -> bool:
    return False


def wrong_chat(service: NotifyBase) -> str | None:
    """What is wrong with the parts of such a URL; None if nothing is."""
    if not re.fullmatch(r"-?\d+", _chat(service)):
        return "names no chat: after the token and a slash comes its number, that of a group in MAX with its minus"
    return None


def open_max(service: NotifyBase, line: HttpOptions, *, api_base: str = "") -> Messenger:
    """`api_base` replaces MAX's own address, whose certificate is issued by the Russian national authority."""

    def request(outgoing: OutgoingMessage) -> Mapping[str, Any]:
        return {
            "params": {"chat_id": _chat(service)},
            "headers": {"User-Agent": "labelwatch", "Authorization": service.host},
            "json": {"text": _text(outgoing), "notify": not outgoing.quiet},
        }

    return Messenger(
        f"{(api_base or 'https://platform-api2.max.ru').rstrip('/')}/messages", line, request, _max_result
    )


def open_vk(service: NotifyBase, line: HttpOptions, *, api_base: str = "") -> Messenger:
    """`api_base` replaces VK's own address. VK sends what has the same random_id once."""

    def request(outgoing: OutgoingMessage) -> Mapping[str, Any]:
        return {
            "headers": {"User-Agent": "labelwatch"},
            "data": {
                "access_token": service.host,
                "v": _VK_VERSION,
                "peer_id": _chat(service),
                "random_id": str(_random_id(outgoing.key)),
                "message": _text(outgoing),
            },
        }

    return Messenger(
        f"{(api_base or 'https://api.vk.com').rstrip('/')}/method/messages.send", line, request, _vk_result
    )


def _random_id(key: str) -> int:
    """The same positive number of 31 bits for every retry of a message."""
    return int.from_bytes(stamp_of(key).encode()) % ((1 << _RANDOM_BITS) - 1) + 1


def _max_result(answer: Answer, secrets: tuple[str, ...]) -> Result:
    body = answer.json
    if answer.is_good:
        message = body.get("message")
        inner = message.get("body") if isinstance(message, dict) else None
        mid = inner.get("mid") if isinstance(inner, dict) else None
        return _delivered(mid, answer, secrets)
    words = quoted(str(body.get("message") or body.get("code") or ""), secrets, 160)
    said = Text("status_said" if words else "status", {"status": answer.status, "raw": words})
    return _MAX_MEANINGS.get(answer.status, BadMessage)(said)


def _vk_result(answer: Answer, secrets: tuple[str, ...]) -> Result:
    error = answer.json.get("error")
    if not isinstance(error, dict):
        if not answer.is_good:
            return Permanent(Text("robot_url", {"raw": answer.line}))
        return _delivered(answer.json.get("response"), answer, secrets)
    words, given = quoted(str(error.get("error_msg") or ""), secrets, 160), error.get("error_code")
    code = given if is_code(given) else 0
    return _VK_MEANINGS.get(code, Retry)(said_with(code, words))


def _delivered(number: object, answer: Answer, secrets: tuple[str, ...]) -> Result:
    """Delivered under a number; without one it may have arrived."""
    if isinstance(number, bool) or not isinstance(number, int | str) or not number:
        return Ambiguous(Text("no_code", {"raw": answer.line}))
    return Delivered(f"message {quoted(str(number), secrets, 80)}", verified=True)


def _chat(service: NotifyBase) -> str:
    return str(service.fullpath or "").strip("/")


def _text(outgoing: OutgoingMessage) -> str:
    """Title and body in the characters that a request may hold."""
    return text_of(outgoing.message).encode("utf-8", "replace").decode()[: LIMIT.most]
