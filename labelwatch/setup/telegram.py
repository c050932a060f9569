"""First requests to a Telegram bot: its name, and the chats in which people write to it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from labelwatch.channels.base import Retry
from labelwatch.channels.http import Failure, HttpOptions
from labelwatch.channels.telegram.api import API, Bot, Done, Refusal, Said
from labelwatch.core.text import Text
from labelwatch.messages.plain import plain

DEADLINE = timedelta(seconds=15)
_MOST_UPDATES = 100
_HEARD = ("message", "edited_message", "channel_post", "my_chat_member")
_GONE = frozenset({"left", "kicked"})


@dataclass(frozen=True, slots=True)
class Chat:
    """Where the bot may write: a person, a group or a channel; `topic` of a group, None = the group itself."""

    id: str
    title: str
    kind: str
    """private, group, supergroup or channel, as in the Bot API."""
    topic: int | None = None

    @property
    def address(self) -> str:
        """Its form in the URL of a channel."""
        return self.id if self.topic is None else f"{self.id}:{self.topic}"


@dataclass(frozen=True, slots=True)
class Heard:
    """The chats of the updates, the latest first, and the number of the next update."""

    chats: tuple[Chat, ...]
    next: int


def bot_of(token: str, *, api_base: str = "", proxy: str = "") -> Bot:
    """The bot with this token, at Telegram's own address or another one."""
    return Bot(token, HttpOptions(DEADLINE, (token,), proxy, private=True), (api_base or API).rstrip("/"))


def token(text: str) -> str:
    """The token in what was pasted, be it the whole answer of BotFather; raises ValueError."""
    found = re.search(r"\d{5,}:[A-Za-z0-9_-]{20,}", text)
    if not found:
        raise ValueError("no token")
    return found[0]


def chat_address(text: str) -> str:
    """An id, @name, or id:topic; raises ValueError."""
    found = re.fullmatch(r"(-?\d{1,20}|@[A-Za-z][A-Za-z0-9_]{3,})(:\d+)?", text.strip())
    if not found:
        raise ValueError("no chat")
    return found[0]


def name_of(bot: Bot) -> str | Refusal | Failure:
    """The bot's @name without the @, so that people can find it; or the error."""
    said = bot.ask("getMe", json={})
    if not isinstance(said, Done):
        return said
    return str(said.result.get("username", "")) if isinstance(said.result, dict) else ""


def listen(bot: Bot, *, after: int, wait: timedelta) -> Heard | Refusal | Failure:
    """The chats that wrote to the bot; waits if there are none. One update per request, so that none is cut off."""
    found: dict[str, Chat] = {}
    heard = _updates(bot, after, timedelta(0))
    if isinstance(heard, Done) and not heard.result:
        heard = _updates(bot, after, wait)
    for _ in range(_MOST_UPDATES):
        if not isinstance(heard, Done):
            return heard
        updates = _numbered(heard.result)
        if updates is None:
            return Retry(Text("tg_stranger", {"raw": "it holds no update"}))
        if not updates:
            break
        for number, update in updates:
            after = max(after, number + 1)
            _note(found, update)
        heard = _updates(bot, after, timedelta(0))
    return Heard(tuple(reversed(found.values())), after)


def _updates(bot: Bot, after: int, wait: timedelta) -> Said:
    question = {"offset": after, "limit": 1, "timeout": int(wait.total_seconds()), "allowed_updates": _HEARD}
    return bot.ask("getUpdates", deadline=wait + bot.line.deadline, json=question)


def _numbered(result: object) -> list[tuple[int, dict[str, Any]]] | None:
    """The updates of an answer with their numbers, without invalid ones; None = all are invalid."""
    listed = result if isinstance(result, list) else [result]
    updates = [one for one in listed if isinstance(one, dict) and isinstance(one.get("update_id"), int)]
    return [(one["update_id"], one) for one in updates] if updates or not listed else None


def _note(found: dict[str, Chat], update: dict[str, Any]) -> None:
    """Keep the chat of an update as the latest; forget one that the bot was removed from, or that moved."""
    for kind in _HEARD:
        content = update.get(kind)
        chat = _chat(content) if isinstance(content, dict) else None
        if not isinstance(content, dict) or chat is None:
            continue
        found.pop(chat.address, None)
        member, moved = content.get("new_chat_member"), content.get("migrate_to_chat_id")
        if isinstance(member, dict) and str(member.get("status", "")) in _GONE:
            _forget(found, chat.id)
        elif isinstance(moved, int):
            _forget(found, chat.id)
            found[str(moved)] = replace(chat, id=str(moved), kind="supergroup")
        else:
            found[chat.address] = chat


def _forget(found: dict[str, Chat], id_: str) -> None:
    for gone in _same(found.values(), id_):
        del found[gone.address]


def _same(chats: Iterable[Chat], id_: str) -> list[Chat]:
    return [chat for chat in chats if chat.id == id_]


def _chat(content: dict[str, Any]) -> Chat | None:
    chat = content.get("chat")
    if not isinstance(chat, dict) or not isinstance(chat.get("id"), int):
        return None
    names = (chat.get("title"), f"{chat.get('first_name') or ''} {chat.get('last_name') or ''}", chat.get("username"))
    title = next(filter(None, (plain(str(name or ""), 60) for name in names)), "")
    topic = content.get("message_thread_id") if content.get("is_topic_message") else None
    return Chat(str(chat["id"]), title, str(chat.get("type", "")), topic if isinstance(topic, int) else None)
