"""One request to the Bot API of Telegram, and its answer as a value (https://core.telegram.org/bots/api)."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from labelwatch.channels.base import BadMessage, Permanent, RateLimited, Retry
from labelwatch.channels.http import Answer, Failure, HttpOptions, exchange, judged
from labelwatch.channels.redaction import quoted, secrets_of

API = "https://api.telegram.org"

_LONGEST_ID = 64
_LONGEST_PAUSE = 24 * 3600


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a successful request."""

    result: Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """Telegram understood and declined; `why` in its own words."""

    code: int
    why: str
    moved_to: str = ""
    """The id that the group has since it became a supergroup."""


Said = Done | Refusal | Failure


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot: its token, where its API is, and how that is reached. The token is never shown."""

    token: str = field(repr=False)
    line: HttpOptions = field(repr=False)
    base: str = field(default=API, repr=False)

    @property
    def account(self) -> str:
        """The same for two channels of one bot, without revealing its token."""
        return f"telegram {hashlib.sha256(self.token.encode()).hexdigest()[:12]}"

    def ask(self, method: str, *, deadline: timedelta | None = None, **request: Any) -> Said:
        """Call a method once; `request` as for httpx, by default within the deadline of the options."""
        secrets = (self.token, *secrets_of(f"tgram://{self.token}"), *self.line.secrets)
        line = replace(self.line, secrets=secrets, deadline=deadline or self.line.deadline)
        answer = exchange(line, "POST", f"{self.base}/bot{self.token}/{method}", **request)
        return _read(answer, secrets) if isinstance(answer, Answer) else answer


def meaning(refusal: Refusal) -> Permanent | BadMessage:
    """What a refusal to send or to edit a message means, in a text that says what to change."""
    said = f"Telegram says {refusal.code} “{refusal.why}”"
    for code, part, change in _FINAL:
        if refusal.code == code and part in refusal.why.lower():
            return Permanent(f"{change} ({said})")
    return BadMessage(said)


_TOKEN = "the bot's token is not valid (any more): take the present one from @BotFather"  # noqa: S105
_START = "the bot may not write first: open it in Telegram and press Start, in a group add it as a member"
_BACK = "the bot was removed from the chat: add it again, or name another chat"
_RIGHTS = "the bot may not write in this chat: let it send messages, in a channel make it an administrator"
_CHAT = "there is no such chat for this bot: check its id (of a group it begins with -) and add the bot to it"
_TOPIC = "this topic of the group is closed or gone: open it again, or name another one in the URL"

_FINAL = (
    (401, "", _TOKEN),
    (404, "", _TOKEN),
    (403, "blocked by the user", "the bot is blocked: unblock it in its chat, or name another chat"),
    (403, "deactivated", "the account of this chat was deleted: name another chat"),
    (403, "initiate conversation", _START),
    (403, "not a member", _BACK),
    (403, "kicked", _BACK),
    (403, "deleted", _BACK),
    (403, "", _RIGHTS),
    (400, "chat not found", _CHAT),
    (400, "chat_id is empty", _CHAT),
    (400, "peer_id_invalid", _CHAT),
    (400, "group chat was deactivated", "this group was deleted: name another chat"),
    (400, "upgraded to a supergroup", "the group has a new id: look it up and change the channel's URL"),
    (400, "thread not found", _TOPIC),
    (400, "topic_closed", _TOPIC),
    (400, "topic_deleted", _TOPIC),
    (400, "not enough rights", _RIGHTS),
    (400, "no rights to send", _RIGHTS),
    (400, "need administrator rights", _RIGHTS),
    (400, "write_forbidden", _RIGHTS),
    (400, "chat_restricted", _RIGHTS),
    (400, "chat_send_plain_forbidden", _RIGHTS),
    (400, "chat_admin_required", _RIGHTS),
)
"""Code of a refusal, a part of its text, and what to change; the first match counts."""


def _read(answer: Answer, secrets: tuple[str, ...]) -> Said:
    """Telegram answers JSON with `ok`; anything else is not Telegram and not a success."""
    content, said = answer.json, f"HTTP {answer.status} {answer.said}".rstrip()
    if content.get("ok") is True and answer.is_good:
        return Done(content.get("result"))
    code = content.get("error_code", answer.status)
    if content.get("ok") is not False or not isinstance(code, int):
        return judged(answer) or Retry(f"no answer of Telegram: {said}")
    parameters = content.get("parameters")
    hints = parameters if isinstance(parameters, dict) else {}
    why = quoted(str(content.get("description", "")), secrets, 200)
    told = f"HTTP {answer.status} {why}".rstrip()
    if code == 429:
        return RateLimited(told, _pause(hints.get("retry_after")))
    if not 400 <= code < 500:
        return Retry(told)
    return Refusal(code, why, _moved_to(hints.get("migrate_to_chat_id")))


def _moved_to(chat: object) -> str:
    """The new id of a group; empty if it is not an id."""
    text = str(chat) if isinstance(chat, int | str) else ""
    return text if len(text) <= _LONGEST_ID else ""


def _pause(wish: object) -> timedelta:
    """How long Telegram asks to wait; half a minute if it does not say."""
    seconds = wish if isinstance(wish, int) and wish > 0 else 30
    return timedelta(seconds=min(seconds, _LONGEST_PAUSE))
