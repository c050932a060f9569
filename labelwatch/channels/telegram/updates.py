"""Receives presses on Telegram's buttons by long polling, so that no port has to be open.

    getUpdates | find the channel | handle | answer the button | send to the chat | next

The next request confirms everything before it: a crash in between repeats a press, and loses none.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from labelwatch.channels.base import Delivered, Earlier, OutgoingMessage, RateLimited, Retry
from labelwatch.channels.http import Failure
from labelwatch.channels.telegram import Telegram
from labelwatch.channels.telegram.api import Bot, Done, Refusal, why_not
from labelwatch.channels.telegram.form import place
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.messages.interactions import Press, Reply, refused
from labelwatch.messages.message import Message
from labelwatch.messages.plain import cut, plain

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=25)
"""How long Telegram keeps a request open until somebody presses."""
TOAST = 200
"""Characters of a button's answer."""
_ANSWER_WITHIN = timedelta(seconds=10)
_TRIES = 5
_LONGEST_PAUSE = timedelta(minutes=1)
_CONFLICT = timedelta(minutes=1)
_LONGEST_CONFLICT = timedelta(minutes=10)

Handle = Callable[[str, Press], Reply]
"""The name of the channel in whose chat it was pressed, and the press -> the reply."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update of a bot; `press` None = it is not a press."""

    id: int
    press: Press | None


def updates(bot: Bot, *, offset: int, wait: timedelta) -> list[Update] | Refusal | Failure:
    """The next press, or none after `wait`; `offset` is the first id that is not confirmed.

    One at a time: a crash repeats only that one, and its longest message fits into what is read of an answer.
    """
    question = {
        "offset": offset,
        "limit": 1,
        "timeout": int(wait.total_seconds()),
        "allowed_updates": ["callback_query"],
    }
    said = bot.ask("getUpdates", deadline=wait + bot.line.deadline, json=question)
    if not isinstance(said, Done):
        return said
    try:
        return [
            Update(one.update_id, _press(one.callback_query)) for one in msgspec.convert(said.result, list[_Update])
        ]
    except msgspec.ValidationError as error:
        return Retry(Text("tg_stranger", {"raw": plain(str(error), 200)}))


def answer_press(bot: Bot, press: str, toast: str) -> str:
    """Answer the button; returns why that failed, or nothing. After some seconds Telegram accepts no answer."""
    question = {"callback_query_id": press, **({"text": cut(toast, TOAST // 2)} if toast else {})}
    said = bot.ask("answerCallbackQuery", deadline=_ANSWER_WITHIN, json=question)
    return "" if isinstance(said, Done) else why_not(said)


class UpdateListener:
    """Listens for one bot; its chats are those of `channels`, by the name of the channel."""

    def __init__(self, channels: Mapping[str, Telegram], handle: Handle, *, wait: timedelta = WAIT) -> None:
        self.trouble = ""
        """Why it cannot listen; empty = it can."""
        self._channels = channels
        self._bot = next(iter(channels.values())).bot
        self._handle = handle
        self._wait = wait
        self._next = self._confirmed = 0
        self._failed = 0
        self._strangers: set[str] = set()
        self._under_way: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @property
    def names(self) -> str:
        return ", ".join(sorted(self._channels))

    def run(self, stop: Callable[[], bool], pause: Callable[[float], object]) -> None:
        """Listen until `stop`, or until the bot's token is refused; `pause` waits for seconds."""
        troubles = 0
        while not stop():
            self._confirmed = self._next
            heard = updates(self._bot, offset=self._next, wait=self._wait)
            if isinstance(heard, list):
                troubles = 0
                self._say("")
                if not all(self._done_with(update) for update in heard):
                    pause(2.0 ** (self._failed - 1))
                continue
            troubles += 1
            self._say(_in_words(heard))
            if _is_final(heard):
                return
            pause(_patience(heard, troubles).total_seconds())
        if self._next > self._confirmed:
            updates(self._bot, offset=self._next, wait=timedelta(0))

    def _say(self, trouble: str) -> None:
        """Log a change, once."""
        if trouble and trouble != self.trouble:
            log.warning("channel %s: its buttons do not answer: %s", self.names, trouble)
        if self.trouble and not trouble:
            log.info("channel %s: its buttons answer again", self.names)
        self.trouble = trouble

    def _done_with(self, update: Update) -> bool:
        """Whether it needs no retry."""
        try:
            if update.press is not None:
                self._serve(update.press)
        except Exception:  # any error: one press must not end the listener
            self._failed += 1
            log.exception("channel %s: a press could not be handled", self.names)
            if self._failed < _TRIES:
                return False
        self._failed = 0
        self._next = update.id + 1
        return True

    def _serve(self, press: Press) -> None:
        name = _channel_of(press, self._channels)
        if name is None:
            self._turn_away(press)
            return
        reply = self._handle(name, press)
        self._answer(press, reply)
        if reply.message is not None:
            self._tell(name, press, reply)
        if reply.then is not None:
            self._tell_later(name, press, reply.then)

    def _turn_away(self, press: Press) -> None:
        if press.chat not in self._strangers:
            self._strangers.add(press.chat)
            log.warning("a button was pressed in chat %s, which is the chat of no channel: ignored", press.chat)
        self._answer(press, refused(press))

    def _answer(self, press: Press, reply: Reply) -> None:
        problem = answer_press(self._bot, press.id, reply.toast)
        if problem:  # the action is done nevertheless
            log.debug("channel %s: a button could not answer: %s", self.names, problem)

    def _tell(self, name: str, press: Press, reply: Reply) -> None:
        assert reply.message is not None, "there is a message to send"
        channel, pressed = self._channels[name], place(self._channels[name].address, press.message)
        outgoing = OutgoingMessage(reply.message, (), press.key, keyboard=reply.buttons, quiet=True)
        if reply.edits:
            result = channel.revise(pressed, outgoing)
        else:
            result = channel.send(replace(outgoing, earlier=(Earlier(press.key, pressed),)))
        if not isinstance(result, Delivered):
            log.warning("channel %s: the reply to a press could not be sent: %s", name, translate(result.error, "en"))

    def _tell_later(self, name: str, press: Press, then: Callable[[], Message]) -> None:
        """Send in a thread of its own, so that no press waits; only once at a time for one message."""
        what = (press.verb, press.key)
        with self._lock:
            if what in self._under_way:
                return
            self._under_way.add(what)

        def work() -> None:
            try:
                self._tell(name, press, Reply("", then()))
            except Exception:  # as above
                log.exception("channel %s: a press could not be handled", name)
            finally:
                with self._lock:
                    self._under_way.discard(what)

        threading.Thread(target=work, name=f"press {press.verb}", daemon=True).start()


def update_listeners(
    channels: Mapping[str, object], handle: Handle, *, wait: timedelta = WAIT
) -> list[UpdateListener]:
    """One listener for each bot among these channels whose messages have buttons."""
    bots: dict[str, dict[str, Telegram]] = {}
    for name, channel in channels.items():
        if isinstance(channel, Telegram) and channel.labels:
            bots.setdefault(channel.account, {})[name] = channel
    return [UpdateListener(chats, handle, wait=wait) for chats in bots.values()]


def _channel_of(press: Press, channels: Mapping[str, Telegram]) -> str | None:
    """The channel of the chat; of several for one chat, the one of the topic."""
    names = {press.chat.lower(), press.chat_name.lower()}
    here = [(name, channel) for name, channel in channels.items() if channel.address.lower() in names]
    here.sort(key=lambda one: one[1].topic != press.topic)
    return here[0][0] if here else None


def _is_final(trouble: Refusal | Failure) -> bool:
    return isinstance(trouble, Refusal) and trouble.code in (401, 404)


def _in_words(trouble: Refusal | Failure) -> str:
    if not isinstance(trouble, Refusal):
        return why_not(trouble)
    change = {
        401: "the bot's token is not valid (any more): take the present one from BotFather",
        404: "the bot's token is not valid (any more): take the present one from BotFather",
        409: "another program listens to the same bot, or a webhook is set: give labelwatch a bot of its own",
    }
    return f"{change.get(trouble.code, 'Telegram declines')} ({trouble.why})"


def _patience(trouble: Refusal | Failure, times: int) -> timedelta:
    """How long to wait before the next request, after so many failures."""
    if isinstance(trouble, RateLimited):
        return trouble.after
    first, most = (
        (_CONFLICT, _LONGEST_CONFLICT) if isinstance(trouble, Refusal) else (timedelta(seconds=1), _LONGEST_PAUSE)
    )
    return min(first * float(2 ** min(times - 1, 10)), most)


@dataclass(frozen=True, slots=True)
class _Update:
    update_id: int
    callback_query: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Chat:
    id: int
    username: str = ""


@dataclass(frozen=True, slots=True)
class _Message:
    """The part of an older message that an update contains."""

    message_id: int
    chat: _Chat
    message_thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


def _press(query: dict[str, Any]) -> Press | None:
    """A press from an update; None = not a press below a message of a chat."""
    try:
        message, person = msgspec.convert(query.get("message"), _Message), msgspec.convert(query.get("from"), _Person)
        id_, data = msgspec.convert((query.get("id"), query.get("data", "")), tuple[str, str])
    except msgspec.ValidationError:
        return None
    verb, _, key = data.partition(":")
    return Press(
        id=id_,
        chat=str(message.chat.id),
        message=message.message_id,
        verb=verb,
        key=key,
        who=_name(person),
        language=person.language_code,
        chat_name=f"@{message.chat.username}" if message.chat.username else "",
        topic=message.message_thread_id,
        person=person.id,
    )


def _name(person: _Person) -> str:
    """First and last name, else the public name, else the number."""
    names = (f"{person.first_name} {person.last_name}", person.username, str(person.id))
    return next(name for name in (plain(raw, 40) for raw in names) if name)
