"""One request to the Bot API of Telegram, and its answer as a value (https://core.telegram.org/bots/api)."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from labelwatch.channels.base import BadMessage, Permanent, RateLimited, Retry
from labelwatch.channels.http import Answer, Failure, HttpOptions, exchange, judged
from labelwatch.channels.redaction import quoted, secrets_of
from labelwatch.core.text import Text
from labelwatch.i18n import translate

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
    said: dict[str, str | int] = {"status": refusal.code, "raw": refusal.why}
    for code, part, key in _FINAL:
        if refusal.code == code and part in refusal.why.lower():
            return Permanent(Text(key, {**said}))
    return BadMessage(Text("tg_says", {**said}))


def why_not(said: Refusal | Failure) -> str:
    """Why a request failed, in English."""
    return said.why if isinstance(said, Refusal) else translate(said.error, "en")


_FINAL = (
    (401, "", "tg_token"),
    (404, "", "tg_token"),
    (403, "blocked by the user", "tg_blocked"),
    (403, "deactivated", "tg_deleted"),
    (403, "initiate conversation", "tg_start"),
    (403, "not a member", "tg_back"),
    (403, "kicked", "tg_back"),
    (403, "deleted", "tg_back"),
    (403, "", "tg_rights"),
    (400, "chat not found", "tg_chat"),
    (400, "chat_id is empty", "tg_chat"),
    (400, "peer_id_invalid", "tg_chat"),
    (400, "group chat was deactivated", "tg_group_gone"),
    (400, "upgraded to a supergroup", "tg_moved"),
    (400, "thread not found", "tg_topic"),
    (400, "topic_closed", "tg_topic"),
    (400, "topic_deleted", "tg_topic"),
    (400, "not enough rights", "tg_rights"),
    (400, "no rights to send", "tg_rights"),
    (400, "need administrator rights", "tg_rights"),
    (400, "write_forbidden", "tg_rights"),
    (400, "chat_restricted", "tg_rights"),
    (400, "chat_send_plain_forbidden", "tg_rights"),
    (400, "chat_admin_required", "tg_rights"),
)
"""Code of a refusal, a part of its text, and what it means; the first match counts."""


def _read(answer: Answer, secrets: tuple[str, ...]) -> Said:
    """Telegram answers JSON with `ok`; anything else is not Telegram and not a success."""
    content = answer.json
    if content.get("ok") is True and answer.is_good:
        return Done(content.get("result"))
    code = content.get("error_code", answer.status)
    if content.get("ok") is not False or not isinstance(code, int):
        return judged(answer) or Retry(Text("tg_stranger", {"raw": answer.line}))
    parameters = content.get("parameters")
    hints = parameters if isinstance(parameters, dict) else {}
    why = quoted(str(content.get("description", "")), secrets, 200)
    told = replace(answer, said=why).text
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
