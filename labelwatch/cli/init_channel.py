"""The part of the wizard about channels: the kind, the destination, and a first message."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import typer

from labelwatch.channels.base import Ambiguous, BadMessage, Delivered, Permanent, RateLimited, Result, Retry
from labelwatch.cli.errors import FOUND_TROUBLE
from labelwatch.cli.init_ask import Talk, show
from labelwatch.cli.terminal import working
from labelwatch.cli.words import phrases
from labelwatch.i18n import translate
from labelwatch.messages.message import Kind, Message, Section
from labelwatch.setup.config_writer import NewChannel
from labelwatch.setup.first_message import greet, with_permission

KINDS: Mapping[str, Sequence[str]] = {
    "zh": ("wecom", "dingtalk", "feishu", "telegram", "mail", "other"),
    "ru": ("telegram", "mail", "other", "wecom", "dingtalk", "feishu"),
    "en": ("telegram", "mail", "other", "wecom", "dingtalk", "feishu"),
}
"""By language, the most used first."""

_FAILED: Mapping[type, str] = {
    Permanent: "refused",
    Retry: "unreachable",
    RateLimited: "slow",
    Ambiguous: "unclear",
    BadMessage: "message",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A channel given by options: its kind, and the values they set."""

    kind: str
    given: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ChannelTalk:
    """What the questions about a channel need; `api_base` and `proxy` may be empty."""

    talk: Talk
    language: str
    shops: tuple[str, ...]
    api_base: str = ""
    proxy: str = field(default="", repr=False)

    def words(self, part: str) -> Mapping[str, str]:
        """The texts of a part of the wizard."""
        return phrases(self.language, f"init_{part}")


Ask = Callable[[ChannelTalk, Mapping[str, str]], NewChannel | None]
"""Asks for the destination of a channel of one kind; None = it was given up."""


def ask_channels(asked: ChannelTalk, wishes: Sequence[Wish], kinds: Mapping[str, Ask]) -> tuple[NewChannel, ...]:
    """The channels given by options, then as many as the user wants."""
    words, found = asked.words("channel"), list[NewChannel]()
    show(f"\n{words['title']}", style="bold cyan")
    for wish in wishes:
        found += _one(asked, wish, kinds, found)
    while asked.talk.is_open and (not (found or wishes) or asked.talk.yes(words["another"], default=False)):
        offered = KINDS[asked.language]
        options = [asked.words("channel_kind")[kind] for kind in (*offered, "none")]
        chosen = asked.talk.choose(words["which"], options)
        if chosen == len(offered):
            break
        found += _one(asked, Wish(offered[chosen]), kinds, found)
        wishes = (*wishes, Wish(offered[chosen]))
    if not found:
        show(words["nobody"], style="yellow")
    return tuple(found)


def _one(
    asked: ChannelTalk, wish: Wish, kinds: Mapping[str, Ask], known: Iterable[NewChannel]
) -> Sequence[NewChannel]:
    """The channel, once its first message has arrived or the user keeps it nevertheless; empty = left out."""
    given = wish.given
    while True:
        channel = kinds[wish.kind](asked, given)
        if channel is None:
            return ()
        channel = with_permission(replace(channel, name=_free(channel.name, known)))
        verdict = _try(asked, channel)
        if verdict != "anew":
            return (channel,) if verdict == "keep" else ()
        given = {}


def _try(asked: ChannelTalk, channel: NewChannel) -> str:
    """Send the first message until it arrives or the user decides: keep, anew (type it again) or leave."""
    words = asked.words("channel")
    while True:
        with working(words["sending"]):
            result = greet(channel, _greeting(asked), key=secrets.token_hex(16))
        if isinstance(result, Delivered):
            text = words["arrived"] if result.verified else words["unverified"]
            show(text.format(channel=channel.name), style="green")
            return "keep"
        _explain(asked, result)
        if not asked.talk.is_open:
            raise typer.Exit(FOUND_TROUBLE)
        answers = {"anew": words["anew"], "again": words["again"], "keep": words["keep"], "leave": words["leave"]}
        default = 0 if isinstance(result, Permanent) else 1
        chosen = list(answers)[asked.talk.choose(words["what_now"], list(answers.values()), default=default)]
        if chosen != "again":
            return chosen


def _explain(asked: ChannelTalk, result: Result) -> None:
    assert not isinstance(result, Delivered)
    words = asked.words("channel")
    asked.talk.complain(asked.words("channel_failed")[_FAILED[type(result)]])
    asked.talk.complain(words["said"].format(detail=translate(result.error, asked.language)))


def _greeting(asked: ChannelTalk) -> Message:
    words = asked.words("channel")
    body = words["greeting_body"].format(shops=", ".join(asked.shops))
    return Message(words["greeting"], (Section(lines=(body,)),), Kind.SUCCESS)


def _free(name: str, known: Iterable[NewChannel]) -> str:
    taken, number, candidate = {channel.name for channel in known}, 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate
