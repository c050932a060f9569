"""`tgram://`: one chat of one bot, whose messages have buttons and can be replied to and edited."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from apprise.plugins.telegram import NotifyTelegram

from labelwatch.channels.base import Ambiguous, Attachment, BadMessage, Delivered, OutgoingMessage, Result
from labelwatch.channels.http import HttpOptions
from labelwatch.channels.telegram.api import API, Bot, Done, Refusal, Said, meaning, why_not
from labelwatch.channels.telegram.form import Form, answering, body, next_form, place, placed
from labelwatch.core.text import Text
from labelwatch.messages.message import SizeLimit
from labelwatch.messages.plain import plain
from labelwatch.messages.render import LIMIT

_GROUP_WITHOUT_MINUS = re.compile(r"100\d{10}")
_NAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}")
_FORMS_AT_MOST = 6


@dataclass(slots=True)
class Telegram:
    """A chat, or one topic of it. It learns the new id of a group that became a supergroup."""

    bot: Bot
    chat: str
    """An id, or @ and a public name."""
    topic: int | None = None
    silent: bool = False
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    moved_to: str = field(default="", init=False)
    limit: SizeLimit = field(default=LIMIT, init=False)

    @property
    def account(self) -> str:
        return self.bot.account

    @property
    def address(self) -> str:
        """The present id of the chat."""
        return self.moved_to or self.chat

    def send(self, outgoing: OutgoingMessage) -> Result:
        """Send it as a new message, in reply to the first one about the same alerts, followed by its files."""
        quiet = {"disable_notification": True} if outgoing.quiet or self.silent else {}
        own = {**quiet, **({"message_thread_id": self.topic} if self.topic else {})}

        def question(form: Form) -> dict[str, Any]:
            return {**body(form, outgoing, self.labels), **answering(form), **own}

        form, said = self._put("sendMessage", Form(self.address, _first(outgoing, self.address)), question)
        if not isinstance(said, Done):
            return meaning(said) if isinstance(said, Refusal) else said
        number, chat = _sent(said.result)
        if number is None:
            return Ambiguous(Text("tg_unnamed"))
        behind = Form(form.chat, number)
        unsent = [problem for file in outgoing.attachments if (problem := self._attach(file, behind, own))]
        receipt = "; ".join([f"message {number} in chat {form.chat}{chat}", *unsent])
        return Delivered(receipt, verified=True, ref=place(form.chat, number), moved_to=self.moved_to)

    def revise(self, ref: str, outgoing: OutgoingMessage) -> Result:
        """Replace the message at `ref` with this one; without buttons if nothing is left to do."""
        known = placed(ref)
        if known is None:
            return BadMessage(Text("no_message"))
        chat, number = known

        def question(form: Form) -> dict[str, Any]:
            return {**body(form, outgoing, self.labels), "message_id": number}

        _, said = self._put("editMessageText", Form(chat, stays=True), question)
        if isinstance(said, Refusal) and "not modified" not in said.why.lower():
            # A supergroup has numbers of its own: the same one is another message there.
            return BadMessage(Text("tg_stayed")) if said.moved_to else meaning(said)
        if not isinstance(said, Done | Refusal):
            return said
        return Delivered(f"message {number} in chat {chat} changed", verified=True, ref=ref, moved_to=self.moved_to)

    def _put(self, method: str, form: Form, question: Callable[[Form], dict[str, Any]]) -> tuple[Form, Said]:
        """Try one form after another until one is accepted or none is left, within one deadline."""
        give_up_at = self.clock() + self.bot.line.deadline.total_seconds()
        for _ in range(_FORMS_AT_MOST):
            left = timedelta(seconds=max(give_up_at - self.clock(), 0.01))
            said = self.bot.ask(method, deadline=left, json=question(form))
            if not isinstance(said, Refusal):
                break
            if said.moved_to and form.chat == self.address:
                self.moved_to = said.moved_to
            other = next_form(form, said)
            if other is None:
                break
            form = other
        return form, said

    def _attach(self, file: Attachment, behind: Form, own: Mapping[str, Any]) -> str:
        """Send a file from memory after its message; returns why that failed, or an empty text."""
        fields = {"chat_id": behind.chat, **answering(behind), **own}
        data = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
        said = self.bot.ask("sendDocument", data=data, files={"document": (file.name, file.content, file.mime)})
        if isinstance(said, Done):
            return ""
        return f"{plain(file.name)} did not go with it: {why_not(said)}"


def wrong_telegram(service: NotifyTelegram) -> str | None:
    """What is wrong with the parts of a tgram:// that Apprise takes, without secrets; None if valid."""
    if service.targets:
        return _wrong_chat(str(service.targets[0][0]))
    return (
        "names no chat, it reads tgram://<token>/<id of the chat>: write to the bot, in a group /start@<its name>, "
        f'then open {API}/bot<token>/getUpdates, where the id follows "chat":{{"id":'
    )


def _wrong_chat(chat: str) -> str | None:
    """Chat addresses that Telegram would refuse: the id of a group without its minus, an invalid name."""
    if _GROUP_WITHOUT_MINUS.fullmatch(chat):
        return f"names the chat {chat}, which is the id of a group without its minus: write -{chat}"
    if chat.startswith("@") and not _NAME.fullmatch(chat):
        return f"names the chat {chat}, which is neither an id (-1001234567890) nor a name (@name)"
    return None


def open_telegram(
    service: NotifyTelegram,
    line: HttpOptions,
    *,
    api_base: str = "",
    address: str = "",
    labels: Mapping[str, str] | None = None,
) -> Telegram:
    """The chat that Apprise read from a URL that passed `wrong_telegram`, or the one at `address` instead;
    `api_base` replaces Telegram's own address, `labels` are the texts of the buttons (none = no buttons).
    """
    chat, topic = service.targets[0]
    bot = Bot(str(service.bot_token), line, (api_base or API).rstrip("/"))
    return Telegram(bot, address or str(chat), topic, bool(service.silent), labels or {})


def _first(outgoing: OutgoingMessage, chat: str) -> int | None:
    """The oldest message in this chat about the same alerts."""
    known = (placed(earlier.ref) for earlier in outgoing.earlier)
    return next((where[1] for where in known if where and where[0] == chat), None)


def _sent(result: object) -> tuple[int | None, str]:
    """The number of the message that Telegram gives back, and the title of its chat in brackets, if it has one."""
    if not isinstance(result, dict) or not isinstance(result.get("message_id"), int):
        return None, ""
    chat = result.get("chat")
    title = plain(str(chat.get("title") or ""), 60) if isinstance(chat, dict) else ""
    return result["message_id"], f" ({title})" if title else ""
