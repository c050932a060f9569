"""`feishu://` and `lark://`: a bot in a Feishu or Lark group. Sends rich text, whose parts are never read as markup.

Apprise itself reads the answer since 2.3, but only as accepted or refused: it supports no signature, no `api_base`,
and does not distinguish a rate limit, a bot that is switched off, and an invalid message.

Codes: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark

from labelwatch.channels.base import BadMessage, OutgoingMessage
from labelwatch.channels.chat_bots import (
    ADDRESS_REFUSED,
    KEYWORD_MISSING,
    SWITCHED_OFF,
    TOKEN_UNKNOWN,
    ChatBot,
    Request,
    ResponseFormat,
    by_words,
    permanent,
    too_fast,
)
from labelwatch.channels.http import HttpOptions
from labelwatch.messages.message import Section
from labelwatch.messages.render import LIMIT

HOSTS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}

_LINK = re.compile(r"(https?://[^\s，。；）)]+)")

_DIALECT = ResponseFormat(
    codes=("code", "StatusCode"),
    words=("msg", "StatusMessage"),
    meanings={
        11232: too_fast,
        99991400: too_fast,
        9499: by_words({"frequency": too_fast, "too many": too_fast}, otherwise=BadMessage),
        19002: BadMessage,
        19001: TOKEN_UNKNOWN,
        19007: SWITCHED_OFF,
        19021: permanent("feishu_signature"),
        19022: ADDRESS_REFUSED,
        19024: KEYWORD_MISSING,
    },
)


def open_feishu(
    service: NotifyFeishu | NotifyLark, line: HttpOptions, *, api_base: str = "", now: Callable[[], float] = time.time
) -> ChatBot:
    """The bot that Apprise read from a URL; `api_base` replaces the service's host, `now` is Unix time.

    A user in the URL is the bot's signing secret, which Apprise itself does not use: `feishu://SECRET@TOKEN`.
    """

    def request(outgoing: OutgoingMessage) -> Request:
        signature = signed(service.user, int(now())) if service.user else {}
        return {}, {**signature, "msg_type": "post", "content": {"post": {"zh_cn": _post(outgoing)}}}

    host = (api_base or HOSTS[str(service.schema)]).rstrip("/")
    return ChatBot(f"{host}/open-apis/bot/v2/hook/{service.token}", line, _DIALECT, request, LIMIT)


def signed(secret: str, at: int) -> dict[str, str]:
    """The two fields of the body that prove the secret; `at` is Unix time in seconds."""
    digest = hmac.digest(f"{at}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": str(at), "sign": base64.b64encode(digest).decode()}


def _post(outgoing: OutgoingMessage) -> dict[str, object]:
    """A paragraph for each section, an empty line between them."""
    message = outgoing.message
    written = [_section(section, outgoing.cabinet) for section in message.sections if section.text]
    *most, last = written or [_elements(message.title)]
    return {"title": message.title, "content": [*(_joined([*one, _text("\n")]) for one in most), last]}


def _section(section: Section, links: Mapping[str, str]) -> list[dict[str, str]]:
    """The parts of a section; the numbers of a list link to the seller cabinet, and actions are links."""
    told = replace(section, rows=(), actions=()).text
    lines = [_elements(told)] if told else []
    for about, *rest in section.rows:
        name = [_to(about, links[about])] if about in links else _elements(about)
        lines.append([_text("• "), *name, *_elements("".join(f" · {cell}" for cell in rest if cell))])
    for about, acts in section.actions:
        buttons = [part for what, link in acts for part in (_text(" · "), _to(what, link))]
        lines.append([*_elements(about), *(buttons if about else buttons[1:])])
    parts = [part for line in lines for part in (*line, _text("\n"))][:-1]
    return _joined(parts)


def _joined(parts: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The same with adjacent texts merged."""
    made: list[dict[str, str]] = []
    for part in parts:
        if made and made[-1]["tag"] == part["tag"] == "text":
            made[-1] = _text(made[-1]["text"] + part["text"])
        else:
            made.append(part)
    return [part for part in made if part["text"]]


def _to(words: str, link: str) -> dict[str, str]:
    return {"tag": "a", "text": words, "href": link}


def _text(words: str) -> dict[str, str]:
    return {"tag": "text", "text": words}


def _elements(text: str) -> list[dict[str, str]]:
    """The text with its links as parts of their own, so that they can be tapped."""
    parts = [part for part in _LINK.split(text) if part]
    return [
        {"tag": "a", "text": part, "href": part} if _LINK.fullmatch(part) else {"tag": "text", "text": part}
        for part in parts
    ]
