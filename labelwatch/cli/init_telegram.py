"""The part of the wizard about a Telegram bot: its token, and the chat from which the user writes to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import typer

from labelwatch.channels import check_way
from labelwatch.channels.http import Failure
from labelwatch.channels.telegram.api import Bot, Refusal
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.init_ask import in_words, show
from labelwatch.cli.init_channel import ChannelTalk
from labelwatch.cli.terminal import working
from labelwatch.core.text import Text
from labelwatch.i18n import translate
from labelwatch.setup.config_writer import NewChannel
from labelwatch.setup.telegram import Chat, Heard, bot_of, chat_address, listen, name_of, token

WAIT = timedelta(seconds=20)
"""How long one request stays open; several follow each other."""
ROUNDS = 6
_TOKEN_REFUSED = frozenset({401, 404})


@dataclass(frozen=True, slots=True)
class _Reached:
    bot: Bot
    name: str
    proxy: str = field(repr=False)


def ask_telegram(asked: ChannelTalk, given: Mapping[str, str]) -> NewChannel | None:
    """A chat of a bot, as a channel."""
    talk, words = asked.talk, asked.words("telegram")
    if talk.is_open and "token" not in given:
        show("\n" + words["how"])
    secret, proxy, wanted = given.get("token"), asked.proxy, given.get("chat")
    while True:
        secret = talk.ask(words["token"], in_words(token, words["token_wrong"]), given=secret, hidden=True)
        reached = _reached(asked, secret, proxy)
        if reached is None:
            secret = None
            continue
        if wanted is None:
            show(words["write"].format(bot=reached.name))
            wanted = _find_chat(asked, reached.bot)
        chat = talk.ask(words["chat"], in_words(chat_address, words["chat_wrong"]), given=wanted)
        return NewChannel("telegram", f"tgram://{secret}/{chat}", asked.api_base, reached.proxy)


def _reached(asked: ChannelTalk, secret: str, proxy: str) -> _Reached | None:
    """The bot, and its proxy; None if Telegram does not know the token."""
    talk, words = asked.talk, asked.words("telegram")
    while True:
        bot = bot_of(secret, api_base=asked.api_base, proxy=proxy)
        with working(words["asking"]):
            said = name_of(bot)
        if isinstance(said, str):
            show(words["found"].format(bot=said), style="green")
            return _Reached(bot, said, proxy)
        is_refused = isinstance(said, Refusal) and said.code in _TOKEN_REFUSED
        talk.complain(words["unknown"] if is_refused else words["unreachable"])
        talk.complain(_said(asked, said))
        if not talk.is_open:
            raise typer.Exit(FOUND_TROUBLE)
        if is_refused:
            return None
        proxy = talk.ask(words["proxy"], _proxy(words, secret), default=proxy, skips=True)


def _said(asked: ChannelTalk, problem: Refusal | Failure) -> str:
    detail = Text("foreign", {"raw": problem.why}) if isinstance(problem, Refusal) else problem.error
    return asked.words("channel")["said"].format(detail=translate(detail, asked.language))


def _find_chat(asked: ChannelTalk, bot: Bot) -> str | None:
    """Wait until somebody writes to the bot; None = the user types the chat."""
    talk, words = asked.talk, asked.words("telegram")
    after, known = 0, dict[str, Chat]()
    while True:
        heard = _listen(words, bot, after)
        if not isinstance(heard, Heard):
            show(words["busy"] if isinstance(heard, Refusal) and heard.code == 409 else words["unreachable"])
            show(_said(asked, heard))
            return None
        after = heard.next
        for chat in heard.chats:
            known[chat.address] = chat
        if not known:
            show(words["silence"])
        chats = list(known.values())
        options = [*(_shown(asked, chat) for chat in chats), words["not_here"], words["by_hand"]]
        chosen = talk.choose(words["which"], options)
        if chosen > len(chats):
            return None
        if chosen < len(chats):
            return chats[chosen].address


def _listen(words: Mapping[str, str], bot: Bot, after: int) -> Heard | Refusal | Failure:
    """Wait up to two minutes for a message to the bot."""
    with working(words["waiting"]):
        for _ in range(ROUNDS):
            heard = listen(bot, after=after, wait=WAIT)
            if not isinstance(heard, Heard) or heard.chats:
                return heard
            after = heard.next
    return Heard((), after)


def _shown(asked: ChannelTalk, chat: Chat) -> str:
    words, kinds = asked.words("telegram"), asked.words("telegram_chat_kind")
    kind = kinds.get(chat.kind, kinds["group"])
    where = words["topic"].format(topic=chat.topic) if chat.topic is not None else ""
    return f"{chat.title or chat.id} ({kind}{where})"


def _proxy(words: Mapping[str, str], secret: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if check_way(f"tgram://{secret}/1", "", text):
            raise ValueError(words["proxy_wrong"])
        return text

    return read
