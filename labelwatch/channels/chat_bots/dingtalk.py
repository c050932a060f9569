"""`dingtalk://`: a bot in a DingTalk group. Sends markdown in which only our own links and bold words are markup.

Codes: https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence

from apprise.plugins.dingtalk import NotifyDingTalk

from labelwatch.channels.base import BadMessage, OutgoingMessage, Retry
from labelwatch.channels.chat_bots import (
    ADDRESS_REFUSED,
    KEYWORD_MISSING,
    SWITCHED_OFF,
    TOKEN_UNKNOWN,
    ChatBot,
    Request,
    ResponseFormat,
    by_words,
    fitted,
    permanent,
    too_fast,
)
from labelwatch.channels.chat_bots.dingtalk_text import markdown
from labelwatch.channels.http import HttpOptions
from labelwatch.messages.render import LIMIT

HOST = "https://oapi.dingtalk.com"
MOST = 18_000
"""Bytes of text; DingTalk takes 20000 for the whole request, in which some characters are escaped."""

_CLOCK_WRONG = permanent("robot_clock")
_SIGNATURE_WRONG = permanent("dingtalk_signature")
_REFUSED_BY_SETTINGS = by_words(
    {
        "keyword": KEYWORD_MISSING,
        "关键词": KEYWORD_MISSING,
        "invalid timestamp": _CLOCK_WRONG,
        "过期": _CLOCK_WRONG,
        "sign": _SIGNATURE_WRONG,
        "签名": _SIGNATURE_WRONG,
        "whitelist": ADDRESS_REFUSED,
        "白名单": ADDRESS_REFUSED,
    },
    otherwise=permanent("dingtalk_settings"),
)
# Above twenty a minute DingTalk may refuse for ten minutes; a retry each minute costs nothing.
_DIALECT = ResponseFormat(
    codes=("errcode",),
    words=("errmsg",),
    meanings={
        -1: Retry,
        130101: too_fast,
        410100: too_fast,
        310000: _REFUSED_BY_SETTINGS,
        300001: TOKEN_UNKNOWN,
        300005: TOKEN_UNKNOWN,
        400101: TOKEN_UNKNOWN,
        400106: TOKEN_UNKNOWN,
        40035: by_words({"token": TOKEN_UNKNOWN}, otherwise=BadMessage),
        400102: SWITCHED_OFF,
        400013: permanent("group_dissolved"),
        400105: BadMessage,
        430101: BadMessage,
        430102: BadMessage,
        430103: BadMessage,
        430104: BadMessage,
    },
)


def open_dingtalk(
    service: NotifyDingTalk, line: HttpOptions, *, api_base: str = "", now: Callable[[], float] = time.time
) -> ChatBot:
    """The bot that Apprise read from a URL; `api_base` replaces DingTalk's own host, `now` is Unix time.

    Phone numbers in the URL are those of members of the group, who are mentioned in each message that is not silent.
    """

    def request(outgoing: OutgoingMessage) -> Request:
        signature = signed(service.secret, int(now() * 1000)) if service.secret else {}
        return {"access_token": service.token, **signature}, _body(
            outgoing, [str(phone) for phone in service.targets]
        )

    address = f"{(api_base or HOST).rstrip('/')}/robot/send"
    return ChatBot(address, line, _DIALECT, request, LIMIT)


def signed(secret: str, at: int) -> dict[str, str]:
    """The two fields of the query that prove the secret; `at` is Unix time in milliseconds."""
    digest = hmac.digest(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256)
    return {"timestamp": str(at), "sign": base64.b64encode(digest).decode()}


def _body(outgoing: OutgoingMessage, phones: Sequence[str]) -> dict[str, object]:
    mentioned = [] if outgoing.quiet else list(phones)
    # DingTalk mentions only people who are named in the text as well.
    names = "".join(f"\n\n@{phone}" for phone in mentioned)
    text = fitted(markdown(outgoing.message, outgoing.cabinet), MOST) + names
    return {
        "msgtype": "markdown",
        "markdown": {"title": outgoing.message.title, "text": text},
        "at": {"atMobiles": mentioned, "isAtAll": False},
    }
